// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/memory/stream_ref.hpp>

#include <type_traits>
#include <unordered_set>

using orfeas::memory::stream_ref;

namespace {

struct native_stream; // as CUstream_st: never defined

static_assert(stream_ref{}.native() == nullptr);
static_assert(stream_ref{} == stream_ref{nullptr});
static_assert(std::is_constructible_v<stream_ref, native_stream*> && !std::is_convertible_v<void*, stream_ref>);
static_assert(std::is_trivially_copyable_v<stream_ref>);

} // namespace

TEST_CASE("memory: a stream is known by its handle") {
    int handles[2];
    auto* const native = reinterpret_cast<native_stream*>(&handles[0]);
    stream_ref const one{native};
    stream_ref const other{&handles[1]};
    CHECK(one.native() == native);
    CHECK(one == stream_ref{native});
    CHECK(one != other);
    CHECK(one != stream_ref{});
    std::unordered_set<stream_ref> const seen{one, other, one, stream_ref{}};
    CHECK(seen.size() == 3);
    CHECK(seen.count(other) == 1);
}
