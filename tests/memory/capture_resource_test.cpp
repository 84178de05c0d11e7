// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "memory/patterns.hpp"
#include "memory/plain_heap.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/capture_resource.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/failing_resource.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/stream_ref.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace orfeas::literals;
using namespace orfeas::memory;
using orfeas_test::opaque_pool;

namespace {

static_assert(stream_ordered_resource<capture_resource<resource_ref>>); // whatever is below: it is not asked
static_assert(!copying_resource<capture_resource<resource_ref>>);
static_assert(!std::is_copy_constructible_v<capture_resource<heap_resource>>);

std::array<int, 300> stream_names{};

stream_ref stream(std::size_t i) {
    return stream_ref{&stream_names[i]};
}

} // namespace

TEST_CASE("memory: during a capture nothing is asked of the device, and what was captured stays") {
    null_vmm const device{64_MiB};
    opaque_pool p{device};
    void* const before = p.allocate(stream(0), 4_MiB);
    p.deallocate(stream(0), before, 4_MiB); // pending: a pool would ask for fences here
    std::vector<void*> captured;
    {
        capture_resource graph{p, 16_MiB};
        CHECK(graph.taken_bytes() == 16_MiB);
        CHECK(p.profile().allocated_bytes == 16_MiB);
        device.set_capturing(stream(0), true);
        device.set_capturing(stream(1), true);
        auto const calls = device.calls();
        for (int i = 0; i < 500; ++i) { // many times what one fence covers
            auto const on = static_cast<std::size_t>(i % 2);
            buffer<float, capture_resource<opaque_pool>> const a{graph, stream(on), 100'000};
            buffer<float, capture_resource<opaque_pool>> const b{graph, stream(on), 1000};
            captured.push_back(const_cast<float*>(a.data()));
        }
        CHECK(graph.try_allocate(stream(0), 20_MiB) == nullptr);
        CHECK_THROWS_AS(graph.allocate(stream(0), 20_MiB), out_of_memory);
        CHECK(device.calls() == calls);
        device.set_capturing(stream(0), false);
        device.set_capturing(stream(1), false);
        CHECK(graph.allocated_bytes() == 0);
        CHECK(graph.touched_bytes() == 2 * (extent_heap::rounded(400'000) + extent_heap::rounded(4000)));

        std::vector<void*> others;
        while (void* const q = p.try_allocate(1_MiB)) { // replays must meet nobody
            others.push_back(q);
        }
        CHECK(others.size() == 48);
        for (void* const q : others) {
            for (void* const c : captured) {
                auto const at = reinterpret_cast<std::uintptr_t>(q);
                auto const mine = reinterpret_cast<std::uintptr_t>(c);
                CHECK((mine + 400'000 <= at || at + 1_MiB <= mine));
            }
            p.deallocate(q, 1_MiB);
        }
    }
    CHECK(p.profile().allocated_bytes == 0);
    CHECK(device.violations() == std::vector<std::string>{});
}

TEST_CASE("memory: in a capture a stream has again what it gave up, and others do not") {
    heap_resource heap;
    capture_resource graph{heap, 1_MiB};
    void* const a = graph.allocate(stream(0), 700_KiB);
    graph.deallocate(stream(0), a, 700_KiB);
    CHECK(graph.try_allocate(stream(1), 700_KiB) == nullptr);
    CHECK(graph.try_allocate(700_KiB) == nullptr);
    void* const part = graph.allocate(stream(0), 300_KiB);
    void* const rest = graph.allocate(stream(0), 400_KiB);
    CHECK(part == a);
    CHECK(rest == static_cast<std::byte*>(a) + 300_KiB);
    graph.deallocate(stream(1), rest, 400_KiB); // its work comes after: now it is the second stream's
    CHECK(graph.try_allocate(stream(0), 350_KiB) == nullptr);
    CHECK(graph.try_allocate(stream(1), 350_KiB) == rest);
    CHECK(graph.touched_bytes() == 700_KiB);

    graph.deallocate(part, 300_KiB); // who knows when?
    CHECK(graph.retired_bytes() == 300_KiB);
    CHECK(graph.allocated_bytes() == 350_KiB);
    CHECK(graph.try_allocate(stream(0), 325_KiB) == nullptr);
    CHECK(graph.try_allocate(324_KiB) != nullptr);
    graph.deallocate(nullptr, 1);
    graph.deallocate(stream(0), nullptr, 1);
}

TEST_CASE("memory: a capture that needs more than was taken is refused in words, or grows if it may") {
    heap_resource heap;
    tracking_resource below{heap};
    {
        capture_resource fixed{below, 64_KiB};
        (void)fixed.allocate(stream(0), 60_KiB);
        try {
            (void)fixed.allocate(stream(0), 8_KiB, 64);
            FAIL("not refused");
        } catch (out_of_memory const& e) {
            CHECK(e.report().requested_bytes == 8_KiB);
            CHECK(e.report().total_bytes == 64_KiB);
            CHECK(e.report().allocated_bytes == 60_KiB);
            CHECK(e.report().largest_free_bytes == 4_KiB);
            CHECK_THAT(e.what(), orfeas_test::contains("Take more ahead"));
        }
        CHECK(below.live_allocations() == 1);

        capture_resource growing{below, 0, 256_KiB};
        CHECK(growing.taken_bytes() == 0);
        void* const a = growing.allocate(stream(0), 1000);
        CHECK(growing.taken_bytes() == 256_KiB);
        void* const b = growing.try_allocate(1_MiB, 4096);
        REQUIRE(b != nullptr);
        CHECK(reinterpret_cast<std::uintptr_t>(b) % 4096 == 0);
        CHECK(growing.taken_bytes() == 256_KiB + 1_MiB);
        growing.deallocate(stream(1), b, 1_MiB, 4096);
        growing.deallocate(stream(0), a, 1000);
        CHECK(growing.try_allocate(stream(0), ~std::size_t{0}) == nullptr);
        CHECK(below.live_allocations() == 3);
    }
    CHECK(below.leaks().empty());
    CHECK_THROWS_AS((capture_resource{below, 3_TiB}), out_of_memory);

    failing_resource failing{below, {.nth = 2}};
    capture_resource refused{failing, 1000, 1_MiB};
    CHECK(refused.taken_bytes() == 1024);
    CHECK_THROWS_WITH(refused.allocate(2_KiB), orfeas_test::contains("no further segment"));
    CHECK(refused.try_allocate(2_KiB) != nullptr);
    failing.follow({.nth = 1});
    CHECK_THROWS_AS((capture_resource{failing, 1_MiB}), out_of_memory);
}

TEST_CASE("memory: streams of a capture beyond those that can be told apart get nothing back") {
    heap_resource heap;
    capture_resource graph{heap, 1_MiB};
    for (std::size_t i = 0; i < 257; ++i) {
        graph.deallocate(stream(i), graph.allocate(stream(i), 512), 512);
    }
    CHECK(graph.retired_bytes() == 1024);
    CHECK(graph.touched_bytes() == 257 * 512);
    void* const again = graph.allocate(stream(254), 512);
    CHECK(graph.touched_bytes() == 257 * 512);
    graph.deallocate(stream(254), again, 512);
}

TEST_CASE("memory: misuse of a capture's memory is reported") {
    heap_resource heap;
    capture_resource graph{heap, 64_KiB};
    void* const p = graph.allocate(stream(0), 1000);
    CHECK_THAT(orfeas_test::last_words([&] { graph.deallocate(stream(0), p, 2000); }),
               orfeas_test::contains("the size of the allocation"));
    graph.deallocate(stream(0), p, 1000);
    CHECK_THAT(orfeas_test::last_words([&] { graph.deallocate(stream(0), p, 1000); }),
               orfeas_test::contains("and once"));
}

TEST_CASE("memory: a capture's memory agrees with a plain model over random operations") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    constexpr std::size_t streams = 4;
    constexpr std::size_t nobody = streams; // never handed out, or given back in no order
    host_vmm const device{32_MiB};
    for (int round = 0; round < 12; ++round) {
        opaque_pool p{device};
        {
            auto const growth = round % 2 == 0 ? 0 : 1_MiB;
            capture_resource graph{p, 4_MiB, growth};
            // what a stream gave up is free for it alone, as owner 1 and on, and what nobody did for none of them
            orfeas_test::plain_heap plain{std::map<std::uint64_t, std::uint64_t>{{0, ~std::uint64_t{0}}}};
            struct allocation {
                std::byte* at;
                std::size_t bytes;
            };
            std::vector<allocation> live;
            std::uint64_t sum = 0;
            for (int step = 0; step < 1500; ++step) {
                auto const on = random() % (streams + 1);
                if (random() % 100 < 52 || live.empty()) {
                    auto const bytes = static_cast<std::size_t>(orfeas_test::log_uniform(random, 300'000));
                    auto const alignment = std::size_t{1} << (random() % 14);
                    auto* const at =
                        static_cast<std::byte*>(on == nobody ? graph.try_allocate(bytes, alignment)
                                                             : graph.try_allocate(stream(on), bytes, alignment));
                    if (at == nullptr) {
                        continue;
                    }
                    REQUIRE(reinterpret_cast<std::uintptr_t>(at) % alignment == 0);
                    auto const size = extent_heap::rounded(bytes);
                    auto const first = reinterpret_cast<std::uintptr_t>(at);
                    REQUIRE((plain.is_free(first, size) ||
                             (on != nobody && plain.is_free(first, size, static_cast<unsigned>(on + 1)))));
                    plain.insert(first, size);
                    orfeas_test::fill(at, bytes);
                    live.push_back({at, bytes});
                    sum += size;
                } else {
                    auto const i = random() % live.size();
                    auto const [at, bytes] = live[i];
                    live[i] = live.back();
                    live.pop_back();
                    REQUIRE(orfeas_test::intact(at, bytes)); // nobody else had it
                    auto const size = extent_heap::rounded(bytes);
                    plain.erase(reinterpret_cast<std::uintptr_t>(at), static_cast<unsigned>(on + 1));
                    if (on == nobody) {
                        graph.deallocate(at, bytes);
                    } else {
                        graph.deallocate(stream(on), at, bytes);
                    }
                    sum -= size;
                }
                REQUIRE(graph.allocated_bytes() == sum);
                REQUIRE(graph.touched_bytes() <= graph.taken_bytes());
            }
            if (growth == 0) {
                CHECK(graph.taken_bytes() == 4_MiB);
            }
            CHECK(p.profile().allocated_bytes == graph.taken_bytes());
        }
        CHECK(p.profile().allocations == 0);
    }
}

TEST_CASE("memory: threads may capture with one resource") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    heap_resource heap;
    tracking_resource below{heap};
    {
        capture_resource graph{below, 256_KiB, 64_KiB};
        std::atomic<int> broken{0};
        std::vector<std::thread> threads;
        for (std::size_t t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                std::mt19937_64 random{seed + t};
                for (int i = 0; i < 500; ++i) {
                    auto const bytes = static_cast<std::size_t>(orfeas_test::log_uniform(random, 100'000));
                    void* const p = graph.try_allocate(stream(t), bytes);
                    if (p == nullptr) {
                        ++broken;
                        continue;
                    }
                    orfeas_test::fill(p, bytes);
                    broken += !orfeas_test::intact(p, bytes);
                    graph.deallocate(stream(t), p, bytes);
                }
            });
        }
        for (auto& each : threads) {
            each.join();
        }
        CHECK(broken == 0);
        CHECK(graph.allocated_bytes() == 0);
    }
    CHECK(below.leaks().empty());
}
