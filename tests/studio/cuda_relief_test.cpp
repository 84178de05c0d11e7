// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "pipeline/cuda_relief.hpp"
#include "pipeline/decode.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/memory/best_device.hpp>
#include <orfeas/memory/heap_resource.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace studio_test;

TEST_CASE("studio: the device's relief is the host's") {
    auto const device = orfeas::memory::best_device();
    if (device.kind() != orfeas::memory::device_kind::cuda) {
        ORFEAS_TEST_SKIP("no CUDA device: " + orfeas::memory::probe_cuda().reason);
    }
    orfeas::memory::pool pool{device};
    orfeas::memory::heap_resource host;
    studio::cuda_relief cuda{pool};
    for (auto const& each : pictures_in(example_pictures)) {
        for (std::uint32_t const resolution : {16U, 64U, 256U, 1024U}) {
            CAPTURE(each.string(), resolution);
            auto picture = studio::decode(host, read_file(each));
            auto const grid = studio::grid_over(picture.size(), resolution);
            auto const expected = studio::estimate_relief(host, picture, grid);
            std::vector<studio::relief_order<studio::cuda_relief<orfeas::memory::pool>::device_image>> batch;
            auto twin = studio::decode(host, read_file(each));
            auto small = studio::decode(host, read_file(each));
            batch.push_back({cuda.upload(std::move(picture)), grid});
            batch.push_back({cuda.upload(std::move(small)), {7, 5}}); // another size in between, in the same scratch
            batch.push_back({cuda.upload(std::move(twin)), grid});
            auto const fields = cuda.relief(host, std::span{std::as_const(batch)});
            REQUIRE(fields.size() == 3);
            auto const& heights = fields[0];
            auto const& again = fields[2];
            float largest = 0;
            for (std::size_t i = 0; i < grid.points(); ++i) {
                largest = std::max(largest, std::abs(heights.values()[i] - expected.values()[i]));
            }
            CHECK(largest < 0.001F);
            CHECK(std::equal(heights.values().begin(), heights.values().end(), again.values().begin()));
        }
    }
    CHECK(cuda.peak_bytes() > 0);
    CHECK(cuda.peak_bytes() <= pool.profile().peak_allocated_bytes);
    CHECK(pool.profile().allocated_bytes == 0);
}
