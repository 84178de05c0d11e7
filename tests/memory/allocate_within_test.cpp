// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/allocate_within.hpp>
#include <orfeas/memory/null_vmm.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

using namespace orfeas::literals;
using namespace orfeas::memory;
using namespace std::chrono_literals;

namespace {

double measured(pool const& from, std::string_view name) {
    double value = -1;
    from.measure([&](orfeas::measurement const& m) { value = m.name == name ? m.value : value; });
    return value;
}

/// Lets another thread go on once somebody waits for the pool's memory.
void when_someone_waits(pool const& p, auto const& go_on) {
    while (measured(p, "memory_waiting_requests") == 0) {
        std::this_thread::yield();
    }
    go_on();
}

} // namespace

TEST_CASE("memory: what is there is had without waiting") {
    pool p{null_vmm{64_MiB}};
    void* const a = allocate_within(p, 0ns, 1000);
    void* const b = allocate_within(p, 0ns, stream_ref{}, 1000, 4096, {.tag = p.tag("b")});
    CHECK(p.profile().allocations == 2);
    CHECK(reinterpret_cast<std::uintptr_t>(b) % 4096 == 0);
    CHECK(p.tags().at(1).name == "b");
    p.deallocate(a, 1000);
    p.deallocate(b, 1000, 4096);
}

TEST_CASE("memory: a request that waits gets what another thread gives back") {
    pool p{null_vmm{64_MiB}};
    int name = 0;
    stream_ref const stream{&name};
    for (bool const in_order : {false, true}) {
        void* const held = p.allocate(48_MiB);
        std::thread other{[&] {
            when_someone_waits(p, [&] { in_order ? p.deallocate(stream, held, 48_MiB) : p.deallocate(held, 48_MiB); });
        }};
        void* const got = allocate_within(p, 1h, 40_MiB);
        other.join();
        CHECK(p.profile().allocated_bytes == 40_MiB);
        p.deallocate(got, 40_MiB);
    }
    CHECK(measured(p, "memory_waiting_requests") == 0);
    CHECK(measured(p, "memory_failed_allocations_total") == 0);
}

TEST_CASE("memory: when the time is over, the request is refused once") {
    pool p{null_vmm{64_MiB}};
    void* const held = p.allocate(60_MiB);
    try {
        allocate_within(p, 1ms, 40_MiB);
        FAIL("there is no memory");
    } catch (retry_with_split const&) {
        FAIL("half of it is not there either");
    } catch (out_of_memory const& refused) {
        CHECK(refused.report().available_bytes == 4_MiB);
    }
    CHECK(measured(p, "memory_failed_allocations_total") == 1);
    p.deallocate(held, 60_MiB);
}

TEST_CASE("memory: a timeout holds however often others deallocate, and may be for ever") {
    pool p{null_vmm{64_MiB}};
    void* const held = p.allocate(40_MiB);
    std::atomic<bool> done{false};
    std::thread busy{[&] {
        while (!done) {
            p.deallocate(p.allocate(1000), 1000);
        }
    }};
    CHECK_THROWS_AS(allocate_within(p, 1ms, 60_MiB), out_of_memory);
    done = true;
    busy.join();
    std::thread other{[&] { when_someone_waits(p, [&] { p.deallocate(held, 40_MiB); }); }};
    p.deallocate(allocate_within(p, std::chrono::nanoseconds::max(), 60_MiB), 60_MiB);
    other.join();
}

TEST_CASE("memory: who waits for a device that is lost is told at once, and not to split") {
    null_vmm const device{64_MiB};
    pool p{device};
    void* const held = p.allocate(20_MiB);
    device.fail(1, ~std::uint64_t{0}, error::device_lost);
    try {
        allocate_within(p, 1h, 60_MiB);
        FAIL("the device is lost");
    } catch (retry_with_split const&) {
        FAIL("no part of it will ever be there");
    } catch (out_of_memory const& refused) {
        CHECK(refused.report().available_bytes == 0);
    }
    CHECK(p.device_lost());
    CHECK(p.limit_bytes() == 0);
    p.deallocate(held, 20_MiB);
}

TEST_CASE("memory: what the device refuses is not said to be available") {
    null_vmm const device{64_MiB};
    pool p{device};
    void* const held = p.allocate(20_MiB);
    device.fail(null_call::create, 1, 1000, error::out_of_memory); // another process has it
    try {
        allocate_within(p, 0ns, 40_MiB);
        FAIL("the device gives nothing");
    } catch (out_of_memory const& refused) {
        CHECK(refused.report().available_bytes == 0);
    }
    p.deallocate(held, 20_MiB);
    CHECK_THROWS_AS(allocate_within(p, 0ns, ~std::size_t{0}), out_of_memory);
}

TEST_CASE("memory: where half of a request fits, its caller is told to split it") {
    pool p{null_vmm{64_MiB}};
    void* const held = p.allocate(40_MiB);
    std::uint64_t part = 0;
    try {
        allocate_within(p, 1ms, 40_MiB);
    } catch (retry_with_split const& split) {
        part = split.available_bytes();
        CHECK_THAT(split.what(), orfeas_test::contains("Half of it would fit: split the work"));
    }
    CHECK(part == 24_MiB);
    void* const first = allocate_within(p, 0ns, part);
    p.deallocate(first, part);
    CHECK_THROWS_AS(allocate_within(p, 1h, 100_MiB, 512), out_of_memory); // not even the whole pool has it: at once
    p.deallocate(held, 40_MiB);
    CHECK_THROWS_AS(allocate_within(p, 1h, 100_MiB, 512), retry_with_split);
}

TEST_CASE("memory: where memory is not remapped, a part is what one extent holds") {
    pool p{null_vmm{{.capacity_bytes = 64_MiB, .granule_bytes = 0}}, {.segment_bytes = 16_MiB}};
    std::vector<void*> held;
    for (int i = 0; i < 4; ++i) {
        held.push_back(p.allocate(6_MiB));
        held.push_back(p.allocate(10_MiB));
    }
    for (std::size_t i = 1; i < held.size(); i += 2) {
        p.deallocate(held[i], 10_MiB);
    }
    std::uint64_t part = 0;
    try {
        allocate_within(p, 0ns, 20_MiB);
    } catch (retry_with_split const& split) {
        part = split.available_bytes();
    }
    CHECK(part == 10_MiB);
    for (std::size_t i = 0; i < held.size(); i += 2) {
        p.deallocate(held[i], 6_MiB);
    }
}

TEST_CASE("memory: threads that wait for each other's memory all get it") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    for (std::uint64_t count = 2; count <= 8; count *= 2) {
        pool p{null_vmm{64_MiB}};
        std::vector<void*> cached;
        std::mutex guard;
        p.add_reclaimer(0, [&](std::uint64_t) -> std::uint64_t {
            std::scoped_lock const lock{guard};
            if (cached.empty()) {
                return 0;
            }
            p.deallocate(cached.back(), 2_MiB);
            cached.pop_back();
            return 2_MiB;
        });
        std::atomic<int> served{0};
        std::vector<std::thread> threads;
        for (std::uint64_t t = 0; t < count; ++t) {
            threads.emplace_back([&, t] {
                std::mt19937_64 random{seed + t};
                stream_ref const stream{&threads + t};
                for (int i = 0; i < 400; ++i) {
                    auto const bytes = static_cast<std::size_t>(1 + random() % 60_MiB);
                    void* const got = allocate_within(p, 5min, stream, bytes); // holds nothing while it waits
                    if (random() % 4 == 0) {
                        std::this_thread::yield();
                    }
                    random() % 2 == 0 ? p.deallocate(stream, got, bytes) : p.deallocate(got, bytes);
                    ++served;
                    if (random() % 4 == 0) {
                        if (void* const kept = p.retry_allocate(2_MiB)) {
                            std::scoped_lock const lock{guard};
                            cached.push_back(kept);
                        }
                    }
                }
            });
        }
        for (auto& each : threads) {
            each.join();
        }
        CHECK(served == static_cast<int>(count) * 400);
        for (void* const each : cached) {
            p.deallocate(each, 2_MiB);
        }
        CHECK(p.profile().allocations == 0);
        CHECK(measured(p, "memory_waiting_requests") == 0);
    }
}
