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

/// Replaces one of 128 live blocks at a time: a step is a deallocation and an allocation.
template<class Resource>
class churn {
  public:
    churn(Resource& resource, std::uint64_t seed) : resource_{resource}, sizes_{sizes(seed)} {
        run(2 * sizes_.size()); // until the resource has what it needs
    }
    ~churn() {
        for (auto const& each : live_) {
            resource_.deallocate(each.p, each.bytes);
        }
    }
    churn(churn const&) = delete;
    churn& operator=(churn const&) = delete;

    void run(std::size_t steps) {
        for (std::size_t i = 0; i < steps; ++i) {
            auto& each = live_[i % live_.size()];
            resource_.deallocate(each.p, each.bytes);
            each.bytes = sizes_[i % sizes_.size()];
            each.p = resource_.allocate(each.bytes);
        }
    }

  private:
    struct held {
        void* p = nullptr;
        std::size_t bytes = 0;
    };

    Resource& resource_;
    std::vector<std::size_t> sizes_;
    std::array<held, 128> live_;
};

using time_point = std::chrono::steady_clock::time_point;

double nanoseconds(time_point begin, time_point end) {
    return std::chrono::duration<double, std::nano>{end - begin}.count();
}

/// The nanoseconds of a step.
template<class Resource>
double alone(Resource& resource, std::size_t steps) {
    churn<Resource> work{resource, 1};
    auto const begin = std::chrono::steady_clock::now();
    work.run(steps);
    return nanoseconds(begin, std::chrono::steady_clock::now()) / static_cast<double>(steps);
}

/// As above on several threads at once, from when the first begins until the last ends: threads that the machine ran one
/// after the other gain nothing. `make(pool)` makes what a thread allocates from.
template<class Make>
double together(pool_of_nothing& below, int threads, std::size_t steps, Make make) {
    std::vector<time_point> begins(static_cast<std::size_t>(threads));
    std::vector<time_point> ends(static_cast<std::size_t>(threads));
    std::atomic<int> ready{0};
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
            auto&& resource = make(below);
            churn work{resource, static_cast<std::uint64_t>(t) + 1};
            ++ready;
            while (ready < threads) {}
            auto const i = static_cast<std::size_t>(t);
            begins[i] = std::chrono::steady_clock::now();
            work.run(steps);
            ends[i] = std::chrono::steady_clock::now();
        });
    }
    for (auto& each : all) {
        each.join();
    }
    return nanoseconds(*std::min_element(begins.begin(), begins.end()), *std::max_element(ends.begin(), ends.end())) /
           static_cast<double>(steps);
}

/// The best of several runs, as others use the machine too.
struct best {
    double value = 1e18;
    void operator()(double next) { value = std::min(value, next); }
};

void measure_hits(report& to, std::size_t steps, int runs) {
    best hit;
    best miss;
    best limited;
    best tracked;
    for (int run = 0; run < runs; ++run) {
        pool_of_nothing below{null_vmm{}};
        thread_cache cache{below};
        hit(alone(cache, steps));
        miss(alone(below, steps));
        limiting_resource limit{below, 1_GiB};
        limited(alone(limit, steps));
        tracking_resource track{below};
        tracked(alone(track, steps));
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

/// Allocates nothing, in about the time of a cache: what threads gain that share nothing.
struct arithmetic {
    void* allocate(std::size_t bytes) noexcept {
        for (int i = 0; i < 16; ++i) {
            state = state * 6364136223846793005U + bytes;
        }
        return nullptr;
    }
    void deallocate(void* /*p*/, std::size_t /*bytes*/) noexcept {}

    alignas(64) volatile std::uint64_t state = 1;
};

void measure_threads(report& to, std::size_t steps, int runs) {
    auto const cached = [](pool_of_nothing& below) { return thread_cache<pool_of_nothing>{below}; };
    auto const plain = [](pool_of_nothing& below) -> pool_of_nothing& { return below; };
    auto const nothing = [](pool_of_nothing&) { return arithmetic{}; };
    best one;
    best two;
    best one_plain;
    best two_plain;
    best one_idle;
    best two_idle;
    for (int run = 0; run < runs; ++run) {
        pool_of_nothing below{null_vmm{}};
        one(together(below, 1, steps, cached));
        two(together(below, 2, steps, cached));
        one_plain(together(below, 1, steps / 4, plain));
        two_plain(together(below, 2, steps / 4, plain));
        one_idle(together(below, 1, steps / 4, nothing));
        two_idle(together(below, 2, steps / 4, nothing));
    }
    auto const gain = [](best const& a, best const& b) { return 2 * a.value / b.value; };
    result threads{.bench = "memory",
                   .name = "two threads with caches against one",
                   .unit = "times",
                   .ours = gain(one, two),
                   .lower_is_better = false,
                   .peers = {{"pool alone", gain(one_plain, two_plain)}, {"arithmetic", gain(one_idle, two_idle)}},
                   .target = bar{.of = "ours", .op = ">=", .value = 1.7}};
    if (gain(one_idle, two_idle) < 1.8) {
        threads.skipped = "two threads that share nothing gain as little: no second processor was free";
    }
    to.add(std::move(threads));
}

} // namespace

void measure_resources(report& to) {
    bool const quick = to.arguments().quick;
    measure_hits(to, quick ? 250'000 : 1'000'000, quick ? 5 : 9);
    // many short runs: the best of them had the machine for itself
    measure_threads(to, 500'000, quick ? 30 : 100);
}

} // namespace bench
