// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "picture_writers.hpp"
#include "pipeline/generate.hpp"
#include "pipeline/mesh_batch.hpp"
#include "pipeline/picture_weight.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <random>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

using namespace studio_test;

namespace {

struct plain_job {
    bytes file;
    studio::parameters wanted{.resolution = 16};
    std::optional<studio::encoded_mesh> mesh{};
    std::exception_ptr why{};
    int answers = 0;

    std::span<std::byte const> picture() const { return file; }
    studio::parameters const& asked() const { return wanted; }
    int stage(std::string_view) { return 0; }
    void made(studio::encoded_mesh made) {
        mesh = std::move(made);
        ++answers;
    }
    void failed(std::exception_ptr error) {
        why = error;
        ++answers;
    }
};
static_assert(studio::mesh_job<plain_job>);

std::vector<plain_job> jobs_of(std::uint8_t count) {
    std::vector<plain_job> jobs;
    for (std::uint8_t i = 1; i <= count; ++i) {
        jobs.push_back({picture(i)});
    }
    return jobs;
}

/// The host, which has room for so many pictures at once. A picture that finds none stays with its owner, but for a device
/// that `loses` it.
struct narrow_device {
    std::size_t room;
    bool loses = false;
    std::size_t taken = 0;
    std::size_t reliefs_fail_at = 0; // the size of a batch that finds no memory
    std::vector<std::size_t> asked{};

    template<class R>
    studio::image<R> upload(studio::image<R>&& from) {
        if (taken == room) {
            if (loses) {
                auto const lost = std::move(from);
            }
            throw std::bad_alloc{};
        }
        ++taken;
        return std::move(from);
    }
    template<class R>
    std::vector<studio::height_field<R>> relief(R& resource,
                                                std::span<studio::relief_order<studio::image<R>> const> batch) {
        asked.push_back(batch.size());
        if (batch.size() == reliefs_fail_at) {
            throw std::bad_alloc{};
        }
        auto fields = studio::host_relief::relief(resource, batch);
        taken -= batch.size();
        return fields;
    }
};

template<class R>
void run(R& host, narrow_device& device, std::span<plain_job> jobs) {
    studio::mesh_batch batch{host, device, jobs, {}};
    auto const at_peak = [] {};
    batch.decode(at_peak);
    batch.estimate(at_peak);
    batch.finish(at_peak);
}

void check_made_as_alone(counting_resource& host, std::span<plain_job const> jobs) {
    for (auto const& each : jobs) {
        REQUIRE(each.mesh);
        CHECK(each.answers == 1);
        auto const alone = studio::generate(host, each.file, each.wanted);
        CHECK(std::ranges::equal(each.mesh->bytes(), alone.bytes()));
    }
}

} // namespace

TEST_CASE("studio: pictures that find no room on the device together are estimated in parts") {
    counting_resource host;
    {
        auto jobs = jobs_of(5);
        narrow_device device{.room = 2};
        run(host, device, jobs);
        CHECK(device.asked == std::vector<std::size_t>{2, 2, 1});
        check_made_as_alone(host, jobs);
    }
    CHECK(host.live == 0);
}

TEST_CASE("studio: what a batch takes at its peak is its weight and the working memory of one picture") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 20; ++round) {
        counting_resource host;
        std::vector<plain_job> jobs;
        std::uint64_t weight = 0;
        std::uint64_t working = 0;
        for (auto left = 1 + random() % 6; left > 0; --left) {
            auto const width = static_cast<std::uint32_t>(2 + random() % 60);
            auto const height = static_cast<std::uint32_t>(2 + random() % 60);
            studio::parameters asked;
            asked.resolution = 16 + static_cast<std::uint32_t>(random() % 60);
            auto const grid = studio::grid_over({width, height}, asked.resolution);
            jobs.push_back({write_pgm(width, height, std::vector<std::uint8_t>(std::size_t{width} * height)), asked});
            CHECK(studio::weight_of(jobs.back().file, asked) == studio::weight_of({width, height}, grid));
            weight += studio::weight_of({width, height}, grid);
            working = std::max<std::uint64_t>(working, 4 * (3 * grid.points() + grid.columns + width));
        }
        jobs.push_back({to_bytes("P5 1000 1000 255 too short")}); // weighs nothing, as it is never decoded
        CHECK(studio::weight_of(to_bytes("GIF89a"), {}) == 0);
        studio::host_relief device;
        studio::mesh_batch batch{host, device, std::span{jobs}, {}};
        auto const at_peak = [] {};
        batch.decode(at_peak);
        batch.estimate(at_peak);
        CHECK(batch.fits());
        CHECK(batch.weight() == weight);
        CHECK(batch.peak_bytes() >= weight);
        CHECK(batch.peak_bytes() <= weight + working);
        batch.finish(at_peak);
    }
}

TEST_CASE("studio: a batch tells whether there was memory for all of it at once") {
    auto const fits = [](counting_resource& host, narrow_device device) {
        auto jobs = jobs_of(3);
        studio::mesh_batch batch{host, device, std::span{jobs}, {}};
        auto const at_peak = [] {};
        batch.decode(at_peak);
        batch.estimate(at_peak);
        return batch.fits();
    };
    counting_resource host;
    CHECK(fits(host, {.room = 3}));
    CHECK_FALSE(fits(host, {.room = 2}));
    CHECK_FALSE(fits(host, {.room = 3, .reliefs_fail_at = 3}));
    counting_resource small{100};
    CHECK_FALSE(fits(small, {.room = 3}));
}

TEST_CASE("studio: a part whose reliefs find no memory together is done one by one") {
    counting_resource host;
    auto jobs = jobs_of(5);
    narrow_device device{.room = 3, .reliefs_fail_at = 3};
    run(host, device, jobs);
    CHECK(device.asked == std::vector<std::size_t>{3, 1, 1, 1, 2});
    check_made_as_alone(host, jobs);
}

TEST_CASE("studio: a picture for which the device has no room even alone fails") {
    counting_resource host;
    auto jobs = jobs_of(2);
    narrow_device device{.room = 0};
    run(host, device, jobs);
    CHECK(device.asked.empty());
    for (auto const& each : jobs) {
        CHECK(each.answers == 1);
        CHECK_THROWS_AS(std::rethrow_exception(each.why), std::bad_alloc);
    }
}

TEST_CASE("studio: a picture that the device lost for want of room is not asked for again") {
    counting_resource host;
    auto jobs = jobs_of(3);
    narrow_device device{.room = 2, .loses = true};
    run(host, device, jobs);
    CHECK(device.asked == std::vector<std::size_t>{2});
    check_made_as_alone(host, std::span{jobs}.first(2));
    CHECK(jobs[2].answers == 1);
    CHECK_THROWS_AS(std::rethrow_exception(jobs[2].why), std::bad_alloc);
}
