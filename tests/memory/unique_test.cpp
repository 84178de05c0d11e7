// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/tracking_resource.hpp>
#include <orfeas/memory/unique.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

using namespace orfeas::literals;
using namespace orfeas::memory;

namespace {

struct alignas(128) parameters {
    float gain;
    int rounds;
};

using tracked = tracking_resource<heap_resource>;

static_assert(!std::is_copy_constructible_v<unique<int, tracked>> &&
              std::is_nothrow_move_constructible_v<unique<int, tracked>>);
static_assert(std::is_nothrow_move_assignable_v<unique<int, tracked>>);

} // namespace

TEST_CASE("memory: an object in a resource ends with its owner") {
    heap_resource heap;
    tracked p{heap};
    {
        auto one = make_unique_in(p, parameters{1.5F, 7});
        CHECK(reinterpret_cast<std::uintptr_t>(one.get()) % 128 == 0);
        CHECK(one->rounds == 7);
        CHECK((*one).gain == 1.5F);
        one->rounds = 8;
        CHECK(one.load().rounds == 8);
        one.store({2.5F, 9});
        CHECK(std::as_const(one)->rounds == 9);
        CHECK(p.live_allocations() == 1);
        unique<parameters, tracked> moved{std::move(one)};
        CHECK_FALSE(one);
        one.swap(moved);
        CHECK(one);
        moved = std::move(one);
        CHECK(moved.load().gain == 2.5F);
        moved = unique<parameters, tracked>{};
        CHECK(p.live_allocations() == 0);
        CHECK(moved.get() == nullptr);
    }
    unique<int, tracked> number{p};
    *number = 4;
    int* const released = number.release();
    CHECK_FALSE(number);
    p.deallocate(released, sizeof(int), alignof(int));
    CHECK(p.live_allocations() == 0);
}

TEST_CASE("memory: what is null is not read") {
    unique<int, tracked> none;
    CHECK_THAT(orfeas_test::last_words([&] { (void)none.load(); }), orfeas_test::contains("that is there"));
    CHECK_THAT(orfeas_test::last_words([&] { *none = 1; }), orfeas_test::contains("within the buffer"));
}

TEST_CASE("memory: an object lives in any resource") {
    heap_resource heap;
    resource_ref ref{heap};
    unique<int, resource_ref> on_heap{ref};
    *on_heap = 3;
    CHECK(*on_heap == 3);
}
