// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

using namespace orfeas::literals;
using namespace orfeas::memory;

namespace {

using limited = limiting_resource<heap_resource>;

void* take(resource_ref from, std::size_t bytes) {
    return from.allocate(bytes);
}

static_assert(sizeof(resource_ref) == 2 * sizeof(void*));
static_assert(std::is_trivially_copyable_v<resource_ref> && !std::is_default_constructible_v<resource_ref>);
static_assert(memory_resource<resource_ref> && !copying_resource<resource_ref>);
static_assert(std::convertible_to<limited&, resource_ref> && std::convertible_to<heap_resource&, resource_ref>);
static_assert(!std::convertible_to<heap_resource, resource_ref>); // of a temporary it would dangle
static_assert(!std::convertible_to<heap_resource const&, resource_ref>);
static_assert(!std::convertible_to<int&, resource_ref> && !std::convertible_to<host_vmm&, resource_ref>);

} // namespace

TEST_CASE("memory: a reference to a resource allocates from it") {
    heap_resource heap;
    limited p{heap, 8_MiB};
    resource_ref const ref{p};
    void* const a = take(p, 1000);
    void* const b = ref.try_allocate(2000, 4096);
    CHECK(p.used_bytes() == 3000);
    CHECK(reinterpret_cast<std::uintptr_t>(b) % 4096 == 0);
    ref.deallocate(a, 1000);
    ref.deallocate(b, 2000, 4096);
    CHECK(p.used_bytes() == 0);
    CHECK_THROWS_AS(ref.allocate(1_GiB), out_of_memory);
    CHECK(ref.try_allocate(1_GiB) == nullptr);
}

TEST_CASE("memory: references are equal when their resources are") {
    heap_resource heap;
    limited p{heap, 8_MiB};
    limited q{heap, 8_MiB};
    heap_resource same_heap;
    CHECK(resource_ref{p} == resource_ref{p});
    CHECK_FALSE(resource_ref{p} == resource_ref{q});
    CHECK(resource_ref{heap} == resource_ref{same_heap});
    CHECK_FALSE(resource_ref{heap} == resource_ref{p});
    resource_ref copy{p};
    copy = resource_ref{q};
    CHECK(copy == resource_ref{q});
}

TEST_CASE("memory: a buffer takes a reference for its resource") {
    heap_resource heap;
    limited p{heap, 8_MiB};
    resource_ref ref{p};
    {
        buffer<int, resource_ref> numbers{ref, 100};
        numbers[99] = 7;
        CHECK(p.used_bytes() == 400);
    }
    CHECK(p.used_bytes() == 0);
}
