// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/any_resource.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

using namespace orfeas::literals;
using namespace orfeas::memory;

namespace {

/// Counts how many of it live, and is as large as asked for.
template<std::size_t Words>
struct counting : heap_resource {
    explicit counting(std::shared_ptr<int> count) : alive{std::move(count)} { ++*alive; }
    counting(counting&& other) noexcept : alive{other.alive} { ++*alive; }
    ~counting() { --*alive; }
    bool operator==(counting const& other) const noexcept { return alive == other.alive; }

    std::shared_ptr<int> alive;
    std::array<void*, Words> padding{};
};

static_assert(memory_resource<any_resource> && !copying_resource<any_resource>);
static_assert(!std::is_copy_constructible_v<any_resource> && std::is_nothrow_move_constructible_v<any_resource>);
static_assert(std::is_nothrow_move_assignable_v<any_resource>);
static_assert(std::constructible_from<any_resource, heap_resource>);
static_assert(!std::constructible_from<any_resource, int>);
static_assert(!std::convertible_to<heap_resource, any_resource>);

template<std::size_t Words>
void outlives_its_moves() {
    auto const alive = std::make_shared<int>(0);
    {
        any_resource a{counting<Words>{alive}};
        CHECK(*alive == 1);
        any_resource b{std::move(a)};
        CHECK(*alive == 1);
        CHECK(a.empty());
        a = std::move(b);
        CHECK(a.template target<counting<Words>>()->alive == alive);
        b = any_resource{counting<Words>{std::make_shared<int>(0)}};
        CHECK_FALSE(a == b);
        b = std::move(a);
        CHECK(*alive == 1);
        auto& same = b;
        b = std::move(same);
        CHECK_FALSE(b.empty());
        void* const p = b.allocate(100, 64);
        b.deallocate(p, 100, 64);
    }
    CHECK(*alive == 0);
}

} // namespace

TEST_CASE("memory: an owned resource lives once, inside or on the heap") {
    STATIC_REQUIRE(sizeof(counting<0>) < any_resource::inline_bytes);
    outlives_its_moves<0>();
    outlives_its_moves<8>();
}

TEST_CASE("memory: owned resources are equal when what they hold is") {
    any_resource empty;
    any_resource heap{heap_resource{}};
    any_resource same{heap_resource{}};
    heap_resource below;
    tracking_resource p{below};
    any_resource ref{resource_ref{p}};
    CHECK(empty == any_resource{});
    CHECK(heap == same);
    CHECK_FALSE(heap == empty);
    CHECK_FALSE(heap == ref);
    CHECK(ref == any_resource{resource_ref{p}});
}

TEST_CASE("memory: an empty owner of a resource says so") {
    any_resource empty;
    CHECK_THAT(orfeas_test::last_words([&] { (void)empty.allocate(1); }),
               orfeas_test::contains("that holds a resource"));
}
