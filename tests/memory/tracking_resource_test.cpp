// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/failing_resource.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace orfeas::literals;
using namespace orfeas::memory;

static_assert(copying_resource<tracking_resource<heap_resource>>);
static_assert(memory_resource<tracking_resource<resource_ref>>);

TEST_CASE("memory: a tracking resource knows what is live") {
    heap_resource heap;
    tracking_resource tracked{heap};
    CHECK(tracked.leaks().empty());
    void* const a = tracked.allocate(1000);
    void* const b = tracked.try_allocate(2048, 64);
    void* const c = tracked.allocate(0);
    CHECK(tracked.live_allocations() == 3);
    CHECK(tracked.live_bytes() == 3048);
    tracked.deallocate(a, 1000);
    tracked.deallocate(nullptr, 1);
    CHECK(tracked.live_bytes() == 2048);
    CHECK(tracked.peak_bytes() == 3048);
    CHECK(tracked.allocations() == 3);

    auto const live = tracked.live();
    REQUIRE(live.size() == 2);
    CHECK(live[0].address == b);
    CHECK(live[0].bytes == 2048);
    CHECK(live[0].alignment == 64);
    CHECK(live[0].number == 2);
    CHECK(live[1].number == 3);
    auto const leaks = tracked.leaks();
    CHECK_THAT(leaks, orfeas_test::contains("live allocations: 2, 2 KiB"));
    CHECK_THAT(leaks, orfeas_test::contains("request 2: 2 KiB at 0x"));
    CHECK_THAT(leaks, orfeas_test::contains("aligned to 64"));
    CHECK_THAT(tracked.leaks(1), orfeas_test::contains("and others"));
    tracked.deallocate(b, 2048, 64);
    tracked.deallocate(c, 0);
    CHECK(tracked.leaks().empty());
}

TEST_CASE("memory: a tracking resource reports what is freed twice, or wrongly") {
    heap_resource heap;
    tracking_resource tracked{heap};
    void* const p = tracked.allocate(100);
    void* const q = tracked.allocate(100);
    auto const words = [&](auto call) { return orfeas_test::last_words(call); };
    CHECK_THAT(words([&] { tracked.deallocate(p, 101); }), orfeas_test::contains("size and alignment"));
    CHECK_THAT(words([&] { tracked.deallocate(p, 100, 64); }), orfeas_test::contains("size and alignment"));
    tracked.deallocate(p, 100);
    CHECK_THAT(words([&] { tracked.deallocate(p, 100); }), orfeas_test::contains("what is live, once"));
    tracked.deallocate(q, 100);
}

TEST_CASE("memory: what was refused is not live") {
    heap_resource heap;
    failing_resource below{heap, {.every = 2}};
    tracking_resource tracked{below};
    void* const p = tracked.allocate(10);
    CHECK_THROWS_AS(tracked.allocate(10), out_of_memory);
    below.follow({.nth = 1});
    CHECK(tracked.try_allocate(10) == nullptr);
    CHECK(tracked.live_allocations() == 1);
    CHECK(tracked.allocations() == 1);
    tracked.deallocate(p, 10);
}

TEST_CASE("memory: a tracking resource agrees with a plain model") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    heap_resource heap;
    tracking_resource tracked{heap};
    std::map<void*, std::size_t> model;
    std::uint64_t bytes = 0;
    std::uint64_t peak = 0;
    for (int i = 0; i < 20'000; ++i) {
        if (random() % 2 == 0 || model.empty()) {
            auto const size = orfeas_test::log_uniform(random, 100'000);
            if (void* const q = tracked.try_allocate(size)) {
                model[q] = size;
                bytes += size;
                peak = bytes > peak ? bytes : peak;
            }
        } else {
            auto const victim = model.lower_bound(reinterpret_cast<void*>(random()));
            auto const at = victim == model.end() ? model.begin() : victim;
            tracked.deallocate(at->first, at->second);
            bytes -= at->second;
            model.erase(at);
        }
    }
    CHECK(tracked.live_allocations() == model.size());
    CHECK(tracked.live_bytes() == bytes);
    CHECK(tracked.peak_bytes() == peak);
    std::uint64_t last = 0;
    for (auto const& each : tracked.live()) {
        CHECK(each.number > last);
        CHECK(model.at(each.address) == each.bytes);
        last = each.number;
    }
    for (auto const& [q, size] : model) {
        tracked.deallocate(q, size);
    }
    CHECK(tracked.leaks().empty());
}

TEST_CASE("memory: threads share a tracking resource") {
    heap_resource heap;
    tracking_resource tracked{heap};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (std::size_t i = 1; i < 500; ++i) {
                void* const p = tracked.allocate(i);
                tracked.deallocate(p, i);
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    CHECK(tracked.leaks().empty());
    CHECK(tracked.allocations() == 4 * 499);
}
