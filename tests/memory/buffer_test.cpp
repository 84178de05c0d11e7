// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/stream_ref.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::heap_resource;
using orfeas::memory::limiting_resource;
using orfeas::memory::out_of_memory;
using orfeas::memory::stream_ref;
using orfeas::memory::tracking_resource;

namespace {

using tracked = tracking_resource<heap_resource>;
using limited = limiting_resource<heap_resource>;

template<class T, class Resource = tracked>
using buffer = orfeas::memory::buffer<T, Resource>;

} // namespace

TEST_CASE("memory: a buffer owns its memory for as long as it lives") {
    heap_resource heap;
    tracked p{heap};
    {
        buffer<int> numbers{p, 1000};
        CHECK(numbers.size() == 1000);
        CHECK(numbers.size_bytes() == 4000);
        CHECK_FALSE(numbers.empty());
        CHECK(p.live_bytes() == 4000);
        std::iota(numbers.span().begin(), numbers.span().end(), 0);
        CHECK(numbers[999] == 999);
        CHECK(std::as_const(numbers).span()[500] == 500);
        CHECK(std::as_const(numbers).data() == &numbers[0]);
    }
    CHECK(p.live_allocations() == 0);
}

TEST_CASE("memory: buffers move and swap, and leave nothing behind") {
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<buffer<int>>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<buffer<int>>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<buffer<int>>);
    heap_resource heap;
    tracked p{heap};
    tracked q{heap};
    buffer<int> a{p, 10};
    a[3] = 33;
    buffer<int> b{std::move(a)};
    CHECK(b[3] == 33);
    CHECK(a.empty());
    CHECK(a.data() == nullptr);
    a = buffer<int>{q, 20};
    a.swap(b);
    CHECK(a.size() == 10);
    CHECK(b.size() == 20);
    b = std::move(a);
    CHECK(b[3] == 33);
    CHECK(q.live_allocations() == 0);
    b = buffer<int>{};
    CHECK(p.live_allocations() == 0);
}

TEST_CASE("memory: an empty buffer takes nothing") {
    heap_resource heap;
    tracked p{heap};
    buffer<double> none{p, 0};
    CHECK(none.empty());
    CHECK(none.data() == nullptr);
    none.copy_in({});
    none.copy_out({});
    CHECK(p.allocations() == 0);
    CHECK(buffer<double>::try_make(p, 0)->empty());
}

TEST_CASE("memory: a buffer that cannot be had is refused, also when its size overflows") {
    heap_resource heap;
    limited p{heap, 8_MiB};
    CHECK_THROWS_AS((buffer<int, limited>{p, 4_MiB}), out_of_memory);
    CHECK_THROWS_AS((buffer<std::uint64_t, limited>{p, ~std::size_t{0} / 4}), out_of_memory);
    CHECK_FALSE(buffer<int, limited>::try_make(p, 4_MiB));
    CHECK_FALSE(buffer<std::uint64_t, limited>::try_make(p, ~std::size_t{0}));
    CHECK(buffer<int, limited>::try_make(p, 100)->size() == 100);
    CHECK(p.used_bytes() == 0);
}

TEST_CASE("memory: buffers copy in and out of any resource that copies") {
    std::vector<int> in(500);
    std::iota(in.begin(), in.end(), 1);
    std::array<int, 100> out{};
    heap_resource heap;
    buffer<int, heap_resource> on_the_heap{heap, 600};
    on_the_heap.copy_in(in);
    on_the_heap.copy_out(out);
    CHECK(out[99] == 100);
}

TEST_CASE("memory: a buffer checks its bounds") {
    heap_resource heap;
    tracked p{heap};
    buffer<int> ten{p, 10};
    std::vector<int> eleven(11);
    CHECK_THAT(orfeas_test::last_words([&] { ten[10] = 1; }), orfeas_test::contains("index within the buffer"));
    CHECK_THAT(orfeas_test::last_words([&] { ten.copy_in(eleven); }), orfeas_test::contains("no more than"));
    CHECK_THAT(orfeas_test::last_words([&] { ten.copy_out(eleven); }), orfeas_test::contains("no more than"));
}

TEST_CASE("memory: a buffer gives its memory up when asked") {
    heap_resource heap;
    buffer<int, heap_resource> numbers{heap, 10};
    auto const bytes = numbers.size_bytes();
    int* const released = numbers.release();
    CHECK(numbers.empty());
    CHECK(numbers.data() == nullptr);
    CHECK(numbers.release() == nullptr);
    released[9] = 1;
    heap.deallocate(released, bytes, alignof(int));
    STATIC_REQUIRE_FALSE(std::is_constructible_v<buffer<int, heap_resource>, heap_resource&, stream_ref, std::size_t>);
}
