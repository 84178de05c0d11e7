// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "memory/failing_backend.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/null_vmm.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <type_traits>
#include <utility>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::buffer;
using orfeas::memory::heap_resource;
using orfeas::memory::host_vmm;
using orfeas::memory::null_vmm;
using orfeas::memory::out_of_memory;
using orfeas::memory::pool;
using orfeas::memory::stream_ref;

TEST_CASE("memory: a buffer owns its memory for as long as it lives") {
    pool p{host_vmm{8_MiB}};
    {
        buffer<int> numbers{p, 1000};
        CHECK(numbers.size() == 1000);
        CHECK(numbers.size_bytes() == 4000);
        CHECK_FALSE(numbers.empty());
        CHECK(p.profile().allocated_bytes == 4096);
        std::iota(numbers.span().begin(), numbers.span().end(), 0);
        CHECK(numbers[999] == 999);
        CHECK(std::as_const(numbers).span()[500] == 500);
        CHECK(std::as_const(numbers).data() == &numbers[0]);
    }
    CHECK(p.profile().allocated_bytes == 0);
}

TEST_CASE("memory: buffers move and swap, and leave nothing behind") {
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<buffer<int>>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<buffer<int>>);
    STATIC_REQUIRE(std::is_nothrow_move_assignable_v<buffer<int>>);
    pool p{host_vmm{8_MiB}};
    pool q{host_vmm{8_MiB}};
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
    CHECK(q.profile().allocated_bytes == 0);
    b = buffer<int>{};
    CHECK(p.profile().allocated_bytes == 0);
}

TEST_CASE("memory: an empty buffer takes nothing") {
    pool p{host_vmm{8_MiB}};
    buffer<double> none{p, 0};
    CHECK(none.empty());
    CHECK(none.data() == nullptr);
    none.copy_in({});
    none.copy_out({});
    CHECK(p.profile().reserved_bytes == 0);
    CHECK(buffer<double>::try_make(p, 0)->empty());
}

TEST_CASE("memory: a buffer that cannot be had is refused, also when its size overflows") {
    pool p{host_vmm{8_MiB}};
    CHECK_THROWS_AS((buffer<int>{p, 4_MiB}), out_of_memory);
    CHECK_THROWS_AS((buffer<std::uint64_t>{p, ~std::size_t{0} / 4}), out_of_memory);
    CHECK_FALSE(buffer<int>::try_make(p, 4_MiB));
    CHECK_FALSE(buffer<std::uint64_t>::try_make(p, ~std::size_t{0}));
    CHECK(buffer<int>::try_make(p, 100)->size() == 100);
    CHECK(p.profile().allocated_bytes == 0);
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

    using failing_pool = orfeas::memory::basic_pool<orfeas_test::failing_backend>;
    failing_pool p{orfeas_test::failing_backend{8_MiB}};
    buffer<int, failing_pool> pooled{p, 600};
    pooled.copy_in(in);
    p.backend().fail(1);
    CHECK_THROWS_AS(pooled.copy_out(out), orfeas::memory::backend_error);
    pooled.copy_out(out);
    CHECK(out[0] == 1);
}

TEST_CASE("memory: a buffer checks its bounds") {
    pool p{host_vmm{8_MiB}};
    buffer<int> ten{p, 10};
    std::vector<int> eleven(11);
    CHECK_THAT(orfeas_test::last_words([&] { ten[10] = 1; }), orfeas_test::contains("index within the buffer"));
    CHECK_THAT(orfeas_test::last_words([&] { ten.copy_in(eleven); }), orfeas_test::contains("no more than"));
    CHECK_THAT(orfeas_test::last_words([&] { ten.copy_out(eleven); }), orfeas_test::contains("no more than"));
}

TEST_CASE("memory: a buffer of a stream goes back in its order") {
    using streamed_pool = orfeas::memory::basic_pool<null_vmm>;
    using streamed = buffer<int, streamed_pool>;
    streamed_pool p{null_vmm{}};
    int one = 0;
    int two = 0;
    stream_ref const first{&one};
    stream_ref const second{&two};
    int* at = nullptr;
    {
        streamed numbers{p, first, 100};
        at = numbers.data();
        CHECK(numbers.stream() == first);
        streamed moved{std::move(numbers)};
        CHECK(moved.stream() == first);
    }
    CHECK(p.profile().pending_bytes == 512);
    {
        streamed again{p, first, 100};
        CHECK(again.data() == at); // the stream's own memory
        again.set_stream(second);
    }
    {
        auto other = streamed::try_make(p, second, 100);
        REQUIRE(other);
        CHECK(other->data() == at);
        CHECK(streamed::try_make(p, first, 0)->empty());
        CHECK_FALSE(streamed::try_make(p, first, ~std::size_t{0}));
        CHECK(streamed(p, first, 0).data() == nullptr);
        streamed none{p, 10};
        CHECK_FALSE(none.stream());
        none.swap(*other);
        CHECK(none.stream() == second);
    }
    CHECK(p.profile().allocations == 0);
    CHECK(p.profile().pending_bytes == 512);
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
