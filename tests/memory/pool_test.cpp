// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "memory/failing_backend.hpp"
#include "memory/patterns.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/memory/host_vmm.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::extent_heap;
using orfeas::memory::host_vmm;
using orfeas::memory::memory_pressure;
using orfeas::memory::out_of_memory;
using orfeas::memory::pool;
using orfeas_test::failing_backend;
using orfeas_test::fill;
using orfeas_test::intact;

namespace {

struct event_names {
    std::vector<std::string> seen;

    void write(orfeas::log_event const& event) noexcept {
        seen.push_back(std::string{to_string(event.level)} + ' ' + std::string{event.event});
    }
};

std::map<std::string, double> measured(auto const& component) {
    std::map<std::string, double> values;
    component.measure([&](orfeas::measurement const& m) { values[std::string{m.name}] = m.value; });
    return values;
}

} // namespace

TEST_CASE("memory: pool counts exactly what it holds") {
    orfeas::manual_clock const clock;
    orfeas_test::pool_on_manual_clock p{host_vmm{64_MiB}, {.segment_bytes = 4_MiB}, {}, clock};
    CHECK(p.profile().total_bytes == 64_MiB);
    CHECK(p.profile().reserved_bytes == 0);
    CHECK(p.profile().fragmentation_ratio == 0.0);

    void* const a = p.allocate(1_MiB);
    void* const b = p.allocate(1000);
    void* const c = p.allocate(1_MiB);
    auto const full = p.profile();
    CHECK(full.allocated_bytes == 2_MiB + 1024);
    CHECK(full.reserved_bytes == 4_MiB);
    CHECK(full.free_bytes == 62_MiB - 1024);
    CHECK(full.largest_free_bytes == 2_MiB - 1024);
    CHECK(full.fragmentation_ratio == 0.0);
    CHECK(full.allocations == 3);
    CHECK(full.time == clock.wall_now());

    p.deallocate(a, 1_MiB);
    auto const holed = p.profile();
    CHECK(holed.allocated_bytes == 1_MiB + 1024);
    CHECK(holed.peak_allocated_bytes == 2_MiB + 1024);
    CHECK(holed.largest_free_bytes == 2_MiB - 1024);
    CHECK(holed.fragmentation_ratio == Approx(1.0 - double(2_MiB - 1024) / double(3_MiB - 1024)));
    CHECK(holed.utilization_ratio == Approx(double(1_MiB + 1024) / double(64_MiB)));

    p.deallocate(b, 1000);
    p.deallocate(c, 1_MiB);
    CHECK(p.profile().largest_free_bytes == 2_MiB); // of each zone, small and large
    CHECK(p.profile().allocated_bytes == 0);
    auto const report = p.cleanup();
    CHECK(report.success);
    CHECK(report.freed_bytes == 4_MiB);
    CHECK(report.reserved_before_bytes == 4_MiB);
    CHECK(report.reserved_after_bytes == 0);
    CHECK(p.backend().info().free_bytes == 64_MiB);

    auto const values = measured(p);
    CHECK(values.at("memory_total_bytes") == double(64_MiB));
    CHECK(values.at("memory_reserved_bytes") == 0);
    CHECK(values.at("memory_allocations_total") == 3);
    CHECK(values.at("memory_cleanups_total") == 1);
    CHECK(values.at("memory_failed_cleanups_total") == 0);
    CHECK(values.at("memory_failed_allocations_total") == 0);
    CHECK(values.at("memory_pressure") == 0);
}

TEST_CASE("memory: pool checks its options") {
    CHECK_THROWS_WITH((pool{host_vmm{1_MiB}, {.segment_bytes = 1}}), orfeas_test::contains("segment_bytes"));
}

TEST_CASE("memory: pool pressure follows the marks") {
    pool p{host_vmm{100_MiB}, {.segment_bytes = 1_MiB}};
    std::vector<memory_pressure> seen;
    for (int i = 0; i < 100; ++i) {
        p.allocate(1_MiB);
        seen.push_back(p.profile().pressure);
    }
    CHECK(seen[69] == memory_pressure::low); // 0.70 is still low: levels begin above their mark
    CHECK(seen[70] == memory_pressure::medium);
    CHECK(seen[84] == memory_pressure::medium);
    CHECK(seen[85] == memory_pressure::high);
    CHECK(seen[94] == memory_pressure::high);
    CHECK(seen[95] == memory_pressure::critical);
    CHECK(p.profile().utilization_ratio == 1.0);
    CHECK_THROWS_AS(p.allocate(1), out_of_memory);
}

TEST_CASE("memory: pool stays within the smaller of limit and capacity") {
    pool limited{host_vmm{64_MiB}, {.limit_bytes = 10_MiB, .segment_bytes = 4_MiB}};
    CHECK(limited.profile().total_bytes == 10_MiB);
    std::vector<void*> held;
    while (void* const p = limited.try_allocate(1_MiB)) {
        held.push_back(p);
    }
    CHECK(held.size() == 10);
    CHECK(limited.profile().reserved_bytes == 10_MiB);

    pool const wide{host_vmm{64_MiB}, {.limit_bytes = 1_TiB}};
    CHECK(wide.profile().total_bytes == 64_MiB);

    pool odd{host_vmm{64_MiB}, {.limit_bytes = 5 * 512 + 100}};
    CHECK(odd.try_allocate(5 * 512) != nullptr);
    CHECK(odd.try_allocate(1) == nullptr);

    pool tiny{host_vmm{64_MiB}, {.limit_bytes = 100}};
    CHECK(tiny.try_allocate(1) == nullptr);
}

TEST_CASE("memory: a refused request says what was asked, what there is and what to do") {
    pool p{host_vmm{8_MiB}, {.segment_bytes = 1_MiB}};
    p.allocate(3_MiB);
    try {
        p.allocate(6_MiB, 4096);
        FAIL("8 MiB do not hold 9");
    } catch (out_of_memory const& e) {
        CHECK(e.report().requested_bytes == 6_MiB);
        CHECK(e.report().alignment == 4096);
        CHECK(e.report().total_bytes == 8_MiB);
        CHECK(e.report().allocated_bytes == 3_MiB);
        CHECK(e.report().reserved_bytes == 4_MiB);
        CHECK(e.report().largest_free_bytes == 1_MiB);
        CHECK_THAT(e.what(), orfeas_test::contains("host memory: no room for 6 MiB"));
        CHECK_THAT(e.what(), orfeas_test::contains("3 MiB of 8 MiB allocated"));
        CHECK_THAT(e.what(), orfeas_test::contains("raise the limit"));
    }
    CHECK(p.try_allocate(~std::size_t{0}) == nullptr);
    CHECK(p.try_allocate(extent_heap::max_bytes + 1) == nullptr);
    CHECK(measured(p).at("memory_failed_allocations_total") == 3);
    CHECK(p.try_allocate(1_MiB) != nullptr);
}

TEST_CASE("memory: zero bytes and null have a meaning") {
    pool p{host_vmm{8_MiB}};
    void* const a = p.allocate(0);
    void* const b = p.allocate(0);
    CHECK(a != nullptr);
    CHECK(a != b);
    CHECK(p.profile().allocated_bytes == 1024);
    p.deallocate(a, 0);
    p.deallocate(b, 0);
    p.deallocate(nullptr, 17);
    CHECK(p.profile().allocated_bytes == 0);
}

TEST_CASE("memory: over-aligned requests are aligned, also when they need a segment of their own") {
    pool p{host_vmm{1_GiB}, {.segment_bytes = 1_MiB}};
    for (std::size_t alignment = 1; alignment <= 64_MiB; alignment *= 2) {
        void* const at = p.allocate(3000, alignment);
        CHECK(reinterpret_cast<std::uintptr_t>(at) % alignment == 0);
        fill(at, 3000);
        CHECK(intact(at, 3000));
        p.deallocate(at, 3000, alignment);
    }
    CHECK(p.profile().allocated_bytes == 0);
    void* const coarsest = p.try_allocate(1, extent_heap::max_alignment); // takes the whole GiB, from a new segment
    REQUIRE(coarsest != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(coarsest) % extent_heap::max_alignment == 0);
    CHECK(p.profile().allocated_bytes == 512);
    CHECK(p.try_allocate(1, 2_MiB * 256) != nullptr);
    pool smaller{host_vmm{512_MiB}};
    CHECK(smaller.try_allocate(1, extent_heap::max_alignment) == nullptr);
}

TEST_CASE("memory: deallocations that name no live allocation are reported") {
    pool p{host_vmm{8_MiB}};
    pool other{host_vmm{8_MiB}};
    void* const a = p.allocate(2000);
    void* const theirs = other.allocate(2000);
    int on_the_stack = 0;
    auto const words = [&](void* at, std::size_t bytes, std::size_t alignment = 1) {
        return orfeas_test::last_words([&] { p.deallocate(at, bytes, alignment); });
    };
    auto const once = orfeas_test::contains("deallocate what this pool allocated, and once");
    CHECK_THAT(words(theirs, 2000), once);
    CHECK_THAT(words(&on_the_stack, 4), once);
    CHECK_THAT(words(static_cast<char*>(a) + 1, 2000), once);
    CHECK_THAT(words(static_cast<char*>(a) + 512, 2000), once);
    CHECK_THAT(words(a, 4000), orfeas_test::contains("the size that was allocated"));
    CHECK_THAT(words(a, 2000, 3), orfeas_test::contains("powers of two"));
    CHECK_THAT(orfeas_test::last_words([&] { p.allocate(1, 48); }), orfeas_test::contains("powers of two"));
    p.deallocate(a, 2000);
    CHECK_THAT(words(a, 2000), once);
    CHECK(p.profile().allocated_bytes == 0);
}

TEST_CASE("memory: pool grows by segments, and by more for a large request") {
    pool p{failing_backend{1_GiB}, {.segment_bytes = 4_MiB}};
    p.allocate(1);
    CHECK(p.profile().reserved_bytes == 4_MiB);
    p.allocate(9_MiB);
    CHECK(p.profile().reserved_bytes == 14_MiB); // whole granules of 2 MiB
    CHECK(p.backend().target<failing_backend>()->state().live.size() == 2);
}

TEST_CASE("memory: a pool short of memory gives back unused segments to serve a larger request") {
    pool p{failing_backend{8_MiB}, {.segment_bytes = 2_MiB}};
    std::vector<void*> held;
    for (int i = 0; i < 4; ++i) {
        held.push_back(p.allocate(2_MiB));
    }
    for (void* const each : held) {
        p.deallocate(each, 2_MiB);
    }
    void* const whole = p.try_allocate(8_MiB);
    REQUIRE(whole != nullptr);
    CHECK(p.backend().target<failing_backend>()->state().live.size() == 1);
    p.deallocate(whole, 8_MiB);
}

TEST_CASE("memory: when the backend refuses a usual segment, the pool asks for just enough") {
    pool p{failing_backend{6_MiB}, {.limit_bytes = 6_MiB, .segment_bytes = 4_MiB}};
    void* const first = p.allocate(1_MiB);
    p.backend().target<failing_backend>()->fail(1);
    CHECK(p.try_allocate(4_MiB) == nullptr); // a segment of this size exceeds what is left of the limit
    void* const second = p.try_allocate(2_MiB);
    CHECK(second != nullptr);
    p.deallocate(first, 1_MiB);
    p.deallocate(second, 2_MiB);

    pool refused{failing_backend{1_GiB}, {.segment_bytes = 64_MiB}};
    refused.backend().target<failing_backend>()->fail(1);
    CHECK(refused.try_allocate(1_MiB) != nullptr);
    CHECK(refused.profile().reserved_bytes == 2_MiB);
}

TEST_CASE("memory: an out-of-memory error carries the backend's words") {
    pool p{failing_backend{1_GiB}, {.segment_bytes = 4_MiB}};
    p.backend().target<failing_backend>()->fail(1, 100);
    CHECK_THROWS_WITH(p.allocate(1_MiB), orfeas_test::contains("allocate failed on the test device: 999"));
    p.backend().target<failing_backend>()->fail(0, 0);
    CHECK(p.try_allocate(1_MiB) != nullptr);
}

TEST_CASE("memory: a cleanup that the backend refuses says so, and the pool goes on") {
    pool p{failing_backend{64_MiB}, {.segment_bytes = 4_MiB}};
    std::vector<void*> held;
    for (int i = 0; i < 3; ++i) {
        held.push_back(p.allocate(4_MiB));
    }
    for (void* const each : held) {
        p.deallocate(each, 4_MiB);
    }
    p.backend().target<failing_backend>()->fail(2);
    auto const report = p.cleanup();
    CHECK_FALSE(report.success);
    CHECK_THAT(report.failure, orfeas_test::contains("deallocate failed"));
    CHECK(report.freed_bytes == 8_MiB);
    CHECK(p.profile().reserved_bytes == 4_MiB);
    CHECK(measured(p).at("memory_failed_cleanups_total") == 1);

    void* const again = p.try_allocate(4_MiB);
    REQUIRE(again != nullptr);
    CHECK(p.profile().reserved_bytes == 4_MiB); // from the segment that was not given back
    p.deallocate(again, 4_MiB);
    CHECK(p.cleanup().success);
    CHECK(p.profile().reserved_bytes == 0);
}

TEST_CASE("memory: cleanups and refusals are events") {
    auto const sink = std::make_shared<event_names>();
    pool p{failing_backend{8_MiB}, {.segment_bytes = 2_MiB}, orfeas::logger{sink}};
    p.deallocate(p.allocate(1_MiB), 1_MiB);
    p.deallocate(p.allocate(8_MiB), 8_MiB); // the first segment has to go
    p.cleanup();
    p.try_allocate(9_MiB);
    p.deallocate(p.allocate(1), 1);
    p.backend().target<failing_backend>()->fail(1);
    p.cleanup();
    CHECK(sink->seen == std::vector<std::string>{"info segments_released_for_a_request", "info cleanup_finished",
                                                 "warning allocation_refused", "warning cleanup_failed"});
}

TEST_CASE("memory: each backend call fails once at each position, and nothing leaks") {
    auto const work = [](failing_backend const& backend) {
        std::size_t refused = 0;
        auto const may_refuse = [&refused](auto&& call) {
            try {
                call();
            } catch (orfeas::memory::backend_error const&) {
                ++refused;
            } catch (out_of_memory const&) {
                ++refused;
            }
        };
        may_refuse([&] {
            pool p{backend, {.segment_bytes = 2_MiB}};
            for (std::size_t const bytes : {std::size_t{1000}, std::size_t{3'000'000}, std::size_t{100}}) {
                may_refuse([&] {
                    void* const at = p.allocate(bytes, 4096);
                    may_refuse([&] {
                        std::vector<std::byte> out(bytes);
                        std::vector<std::byte> const in(bytes, std::byte{0x5a});
                        p.copy_in(at, in.data(), bytes);
                        p.copy_out(out.data(), at, bytes);
                        if (out != in) {
                            FAIL("copies differ");
                        }
                    });
                    p.deallocate(at, bytes, 4096);
                });
                if (bytes > 1_MiB && !p.cleanup().success) {
                    ++refused;
                }
            }
            void* const larger = p.try_allocate(15_MiB); // needs what is reserved
            refused += larger == nullptr;
            p.deallocate(larger, 15_MiB);

            auto const before = p.profile();
            void* const after = p.try_allocate(1_MiB);
            if (after == nullptr || before.allocated_bytes != 0 || before.reserved_bytes > before.total_bytes) {
                FAIL("the pool is not usable after a failed call");
            }
            p.deallocate(after, 1_MiB);
        });
        return refused;
    };

    failing_backend const clean{16_MiB};
    REQUIRE(work(clean) == 0);
    auto const calls = clean.state().calls;
    REQUIRE(calls > 10);
    CHECK(clean.state().live.empty());
    for (std::uint64_t position = 1; position <= calls; ++position) {
        INFO("failing call " << position << " of " << calls);
        failing_backend const backend{16_MiB};
        backend.fail(position);
        work(backend);
        CHECK(backend.state().live.empty());
        CHECK(backend.state().used == 0);
        CHECK(backend.state().wrong_frees == 0);
    }
}

TEST_CASE("memory: pool agrees with a plain model over random operations, and memory keeps what is written") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    struct allocation {
        void* at;
        std::size_t bytes;
        std::size_t alignment;
    };
    for (int round = 0; round < 8; ++round) {
        auto const limit = 4_MiB + random() % 28_MiB;
        failing_backend const backend{32_MiB};
        {
            pool p{backend, {.limit_bytes = limit, .segment_bytes = 64_KiB + random() % 4_MiB}};
            std::vector<allocation> live;
            std::uint64_t allocated = 0;
            std::uint64_t peak = 0;
            std::uint64_t served = 0;
            std::uint64_t refused = 0;
            for (int step = 0; step < 1500; ++step) {
                auto const dice = random() % 100;
                if (dice < 52 || live.empty()) {
                    auto const bytes = static_cast<std::size_t>(orfeas_test::log_uniform(random, 2_MiB));
                    auto const alignment = std::size_t{1} << (random() % 14);
                    void* const at = p.try_allocate(bytes, alignment);
                    if (at == nullptr) {
                        ++refused;
                        // no room: not even after giving back, a segment for it would have fitted
                        REQUIRE(p.profile().reserved_bytes + extent_heap::rounded(bytes) + alignment > limit - 512);
                        REQUIRE(p.profile().largest_free_bytes < extent_heap::rounded(bytes) + alignment);
                        continue;
                    }
                    REQUIRE(reinterpret_cast<std::uintptr_t>(at) % std::max<std::size_t>(alignment, 512) == 0);
                    fill(at, bytes);
                    live.push_back({at, bytes, alignment});
                    allocated += extent_heap::rounded(bytes);
                    peak = std::max(peak, allocated);
                    ++served;
                } else if (dice < 99) {
                    auto const i = random() % live.size();
                    auto const each = live[i];
                    REQUIRE(intact(each.at, each.bytes)); // no other allocation overlaps it
                    p.deallocate(each.at, each.bytes, each.alignment);
                    allocated -= extent_heap::rounded(each.bytes);
                    live[i] = live.back();
                    live.pop_back();
                } else {
                    auto const report = p.cleanup();
                    REQUIRE(report.success);
                    REQUIRE(report.reserved_before_bytes - report.freed_bytes == report.reserved_after_bytes);
                }
                auto const now = p.profile();
                REQUIRE(now.allocated_bytes == allocated);
                REQUIRE(now.peak_allocated_bytes == peak);
                REQUIRE(now.allocations == live.size());
                REQUIRE(now.reserved_bytes <= limit);
                REQUIRE(now.reserved_bytes == backend.state().used);
                REQUIRE(now.largest_free_bytes <= now.reserved_bytes - allocated);
            }
            auto const values = measured(p);
            CHECK(values.at("memory_allocations_total") == double(served));
            CHECK(values.at("memory_failed_allocations_total") == double(refused));
            for (auto const& each : live) {
                REQUIRE(intact(each.at, each.bytes));
                p.deallocate(each.at, each.bytes, each.alignment);
            }
            p.cleanup();
            CHECK(p.profile().reserved_bytes == 0);
        }
        CHECK(backend.state().live.empty());
        CHECK(backend.state().wrong_frees == 0);
    }
}

TEST_CASE("memory: threads share a pool, profiles and cleanups") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    failing_backend const backend{24_MiB};
    {
        pool p{backend, {.segment_bytes = 1_MiB}};
        auto const churn = [&p](std::uint64_t thread_seed) {
            std::mt19937_64 random{thread_seed};
            std::vector<std::pair<void*, std::size_t>> live;
            bool good = true;
            for (int step = 0; step < 2000; ++step) {
                if (live.size() < 8 || (live.size() < 40 && random() % 2 == 0)) {
                    auto const bytes = static_cast<std::size_t>(orfeas_test::log_uniform(random, 1_MiB));
                    if (void* const at = p.try_allocate(bytes)) {
                        fill(at, std::min<std::size_t>(bytes, 2048));
                        live.emplace_back(at, bytes);
                    }
                }
                if (!live.empty() && random() % 2 == 0) {
                    auto const [at, bytes] = live.back();
                    good = good && intact(at, std::min<std::size_t>(bytes, 2048));
                    p.deallocate(at, bytes);
                    live.pop_back();
                }
                if (step % 256 == 0) {
                    auto const now = p.profile();
                    good = good && now.allocated_bytes <= now.reserved_bytes && now.reserved_bytes <= now.total_bytes;
                    good = good && p.cleanup().success;
                }
            }
            for (auto const& [at, bytes] : live) {
                p.deallocate(at, bytes);
            }
            return good;
        };
        std::vector<char> good(4, 0);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < good.size(); ++i) {
            threads.emplace_back([&, i] { good[i] = churn(seed + i); });
        }
        for (auto& each : threads) {
            each.join();
        }
        CHECK(std::count(good.begin(), good.end(), 1) == 4);
        CHECK(p.profile().allocated_bytes == 0);
        p.cleanup();
        CHECK(p.profile().reserved_bytes == 0);
    }
    CHECK(backend.state().live.empty());
}

TEST_CASE("memory: a pool that ends gives back what was never deallocated") {
    failing_backend const backend{64_MiB};
    {
        pool p{backend, {.segment_bytes = 4_MiB}};
        p.allocate(1_MiB);
        p.allocate(10_MiB);
        CHECK(backend.state().live.size() == 2);
        backend.fail(1); // the first deallocation is refused and tried again
    }
    CHECK(backend.state().live.empty());
}

TEST_CASE("memory: a pool equals itself only") {
    pool a{host_vmm{1_MiB}};
    pool b{a.backend()};
    CHECK(a == a);
    CHECK(a != b);
    CHECK(a.backend() == b.backend());
    CHECK(a.host_accessible());
}
