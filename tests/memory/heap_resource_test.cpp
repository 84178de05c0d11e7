// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/heap_resource.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

using namespace orfeas::literals;
using orfeas::memory::heap_resource;

TEST_CASE("memory: heap resource aligns and copies") {
    heap_resource heap;
    CHECK(heap == heap_resource{});
    for (std::size_t alignment = 1; alignment <= 1_MiB; alignment *= 4) {
        void* const p = heap.allocate(100, alignment);
        CHECK(reinterpret_cast<std::uintptr_t>(p) % alignment == 0);
        heap.deallocate(p, 100, alignment);
    }
    void* const zero = heap.allocate(0);
    CHECK(zero != nullptr);
    heap.copy_in(zero, nullptr, 0);
    heap.deallocate(zero, 0);
    heap.deallocate(nullptr, 1);
}

TEST_CASE("memory: heap resource refuses what no heap has") {
    heap_resource heap;
    std::size_t const bytes = std::numeric_limits<std::size_t>::max() / 2 + 1;
    CHECK(heap.try_allocate(bytes) == nullptr);
    CHECK_THROWS_AS(heap.allocate(bytes), orfeas::memory::out_of_memory);
}
