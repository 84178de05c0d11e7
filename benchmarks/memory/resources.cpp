// SPDX-License-Identifier: MIT
#include "resources.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/pool.hpp>
#include <orfeas/memory/thread_cache.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

using namespace orfeas::literals;
using namespace orfeas::memory;

using pool_of_nothing = basic_pool<null_vmm>; // the pool's own work, without a device's

void add(report& to, std::string name, std::string unit, double ours, bool lower_is_better,
         std::optional<bar> target = {}) {
    to.add({.bench = "memory",
            .name = std::move(name),
            .unit = std::move(unit),
            .ours = ours,
            .lower_is_better = lower_is_better,
            .target = std::move(target)});
}

/// Sizes from 256 bytes to 16 KiB, every magnitude equally likely, so that a few hundred stay below the cache's limit.
std::vector<std::size_t> sizes(std::uint64_t seed) {
    std::mt19937_64 random{seed};
    std::vector<std::size_t> all(4096);
    for (auto& each : all) {
        each = (std::size_t{256} << random() % 6) + random() % 256;
    }
    return all;
}

/// Replaces one of 128 live blocks at a time; the nanoseconds of an allocation and a deallocation together.
template<class Resource>
double churn(Resource& resource, std::vector<std::size_t> const& of, std::size_t steps) {
    struct held {
        void* p = nullptr;
        std::size_t bytes = 0;
    };
    std::array<held, 128> live;
    auto const run = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            auto& each = live[i % live.size()];
            resource.deallocate(each.p, each.bytes);
            each.bytes = of[i % of.size()];
            each.p = resource.allocate(each.bytes);
        }
    };
    run(2 * of.size());
    auto const begin = std::chrono::steady_clock::now();
    run(steps);
    std::chrono::duration<double, std::nano> const took = std::chrono::steady_clock::now() - begin;
    for (auto const& each : live) {
        resource.deallocate(each.p, each.bytes);
    }
    return took.count() / static_cast<double>(steps);
}

/// As above on several threads at once; the nanoseconds that go by for each, the slowest thread's. `make(pool)` makes what
/// a thread allocates from.
template<class Make>
double churn_together(pool_of_nothing& below, int threads, std::size_t steps, Make make) {
    std::vector<double> took(static_cast<std::size_t>(threads));
    std::atomic<int> ready{0};
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
            auto&& resource = make(below);
            auto const of = sizes(static_cast<std::uint64_t>(t) + 1);
            ++ready;
            while (ready < threads) {
                std::this_thread::yield();
            }
            took[static_cast<std::size_t>(t)] = churn(resource, of, steps);
        });
    }
    for (auto& each : all) {
        each.join();
    }
    return *std::max_element(took.begin(), took.end());
}

/// The best of several runs, as others use the machine too.
struct best {
    double value = 1e18;
    void operator()(double next) { value = std::min(value, next); }
};

void measure_hits(report& to, std::size_t steps, int runs) {
    auto const of = sizes(1);
    best hit;
    best miss;
    best limited;
    best tracked;
    for (int run = 0; run < runs; ++run) {
        pool_of_nothing below{null_vmm{}};
        thread_cache cache{below};
        hit(churn(cache, of, steps));
        miss(churn(below, of, steps));
        limiting_resource limit{below, 1_GiB};
        limited(churn(limit, of, steps));
        tracking_resource track{below};
        tracked(churn(track, of, steps));
    }
    // an operation is one of the two
    to.add({.bench = "memory",
            .name = "thread cache hit, an operation",
            .unit = "ns",
            .ours = hit.value / 2,
            .peers = {{"pool alone", miss.value / 2}},
            .target = bar{.of = "ours", .op = "<=", .value = 15}});
    add(to, "limiting_resource adds, an operation", "ns", std::max(0.0, limited.value - miss.value) / 2, true);
    add(to, "tracking_resource adds, an operation", "ns", std::max(0.0, tracked.value - miss.value) / 2, true);
}

void measure_threads(report& to, std::size_t steps, int runs) {
    auto const cached = [](pool_of_nothing& below) { return thread_cache<pool_of_nothing>{below}; };
    auto const plain = [](pool_of_nothing& below) -> pool_of_nothing& { return below; };
    best one;
    best two;
    best one_plain;
    best two_plain;
    for (int run = 0; run < runs; ++run) {
        pool_of_nothing below{null_vmm{}};
        one(churn_together(below, 1, steps, cached));
        two(churn_together(below, 2, steps, cached));
        one_plain(churn_together(below, 1, steps / 4, plain));
        two_plain(churn_together(below, 2, steps / 4, plain));
    }
    if (std::thread::hardware_concurrency() < 2) {
        to.add({.bench = "memory",
                .name = "two threads with caches against one",
                .unit = "times",
                .lower_is_better = false,
                .skipped = "one processor"});
        return;
    }
    to.add({.bench = "memory",
            .name = "two threads with caches against one",
            .unit = "times",
            .ours = 2 * one.value / two.value,
            .lower_is_better = false,
            .peers = {{"pool alone", 2 * one_plain.value / two_plain.value}},
            .target = bar{.of = "ours", .op = ">=", .value = 1.7}});
}

} // namespace

void measure_resources(report& to) {
    bool const quick = to.arguments().quick;
    std::size_t const steps = quick ? 1'000'000 : 4'000'000;
    int const runs = quick ? 5 : 9;
    measure_hits(to, steps / 4, runs);
    measure_threads(to, steps, runs);
}

} // namespace bench
