// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "memory/failing_backend.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/pool.hpp>
#include <orfeas/memory/resource_ref.hpp>
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

static_assert(!std::is_copy_constructible_v<unique<int>> && std::is_nothrow_move_constructible_v<unique<int>>);
static_assert(std::is_nothrow_move_assignable_v<unique<int>>);

} // namespace

TEST_CASE("memory: an object in a resource ends with its owner") {
    pool p{host_vmm{8_MiB}};
    {
        auto one = make_unique_in(p, parameters{1.5F, 7});
        CHECK(reinterpret_cast<std::uintptr_t>(one.get()) % 128 == 0);
        CHECK(one->rounds == 7);
        CHECK((*one).gain == 1.5F);
        one->rounds = 8;
        CHECK(one.load().rounds == 8);
        one.store({2.5F, 9});
        CHECK(std::as_const(one)->rounds == 9);
        CHECK(p.profile().allocations == 1);
        unique<parameters> moved{std::move(one)};
        CHECK_FALSE(one);
        one.swap(moved);
        CHECK(one);
        moved = std::move(one);
        CHECK(moved.load().gain == 2.5F);
        moved = unique<parameters>{};
        CHECK(p.profile().allocations == 0);
        CHECK(moved.get() == nullptr);
    }
    unique<int> number{p};
    *number = 4;
    int* const released = number.release();
    CHECK_FALSE(number);
    p.deallocate(released, sizeof(int), alignof(int));
    CHECK(p.profile().allocations == 0);
}

TEST_CASE("memory: an object that cannot be had leaves nothing") {
    using failing_pool = basic_pool<orfeas_test::failing_backend>;
    failing_pool p{orfeas_test::failing_backend{8_MiB}};
    { unique<int, failing_pool> warm{p}; }
    p.backend().fail(1);
    CHECK_THROWS_AS(make_unique_in(p, 7), backend_error); // there is memory, but the copy fails
    CHECK(p.profile().allocations == 0);
    pool small{host_vmm{64_KiB}, {.segment_bytes = 64_KiB}};
    struct large {
        char bytes[100'000];
    };
    CHECK_THROWS_AS(unique<large>{small}, out_of_memory);
}

TEST_CASE("memory: an object of a stream goes back in its order, and any resource will do") {
    basic_pool<null_vmm> p{null_vmm{}};
    int number = 0;
    {
        unique<double, basic_pool<null_vmm>> one{p, stream_ref{}};
        CHECK(one.stream() == stream_ref{});
        one.set_stream(stream_ref{&number});
    }
    CHECK(p.profile().pending_bytes == 512);
    heap_resource heap;
    resource_ref ref{heap};
    unique<int, resource_ref> on_heap{ref};
    *on_heap = 3;
    CHECK(*on_heap == 3);
}

TEST_CASE("memory: what is null is not read") {
    unique<int> none;
    CHECK_THAT(orfeas_test::last_words([&] { (void)none.load(); }), orfeas_test::contains("that is there"));
    CHECK_THAT(orfeas_test::last_words([&] { *none = 1; }), orfeas_test::contains("within the buffer"));
}
