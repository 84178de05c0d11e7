// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/any_resource.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/failing_resource.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

using namespace orfeas::literals;
using namespace orfeas::memory;

namespace {

static_assert(!stream_ordered_resource<limiting_resource<heap_resource>>);
static_assert(memory_resource<limiting_resource<resource_ref>> && !copying_resource<limiting_resource<resource_ref>>);
static_assert(memory_resource<limiting_resource<any_resource>>);
static_assert(!std::is_copy_constructible_v<limiting_resource<heap_resource>>);

} // namespace

TEST_CASE("memory: a limit is kept to the byte, and upstream not asked beyond it") {
    heap_resource heap;
    tracking_resource below{heap};
    limiting_resource limited{below, 1000};
    CHECK(limited.limit_bytes() == 1000);
    void* const a = limited.allocate(600);
    CHECK(limited.try_allocate(401) == nullptr);
    CHECK_THROWS_AS(limited.allocate(~std::size_t{0}), out_of_memory);
    void* const b = limited.try_allocate(400, 64);
    REQUIRE(b != nullptr);
    CHECK(limited.used_bytes() == 1000);
    CHECK(below.allocations() == 2);
    void* const none = limited.allocate(0);
    limited.deallocate(none, 0);
    limited.deallocate(a, 600);
    limited.deallocate(nullptr, 600);
    CHECK(limited.used_bytes() == 400);
    limited.deallocate(b, 400, 64);
    CHECK(limited.used_bytes() == 0);
    CHECK(below.leaks().empty());
}

TEST_CASE("memory: a refusal by a limit says what the limit is") {
    heap_resource heap;
    limiting_resource limited{heap, 1_MiB};
    void* const p = limited.allocate(600'000);
    try {
        (void)limited.allocate(1_MiB, 64);
        FAIL("not refused");
    } catch (out_of_memory const& e) {
        CHECK(e.report().requested_bytes == 1_MiB);
        CHECK(e.report().alignment == 64);
        CHECK(e.report().total_bytes == 1_MiB);
        CHECK(e.report().allocated_bytes == 600'000);
    }
    limited.deallocate(p, 600'000);
}

TEST_CASE("memory: what upstream refuses does not count against a limit") {
    heap_resource heap;
    failing_resource below{heap, {.probability = 1}};
    limiting_resource limited{below, 1_MiB};
    CHECK(limited.try_allocate(1000) == nullptr);
    CHECK_THROWS_AS(limited.allocate(1000), out_of_memory);
    CHECK(limited.used_bytes() == 0);
}

TEST_CASE("memory: a limit holds under threads") {
    heap_resource heap;
    tracking_resource below{heap};
    limiting_resource limited{below, 5000};
    std::vector<std::thread> threads;
    std::atomic<bool> beyond{false};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            auto const bytes = static_cast<std::size_t>(500 + 300 * t);
            std::vector<void*> mine;
            for (int i = 0; i < 2000; ++i) {
                if (void* const p = limited.try_allocate(bytes)) {
                    mine.push_back(p);
                }
                if (below.live_bytes() > 5000) {
                    beyond = true;
                }
                if (!mine.empty() && i % 3 != 0) {
                    limited.deallocate(mine.back(), bytes);
                    mine.pop_back();
                }
            }
            for (void* const p : mine) {
                limited.deallocate(p, bytes);
            }
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    CHECK_FALSE(beyond);
    CHECK(below.peak_bytes() <= 5000);
    CHECK(limited.used_bytes() == 0);
}

TEST_CASE("memory: a limit forwards copies and where the memory lies") {
    heap_resource heap;
    limiting_resource on_heap{heap, 1_MiB};
    buffer<int, limiting_resource<heap_resource>> numbers{on_heap, 10};
    std::array<int, 10> const in{1, 2, 3};
    std::array<int, 10> out{};
    numbers.copy_in(in);
    numbers.copy_out(out);
    CHECK(in == out);
    CHECK(on_heap.host_accessible());
    CHECK_FALSE(on_heap == limiting_resource{heap, 1_MiB});
}

TEST_CASE("memory: a limit notices that more comes back than went out") {
    heap_resource heap;
    limiting_resource limited{heap, 1_MiB};
    void* const p = limited.allocate(100);
    CHECK_THAT(orfeas_test::last_words([&] { limited.deallocate(p, 200); }),
               orfeas_test::contains("through this limit"));
    limited.deallocate(p, 100);
}
