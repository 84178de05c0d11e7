// SPDX-License-Identifier: MIT
//
// What takes a resource works on a pool: owners of memory, adaptors and caches, in the order of streams where they have one.
#include "memory/failing_backend.hpp"
#include "support/catch.hpp"
#include "support/pools.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/any_resource.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/capture_resource.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/failing_resource.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/reserving_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/thread_cache.hpp>
#include <orfeas/memory/tracking_resource.hpp>
#include <orfeas/memory/unique.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

using namespace orfeas::literals;
using namespace orfeas::memory;
using orfeas_test::failing_backend;

static_assert(memory_resource<pool> && copying_resource<pool> && profiled_resource<pool> && reclaimable_resource<pool>);
static_assert(stream_ordered_resource<pool> && stream_ordered_resource<basic_pool<null_vmm>>);
static_assert(!memory_backend<pool> && orfeas::measurable<pool>);
static_assert(!std::is_copy_constructible_v<pool> && !std::is_move_constructible_v<pool>);
static_assert(std::convertible_to<pool&, resource_ref>);
static_assert(stream_ordered_resource<capture_resource<pool>> && copying_resource<capture_resource<pool>>);
static_assert(stream_ordered_resource<reserving_resource<pool>> && copying_resource<reserving_resource<pool>>);
static_assert(stream_ordered_resource<reservation<pool>> && copying_resource<reservation<pool>>);
static_assert(stream_ordered_resource<failing_resource<pool>> && copying_resource<failing_resource<pool>>);
static_assert(stream_ordered_resource<tracking_resource<pool>> && copying_resource<tracking_resource<pool>>);
static_assert(!profiled_resource<tracking_resource<pool>>);
static_assert(copying_resource<limiting_resource<pool>> && stream_ordered_resource<limiting_resource<pool>>);
static_assert(copying_resource<limiting_resource<tracking_resource<failing_resource<pool>>>>);
static_assert(stream_ordered_resource<limiting_resource<tracking_resource<failing_resource<pool>>>>);
static_assert(copying_resource<thread_cache<pool>>);
static_assert(!stream_ordered_resource<thread_cache<pool>>); // it has one stream at most
static_assert(std::is_constructible_v<thread_cache<pool>, pool&, stream_ref>);

TEST_CASE("memory: a buffer's memory is the pool's, and goes back to it") {
    pool p{host_vmm{8_MiB}};
    {
        buffer<int> numbers{p, 1000};
        numbers[999] = 7;
        CHECK(p.profile().allocated_bytes == 4096);
        CHECK(p.profile().requested_bytes == 4000);
        buffer<char> const named{p, 10, {.tag = p.tag("names")}};
        CHECK(p.tags().at(1).name == "names");
    }
    CHECK(p.profile().allocated_bytes == 0);
    CHECK_THROWS_AS((buffer<int>{p, 4_MiB}), out_of_memory);
    CHECK_FALSE(buffer<int>::try_make(p, 4_MiB));
}

TEST_CASE("memory: a copy that the pool's device refuses changes nothing") {
    pool p{failing_backend{8_MiB}};
    std::array<int, 3> const in{1, 2, 3};
    std::array<int, 3> out{};
    buffer<int> pooled{p, 600};
    pooled.copy_in(in);
    p.backend().target<failing_backend>()->fail(1);
    CHECK_THROWS_AS(pooled.copy_out(out), backend_error);
    pooled.copy_out(out);
    CHECK(in == out);
}

TEST_CASE("memory: a buffer of a stream goes back in its order") {
    using streamed = buffer<int>;
    pool p{null_vmm{}};
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

TEST_CASE("memory: an object that cannot be had leaves nothing") {
    pool p{failing_backend{8_MiB}};
    { unique<int> warm{p}; }
    p.backend().target<failing_backend>()->fail(1);
    CHECK_THROWS_AS(make_unique_in(p, 7), backend_error); // there is memory, but the copy fails
    CHECK(p.profile().allocations == 0);
    pool small{host_vmm{64_KiB}, {.segment_bytes = 64_KiB}};
    struct large {
        char bytes[100'000];
    };
    CHECK_THROWS_AS(unique<large>{small}, out_of_memory);
}

TEST_CASE("memory: an object of a stream goes back in its order") {
    pool p{null_vmm{}};
    int number = 0;
    {
        unique<double> one{p, stream_ref{}};
        CHECK(one.stream() == stream_ref{});
        one.set_stream(stream_ref{&number});
    }
    CHECK(p.profile().pending_bytes == 512);
}

TEST_CASE("memory: a pool is made in place, as it does not move") {
    any_resource any{std::in_place_type<pool>, host_vmm{8_MiB}};
    void* const p = any.allocate(1000);
    any_resource moved{std::move(any)};
    REQUIRE(moved.target<pool>() != nullptr);
    CHECK(moved.target<heap_resource>() == nullptr);
    CHECK(moved.target<pool>()->profile().allocations == 1);
    moved.deallocate(p, 1000);
    CHECK(moved.target<pool>()->profile().allocations == 0);
    CHECK_THROWS_AS(moved.allocate(1_GiB), out_of_memory);
    CHECK(moved.try_allocate(1_GiB) == nullptr);
}

TEST_CASE("memory: a limit forwards streams") {
    pool p{null_vmm{}};
    limiting_resource limited{p, 1_MiB};
    int number = 0;
    stream_ref const stream{&number};
    void* const a = limited.allocate(stream, 1000);
    void* const b = limited.try_allocate(stream, 1000);
    CHECK(limited.used_bytes() == 2000);
    limited.deallocate(stream, a, 1000);
    CHECK(p.profile().pending_bytes == 1024);
    limited.deallocate(stream, b, 1000);
    limited.deallocate(stream, nullptr, 1000);
    CHECK(limited.used_bytes() == 0);
    CHECK(limited.host_accessible() == p.host_accessible());
    CHECK(&limited.upstream() == &p);
}

TEST_CASE("memory: a thread cache deals in the order of its stream") {
    pool p{null_vmm{}};
    int number = 0;
    stream_ref const stream{&number};
    {
        thread_cache cache{p, stream};
        void* const a = cache.allocate(1000);
        void* const large = cache.allocate(1_MiB);
        cache.deallocate(a, 1000);
        cache.deallocate(large, 1_MiB);
        CHECK(p.profile().pending_bytes == 1_MiB);
        CHECK(cache.allocate(1000) == a);
        cache.deallocate(a, 1000);
    }
    CHECK(p.profile().allocations == 0);
    CHECK(p.profile().pending_bytes == 1_MiB + 1024);
}

TEST_CASE("memory: what caches of threads keep comes back when the pool runs short") {
    pool p{null_vmm{64_MiB}};
    thread_cache idle{p};
    thread_cache busy{p};
    void* const a = idle.allocate(200_KiB);
    void* const b = busy.allocate(200_KiB);
    idle.deallocate(a, 200_KiB);
    void* const c = busy.allocate(200_KiB);
    busy.deallocate(b, 200_KiB);
    CHECK(idle.cached_bytes() > 0);
    CHECK(busy.cached_bytes() > 0);
    CHECK(p.try_allocate(64_MiB) == nullptr); // they are asked, and give it back soon
    busy.deallocate(c, 200_KiB);
    CHECK(busy.cached_bytes() == 0);
    void* const d = idle.allocate(1);
    CHECK(idle.cached_bytes() == 0);
    CHECK(p.try_allocate(62_MiB) != nullptr);
    idle.deallocate(d, 1);
}

TEST_CASE("memory: under high pressure caches of threads are asked before it is too late") {
    pool p{null_vmm{64_MiB}};
    thread_cache cache{p};
    void* const a = cache.allocate(1000);
    cache.deallocate(cache.allocate(1000), 1000);
    CHECK(cache.cached_bytes() > 0);
    p.allocate(58_MiB);
    CHECK(p.pressure() == memory_pressure::high);
    p.allocate(2_MiB);
    cache.deallocate(a, 1000);
    CHECK(cache.cached_bytes() == 0);
}
