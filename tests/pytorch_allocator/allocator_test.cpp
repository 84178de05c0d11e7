// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/dynamic_library.hpp>

#include <sys/types.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>

struct CUstream_st; // what the toolkit's cudaStream_t points to

namespace {

using stream = CUstream_st*;

/// The library on host memory; its functions by the types that PyTorch calls them by, of which a stream is a pointer.
struct allocator {
    allocator() {
        ::setenv("ORFEAS_DEVICE_CUDA", "off", 1);
        ::setenv("ORFEAS_DEVICE_HOST_CAPACITY_BYTES", "64MiB", 1);
        library = orfeas::dynamic_library::try_open(PYTORCH_ALLOCATOR);
        if (library) {
            malloc = library->symbol<decltype(malloc)>("my_malloc");
            free = library->symbol<decltype(free)>("my_free");
        }
    }

    std::optional<orfeas::dynamic_library> library;
    void* (*malloc)(ssize_t size, int device, stream on) = nullptr;
    void (*free)(void* ptr, ssize_t size, int device, stream on) = nullptr;
};

} // namespace

TEST_CASE("pytorch allocator: memory comes through the library, for each stream its own again") {
    allocator const a;
    REQUIRE(a.malloc != nullptr);
    REQUIRE(a.free != nullptr);
    int object = 0;
    auto* const one = reinterpret_cast<stream>(&object);
    void* const p = a.malloc(1'000'000, 0, one);
    REQUIRE(p != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(p) % 512 == 0);
    std::memset(p, 7, 1'000'000);
    void* const q = a.malloc(1'000'000, 0, nullptr);
    CHECK(q != p);
    a.free(p, 1'000'000, 0, one);
    CHECK(a.malloc(1'000'000, 0, one) == p);
    a.free(p, 1'000'000, 0, one);
    a.free(q, 1'000'000, 0, nullptr);
    a.free(nullptr, 0, 0, nullptr);
}

TEST_CASE("pytorch allocator: each device has a pool, whose end is told by an exception") {
    allocator const a;
    REQUIRE(a.malloc != nullptr);
    CHECK_THROWS_AS(a.malloc(100 << 20, 0, nullptr), std::bad_alloc);
    void* const most = a.malloc(50 << 20, 0, nullptr);
    CHECK_THROWS_AS(a.malloc(50 << 20, 0, nullptr), std::bad_alloc);
    void* const elsewhere = a.malloc(50 << 20, 1, nullptr);
    CHECK(elsewhere != nullptr);
    a.free(elsewhere, 50 << 20, 1, nullptr);
    a.free(most, 50 << 20, 0, nullptr);
    CHECK_THROWS(a.malloc(1, 64, nullptr));
    CHECK_THROWS(a.malloc(1, -1, nullptr));
}
