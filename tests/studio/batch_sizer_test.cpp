// SPDX-License-Identifier: MIT
#include "service/batch_sizer.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>

using namespace orfeas::literals;
using orfeas::memory::memory_pressure;
using studio::batch_limits;

namespace {

constexpr auto any_weight = std::numeric_limits<std::uint64_t>::max();

/// A picture and its grid, as many bytes each.
struct order {
    std::uint64_t pixels;
    std::uint64_t heights;

    std::uint64_t weight() const { return pixels + heights; }
};

order any_order(std::mt19937& random) {
    std::uint64_t const side = 16 + random() % 1009;
    return {random() % 16'000'000, side * side * 4};
}

} // namespace

TEST_CASE("studio: until a batch was measured, pressure says how large the next may be") {
    studio::batch_sizer const sizer{1_GiB};
    CHECK(sizer.limits(memory_pressure::low, 4) == batch_limits{8, any_weight});
    CHECK(sizer.limits(memory_pressure::medium, 4) == batch_limits{4, any_weight});
    CHECK(sizer.limits(memory_pressure::critical, 4) == batch_limits{1, any_weight});
}

TEST_CASE("studio: a measured batch says how much weight fits, and pressure takes from it") {
    studio::batch_sizer sizer{1_GiB};
    sizer.observe(0, 100, true); // no picture: nothing to learn
    CHECK(sizer.limits(memory_pressure::low, 4).weight == any_weight);
    sizer.observe(200_MiB, 205_MiB, true);
    auto const low = sizer.limits(memory_pressure::low, 4);
    CHECK(low.requests == 8);
    CHECK(low.weight > 800_MiB);
    CHECK(low.weight < 1_GiB);
    CHECK(sizer.limits(memory_pressure::medium, 4) == low);
    auto const half = sizer.limits(memory_pressure::high, 4);
    CHECK(half.requests == 8);
    CHECK(half.weight / 1_MiB == low.weight / 2_MiB);
    CHECK(sizer.limits(memory_pressure::critical, 4).weight / 1_MiB == low.weight / 4_MiB);
}

TEST_CASE("studio: a batch that found no memory makes the next ones smaller, but not for ever") {
    studio::batch_sizer sizer{1_GiB};
    sizer.observe(100_MiB, 105_MiB, true);
    auto const before = sizer.limits(memory_pressure::low, 4).weight;
    sizer.observe(200_MiB, 0, false);
    auto const after = sizer.limits(memory_pressure::low, 4).weight;
    CHECK(after >= 100_MiB);
    CHECK(after < 200_MiB);
    for (int i = 0; i < 64; ++i) {
        sizer.observe(100_MiB, 105_MiB, true);
    }
    CHECK(sizer.limits(memory_pressure::low, 4).weight == before);

    studio::batch_sizer unlucky{1_GiB};
    unlucky.observe(5_MiB, 0, false); // others had the memory
    CHECK(unlucky.limits(memory_pressure::high, 4) == batch_limits{2, any_weight});
}

TEST_CASE("studio: batches of pictures of all sizes stay within the limit, and near it") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 50; ++round) {
        std::uint64_t const limit = 64_MiB + random() % 512_MiB;
        studio::batch_sizer sizer{limit};
        std::uint64_t largest = 0;
        order next = any_order(random);
        for (int i = 0; i < 200; ++i) {
            auto most = sizer.limits(memory_pressure::low, 1000);
            most.requests = i == 0 ? 1 : most.requests; // a service begins with a single request
            std::uint64_t weight = 0;
            std::uint64_t working = 0;
            std::uint32_t requests = 0;
            do {
                weight += next.weight();
                working = std::max(working, 3 * next.heights);
                next = any_order(random);
            } while (++requests < most.requests && weight + next.weight() <= most.weight);
            auto const peak = weight + working;
            REQUIRE((requests == 1 || peak <= limit));
            sizer.observe(weight, peak, true);
            largest = std::max(largest, weight);
        }
        REQUIRE(2 * largest > limit - 20_MiB - 20'000'000); // the band of working memory, and one order more
    }
}
