// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/failing_resource.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/reserving_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/stream_ref.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

using namespace orfeas::literals;
using namespace orfeas::memory;
using orfeas_test::opaque_pool;

namespace {

using pool_share = reserving_resource<opaque_pool>;
static_assert(!stream_ordered_resource<reservation<heap_resource>>);
static_assert(memory_resource<reservation<resource_ref>> && !copying_resource<reservation<resource_ref>>);
static_assert(std::is_nothrow_move_constructible_v<reservation<opaque_pool>>);
static_assert(std::is_nothrow_move_assignable_v<reservation<opaque_pool>>);
static_assert(!std::is_copy_constructible_v<reservation<opaque_pool>> && !std::is_move_constructible_v<pool_share>);
static_assert(detail::pool_unit_bytes == extent_heap::unit_bytes);
static_assert(detail::request_units(0) == extent_heap::rounded(0));
static_assert(detail::request_units(513) == extent_heap::rounded(513));
static_assert(detail::whole_units(~std::uint64_t{0}) == ~std::uint64_t{511});

} // namespace

TEST_CASE("memory: what a task reserved is not given to others") {
    heap_resource heap;
    reserving_resource shared{heap, 10 * 512 + 100};
    CHECK(shared.limit_bytes() == 10 * 512);
    {
        auto mine = shared.reserve(3000); // six units
        CHECK(mine.granted_bytes() == 3072);
        CHECK(mine.balance_bytes() == 3072);
        CHECK(shared.available_bytes() == 4 * 512);
        CHECK(shared.used_bytes() == 0);
        CHECK(shared.try_allocate(4 * 512 + 1) == nullptr);
        void* const theirs = shared.allocate(4 * 512);
        CHECK(shared.try_allocate(0) == nullptr);

        void* const a = mine.allocate(1024);
        void* const b = mine.try_allocate(2000, 64);
        REQUIRE(b != nullptr);
        CHECK(mine.balance_bytes() == 0);
        CHECK(shared.used_bytes() == 10 * 512);
        CHECK(mine.try_allocate(1) == nullptr);
        mine.deallocate(b, 2000, 64);
        CHECK(mine.balance_bytes() == 2048); // its own again, and nobody else's
        CHECK(shared.try_allocate(1) == nullptr);
        mine.deallocate(a, 1024);
        mine.deallocate(nullptr, 1024);
        shared.deallocate(theirs, 4 * 512);
    }
    CHECK(shared.available_bytes() == 10 * 512);
    CHECK(shared.used_bytes() == 0);
}

TEST_CASE("memory: a reservation that is used up draws on what nobody reserved, and gives that back first") {
    heap_resource heap;
    reserving_resource shared{heap, 8 * 512};
    auto mine = shared.reserve(2 * 512);
    void* const a = mine.allocate(512);
    void* const b = mine.allocate(3 * 512); // one unit of the balance, two of the others'
    CHECK(mine.used_bytes() == 4 * 512);
    CHECK(mine.balance_bytes() == 0);
    CHECK(shared.available_bytes() == 4 * 512);
    CHECK(mine.try_allocate(4 * 512 + 1) == nullptr);
    CHECK_THROWS_AS(mine.allocate(~std::size_t{0}), out_of_memory);
    mine.deallocate(a, 512);
    CHECK(shared.available_bytes() == 5 * 512);
    CHECK(mine.balance_bytes() == 0);
    mine.deallocate(b, 3 * 512);
    CHECK(mine.balance_bytes() == 2 * 512);
    CHECK(shared.available_bytes() == 6 * 512);
}

TEST_CASE("memory: reserving more than there is says what is taken, answers nothing, or takes what there is") {
    heap_resource heap;
    reserving_resource shared{heap, 1_MiB};
    auto first = shared.reserve(600_KiB);
    void* const p = first.allocate(100_KiB);
    CHECK_FALSE(shared.try_reserve(425_KiB));
    try {
        auto const second = shared.reserve(425_KiB);
        FAIL("not refused");
    } catch (out_of_memory const& e) {
        CHECK(e.report().requested_bytes == 425_KiB);
        CHECK(e.report().total_bytes == 1_MiB);
        CHECK(e.report().reserved_bytes == 600_KiB);
        CHECK(e.report().allocated_bytes == 100_KiB);
        CHECK(e.report().largest_free_bytes == 424_KiB);
    }
    auto const some = shared.reserve_up_to(300_KiB);
    CHECK(some.granted_bytes() == 300_KiB);
    auto const rest = shared.reserve_up_to(1_GiB);
    CHECK(rest.granted_bytes() == 124_KiB);
    auto none = shared.reserve_up_to(1_GiB);
    CHECK(none.granted_bytes() == 0);
    CHECK(shared.try_reserve(0)->granted_bytes() == 0);
    CHECK(none.try_allocate(1) == nullptr);
    CHECK_THROWS_WITH(none.allocate(1), orfeas_test::contains("reserving resource"));
    first.deallocate(p, 100_KiB);
}

TEST_CASE("memory: what the resource below refuses stays in the balance") {
    heap_resource heap;
    failing_resource below{heap, {.probability = 1}};
    reserving_resource shared{below, 1_MiB};
    auto mine = shared.reserve(512_KiB);
    CHECK(mine.try_allocate(600_KiB) == nullptr);
    CHECK_THROWS_AS(mine.allocate(1000), out_of_memory);
    CHECK_THROWS_AS(shared.allocate(1000), out_of_memory);
    CHECK(mine.balance_bytes() == 512_KiB);
    CHECK(shared.available_bytes() == 512_KiB);
    CHECK(shared.used_bytes() == 0);
}

TEST_CASE("memory: a reservation moves, with what it has served") {
    heap_resource heap;
    heap_resource other;
    reserving_resource shared{heap, 1_MiB};
    reserving_resource elsewhere{other, 1_MiB};
    auto mine = shared.reserve(4096);
    void* const p = mine.allocate(1000);
    auto moved = std::move(mine);
    CHECK(moved.used_bytes() == 1024);
    CHECK(mine.granted_bytes() == 0); // NOLINT: that is what is asked
    CHECK(mine.try_allocate(1) == nullptr);
    CHECK_THROWS_WITH(mine.allocate(1), orfeas_test::contains("has ended"));
    moved.deallocate(p, 1000);
    CHECK_FALSE(moved == mine);
    CHECK(moved == moved);

    mine = elsewhere.reserve(512);
    CHECK(&mine.upstream() == &other);
    mine = std::move(moved);
    CHECK(&mine.upstream() == &heap);
    CHECK(mine.granted_bytes() == 4096);
    CHECK(elsewhere.available_bytes() == 1_MiB);
    std::optional<reservation<heap_resource>> later = shared.try_reserve(512);
    later = shared.try_reserve(2_MiB);
    CHECK_FALSE(later);
    CHECK(shared.available_bytes() == 1_MiB - 4096);
}

TEST_CASE("memory: what outlives a released reservation goes on as an allocation of all") {
    heap_resource heap;
    tracking_resource below{heap};
    reserving_resource shared{below, 1_MiB};
    void* result = nullptr;
    void* large = nullptr;
    {
        auto task = shared.reserve(100_KiB);
        void* const scratch = task.allocate(60_KiB);
        result = task.allocate(10_KiB);
        task.deallocate(scratch, 60_KiB);
        CHECK(task.release() == 10_KiB);
        CHECK(task.try_allocate(1) == nullptr);
        CHECK(task.release() == 0);
        CHECK(shared.available_bytes() == 1_MiB - 10_KiB);
        auto beyond = shared.reserve(1_KiB);
        large = beyond.allocate(500_KiB);
        CHECK(beyond.release() == 500_KiB);
    }
    CHECK(shared.used_bytes() == 510_KiB);
    CHECK(shared.available_bytes() == 1_MiB - 510_KiB);
    shared.deallocate(result, 10_KiB);
    shared.deallocate(large, 500_KiB);
    CHECK(shared.available_bytes() == 1_MiB);
    CHECK(below.leaks().empty());
}

TEST_CASE("memory: misuse of reservations is reported") {
    heap_resource heap;
    reserving_resource shared{heap, 1_MiB};
    void* const theirs = shared.allocate(512);
    CHECK_THAT(orfeas_test::last_words([&] {
                   auto mine = shared.reserve(4096);
                   static_cast<void>(mine.allocate(1000)); // still live when it ends
               }),
               orfeas_test::contains("before it ends"));
    CHECK_THAT(orfeas_test::last_words([&] { shared.reserve(4096).deallocate(theirs, 512); }),
               orfeas_test::contains("through this reservation"));
    CHECK_THAT(orfeas_test::last_words([&] {
                   auto mine = shared.reserve(4096);
                   buffer<int, reservation<heap_resource>> const numbers{mine, 10};
                   auto const moved = std::move(mine); // the buffer knows the old place
               }),
               orfeas_test::contains("before it ends"));
    CHECK_THAT(orfeas_test::last_words([&] { shared.deallocate(theirs, 1000); }),
               orfeas_test::contains("through this resource"));
    shared.deallocate(theirs, 512);
}

TEST_CASE("memory: a reservation's buffers live in the pool, in the order of streams") {
    opaque_pool p{null_vmm{64_MiB}};
    reserving_resource shared{p, 64_MiB};
    auto task = shared.reserve(8_MiB);
    int number = 0;
    stream_ref const stream{&number};
    {
        buffer<float, reservation<opaque_pool>> const heights{task, stream, 1_MiB};
        CHECK(p.profile().allocated_bytes == 4_MiB);
        CHECK(task.balance_bytes() == 4_MiB);
    }
    CHECK(p.profile().pending_bytes == 4_MiB);
    CHECK(task.balance_bytes() == 8_MiB);
    void* const a = shared.allocate(stream, 1000);
    void* const b = shared.try_allocate(stream, 1000);
    shared.deallocate(stream, a, 1000);
    shared.deallocate(stream, b, 1000);
    CHECK(shared.used_bytes() == 0);
    std::array<int, 3> const in{1, 2, 3};
    buffer<int, pool_share> numbers{shared, 3};
    numbers.copy_in(in);
    CHECK_FALSE(task.host_accessible());
}

TEST_CASE("memory: with the limit of the pool, every reservation can be allocated") {
    null_vmm const device{64_MiB};
    opaque_pool p{device};
    reserving_resource shared{p, p.profile().total_bytes};
    std::vector<reservation<opaque_pool>> tasks;
    while (auto made = shared.try_reserve(6_MiB)) {
        tasks.push_back(std::move(*made));
    }
    REQUIRE(tasks.size() == 10);
    std::vector<void*> all;
    for (int i = 0; i < 3; ++i) { // in turns, so that nobody's memory lies together
        for (auto& each : tasks) {
            all.push_back(each.allocate(2_MiB));
        }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        tasks[i % 10].deallocate(all[i], 2_MiB);
    }
    CHECK(p.profile().allocations == 0);
}

TEST_CASE("memory: reservations keep their promise under threads") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    constexpr std::uint64_t unit = 512;
    constexpr std::uint64_t limit = 64 * unit;
    heap_resource heap;
    tracking_resource below{heap};
    reserving_resource shared{below, limit};
    std::atomic<int> broken{0};
    // one reservation for two threads, which never hold more than half of it each
    auto common = shared.reserve(16 * unit);
    auto const work = [&](std::uint64_t number) {
        std::mt19937_64 random{seed + number};
        std::vector<std::pair<void*, std::size_t>> open;
        for (int i = 0; i < 1500; ++i) {
            auto mine = shared.reserve_up_to(random() % 20 * unit);
            std::vector<std::pair<void*, std::size_t>> held;
            for (auto left = mine.granted_bytes(); left > 0;) { // none of these may be refused
                auto const bytes = (1 + random() % (left / unit)) * unit;
                void* const p = mine.try_allocate(bytes);
                broken += p == nullptr;
                held.emplace_back(p, bytes);
                left -= bytes;
            }
            if (void* const p = mine.try_allocate(3 * unit)) { // on top, if others have left it
                held.emplace_back(p, 3 * unit);
            }
            auto const half = (1 + random() % 8) * unit;
            void* const p = common.try_allocate(half);
            broken += p == nullptr || below.live_bytes() > limit;
            common.deallocate(p, half);
            if (void* const q = shared.try_allocate(2 * unit)) {
                shared.deallocate(q, 2 * unit);
            }
            for (auto const& [at, bytes] : held) {
                mine.deallocate(at, bytes);
            }
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 2; ++i) {
        threads.emplace_back(work, i);
    }
    for (auto& each : threads) {
        each.join();
    }
    CHECK(broken == 0);
    CHECK(below.peak_bytes() <= limit);
    CHECK(common.release() == 0);
    CHECK(shared.available_bytes() == limit);
    CHECK(shared.used_bytes() == 0);
}
