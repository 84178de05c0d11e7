// SPDX-License-Identifier: MIT
//
// The pool on backends with virtual memory management: what it maps, moves and gives back.
#include "memory/patterns.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/null_vmm.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::extent_heap;
using orfeas::memory::host_vmm;
using orfeas::memory::memory_pressure;
using orfeas::memory::null_call;
using orfeas::memory::null_vmm;
using orfeas::memory::null_vmm_options;
using orfeas::memory::out_of_memory;
using orfeas_test::fill;
using orfeas_test::intact;

namespace {

double measured(auto const& pool, std::string_view name) {
    double value = -1;
    pool.measure([&](orfeas::measurement const& m) { value = m.name == name ? m.value : value; });
    return value;
}

struct allocation {
    void* at;
    std::size_t bytes;
};

template<class Pool>
void deallocate_all(Pool& pool, std::vector<allocation>& live) {
    for (auto const& each : live) {
        pool.deallocate(each.at, each.bytes);
    }
    live.clear();
}

} // namespace

TEST_CASE("memory: free granules are mapped side by side for a request that fits nowhere") {
    null_vmm const device{64_MiB};
    orfeas::memory::pool pool{device};
    std::vector<void*> held;
    for (int i = 0; i < 32; ++i) {
        held.push_back(pool.allocate(2_MiB));
    }
    for (int i = 0; i < 32; i += 2) {
        pool.deallocate(held[static_cast<std::size_t>(i)], 2_MiB); // half is free, in holes of one granule
    }
    CHECK(pool.profile().largest_free_bytes == 2_MiB);
    CHECK(pool.profile().stranded_bytes == 0);
    auto const created = device.calls(null_call::create);

    void* const large = pool.try_allocate(32_MiB);
    REQUIRE(large != nullptr);
    CHECK(device.touch(large, 32_MiB));
    CHECK(pool.profile().allocated_bytes == 64_MiB);
    CHECK(device.calls(null_call::create) == created); // nothing new
    CHECK(measured(pool, "memory_moved_pieces_total") >= 15);
    CHECK(device.violations().empty());
    CHECK(pool.try_allocate(1) == nullptr);
}

TEST_CASE("memory: what mapping cannot recover is told as stranded") {
    null_vmm const device{8_MiB};
    orfeas::memory::pool pool{device};
    std::vector<void*> held;
    for (int i = 0; i < 8; ++i) {
        held.push_back(pool.allocate(1_MiB));
    }
    for (std::size_t i = 0; i < 8; i += 2) {
        pool.deallocate(held[i], 1_MiB); // every granule is half in use
    }
    auto const p = pool.profile();
    CHECK(p.stranded_bytes == 4_MiB);
    CHECK(p.stranded_ratio == 0.5);
    CHECK(pool.try_allocate(2_MiB) == nullptr);
    CHECK(pool.try_allocate(1_MiB) != nullptr);
}

TEST_CASE("memory: a refused request takes nothing from the backend") {
    null_vmm const device{8_MiB};
    orfeas::memory::pool pool{device};
    pool.allocate(3_MiB);
    auto const before = pool.profile().reserved_bytes;
    CHECK(pool.try_allocate(6_MiB) == nullptr);
    CHECK(pool.profile().reserved_bytes == before);
}

TEST_CASE("memory: small requests have granules of their own") {
    null_vmm const device{64_MiB};
    orfeas::memory::pool pool{device};
    std::vector<allocation> large;
    for (int i = 0; i < 8; ++i) {
        large.push_back({pool.allocate(2_MiB), 2_MiB});
        pool.allocate(1000); // would pin a granule of its neighbours
    }
    deallocate_all(pool, large);
    CHECK(pool.profile().stranded_bytes < 2_MiB);
    pool.cleanup();
    CHECK(pool.profile().reserved_bytes == 2_MiB);
}

TEST_CASE("memory: exportable allocations are never remapped") {
    null_vmm const device{64_MiB};
    orfeas::memory::pool pool{device, {.segment_bytes = 4_MiB}};
    void* const mapped = pool.allocate(1_MiB);
    CHECK(device.calls(null_call::allocate) == 0);
    void* const plain = pool.allocate(1_MiB, 512, {.exportable = true});
    CHECK(device.calls(null_call::allocate) == 1);
    CHECK(pool.profile().reserved_bytes == 6_MiB);
    pool.deallocate(plain, 1_MiB);
    pool.deallocate(mapped, 1_MiB);
    CHECK(pool.cleanup().freed_bytes == 6_MiB);
}

TEST_CASE("memory: mapped and plain memory give way to each other") {
    null_vmm const device{16_MiB};
    orfeas::memory::pool pool{device, {.segment_bytes = 4_MiB}};
    pool.deallocate(pool.allocate(16_MiB), 16_MiB);
    void* const plain = pool.try_allocate(12_MiB, 512, {.exportable = true});
    REQUIRE(plain != nullptr);
    pool.deallocate(plain, 12_MiB);
    void* const mapped = pool.try_allocate(16_MiB);
    REQUIRE(mapped != nullptr);
    pool.deallocate(mapped, 16_MiB);
    CHECK(device.violations().empty());
}

TEST_CASE("memory: preparing moves memory ahead of the request") {
    null_vmm const device{32_MiB};
    orfeas::memory::pool pool{device};
    std::vector<allocation> every_other;
    for (int i = 0; i < 16; ++i) {
        void* const at = pool.allocate(2_MiB);
        if (i % 2 == 0) {
            every_other.push_back({at, 2_MiB});
        }
    }
    deallocate_all(pool, every_other);
    CHECK_FALSE(pool.prepare(20_MiB));
    CHECK(pool.prepare(12_MiB));
    auto const moved = measured(pool, "memory_moved_pieces_total");
    CHECK(moved >= 5);
    CHECK(pool.try_allocate(12_MiB) != nullptr);
    CHECK(measured(pool, "memory_moved_pieces_total") == moved);
}

TEST_CASE("memory: pressure falls only when it is clearly below its mark") {
    orfeas::memory::pool pool{null_vmm{200_MiB}};
    auto const level_after = [&](std::size_t bytes) {
        void* const p = pool.allocate(bytes);
        auto const level = pool.profile().pressure;
        pool.deallocate(p, bytes);
        return level;
    };
    pool.allocate(137_MiB); // 68.5 %
    CHECK(pool.profile().pressure == memory_pressure::low);
    CHECK(level_after(4_MiB) == memory_pressure::medium);      // 70.5 %
    CHECK(pool.profile().pressure == memory_pressure::medium); // 68.5 % again: above 70 % - 3 %
    orfeas::memory::pool other{null_vmm{200_MiB}};
    void* const most = other.allocate(198_MiB);
    CHECK(other.profile().pressure == memory_pressure::critical);
    other.deallocate(most, 198_MiB);
    CHECK(other.profile().pressure == memory_pressure::low);
}

TEST_CASE("memory: stitched memory keeps what is written, over random operations") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    host_vmm const device{48_MiB};
    double moved = 0;
    for (int round = 0; round < 4; ++round) {
        orfeas::memory::pool pool{device};
        std::vector<allocation> live;
        for (int step = 0; step < 1200; ++step) {
            auto const dice = random() % 100;
            if (dice < 54 || live.empty()) {
                auto const bytes = static_cast<std::size_t>(orfeas_test::log_uniform(random, 12_MiB));
                void* const at = pool.try_allocate(bytes);
                if (at != nullptr) {
                    fill(at, bytes);
                    live.push_back({at, bytes});
                }
            } else if (dice < 99) {
                auto const i = random() % live.size();
                REQUIRE(intact(live[i].at, live[i].bytes));
                pool.deallocate(live[i].at, live[i].bytes);
                live[i] = live.back();
                live.pop_back();
            } else {
                REQUIRE(pool.cleanup().success);
            }
        }
        for (auto const& each : live) {
            REQUIRE(intact(each.at, each.bytes));
        }
        moved += measured(pool, "memory_moved_pieces_total");
        deallocate_all(pool, live);
        pool.cleanup();
        CHECK(pool.profile().reserved_bytes == 0);
        CHECK(device.info().free_bytes == device.info().total_bytes);
    }
    CHECK(moved > 0);
}

TEST_CASE("memory: each backend call fails once at each position of a pool's life, and nothing leaks") {
    auto const work = [](null_vmm const& device) {
        try {
            orfeas::memory::pool pool{device, {.segment_bytes = 2_MiB}};
            std::vector<allocation> live;
            auto const take = [&](std::size_t bytes, bool exportable = false) {
                if (void* const at = pool.try_allocate(bytes, 512, {.exportable = exportable})) {
                    live.push_back({at, bytes});
                }
            };
            for (int i = 0; i < 6; ++i) {
                take(2_MiB);
                take(700_KiB);
            }
            take(1000);
            take(1_MiB, true);
            for (std::size_t i = 0; i < live.size(); i += 2) {
                pool.deallocate(live[i].at, live[i].bytes);
                live[i].at = nullptr;
            }
            take(7_MiB); // needs what is free elsewhere
            pool.prepare(4_MiB);
            pool.cleanup();
            take(3_MiB);
            for (auto& each : live) {
                pool.deallocate(each.at, each.bytes);
            }
            void* const after = pool.try_allocate(1_MiB);
            if (after == nullptr || pool.profile().allocated_bytes != 1_MiB) {
                FAIL("the pool is not usable after a failed call");
            }
        } catch (orfeas::memory::backend_error const&) { // the device did not say how much memory it has
        }
    };
    null_vmm const clean{20_MiB};
    work(clean);
    REQUIRE(clean.violations().empty());
    REQUIRE(clean.leaks().empty());
    auto const calls = clean.calls();
    REQUIRE(calls > 60);
    for (std::uint64_t position = 1; position <= calls; ++position) {
        for (auto const why : {orfeas::memory::error::call_failed, orfeas::memory::error::out_of_memory}) {
            INFO("failing call " << position << " of " << calls);
            null_vmm const device{20_MiB};
            device.fail(position, 1, why);
            work(device);
            CHECK(device.violations() == std::vector<std::string>{});
            CHECK(device.leaks() == std::vector<std::string>{});
        }
    }
}

TEST_CASE("memory: threads share a pool that maps, moves and gives back") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    host_vmm const device{24_MiB};
    orfeas::memory::pool pool{device};
    std::atomic<int> broken{0};
    auto const work = [&](std::uint64_t number) {
        std::mt19937_64 random{seed + number};
        std::vector<allocation> live;
        for (int step = 0; step < 600; ++step) {
            if (random() % 100 < 55 || live.empty()) {
                auto const bytes = static_cast<std::size_t>(orfeas_test::log_uniform(random, 5_MiB));
                if (void* const at = pool.try_allocate(bytes)) {
                    fill(at, bytes);
                    live.push_back({at, bytes});
                }
            } else {
                auto const i = random() % live.size();
                broken += !intact(live[i].at, live[i].bytes);
                pool.deallocate(live[i].at, live[i].bytes);
                live[i] = live.back();
                live.pop_back();
            }
            if (step % 100 == 99) {
                pool.cleanup();
                static_cast<void>(pool.profile());
            }
        }
        deallocate_all(pool, live);
    };
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 4; ++i) {
        threads.emplace_back(work, i);
    }
    for (auto& each : threads) {
        each.join();
    }
    CHECK(broken == 0);
    CHECK(pool.profile().allocated_bytes == 0);
    pool.cleanup();
    CHECK(device.info().free_bytes == device.info().total_bytes);
}
