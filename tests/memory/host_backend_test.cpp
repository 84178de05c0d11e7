// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_backend.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

using namespace orfeas::literals;
using orfeas::memory::backend_error;
using orfeas::memory::device;
using orfeas::memory::error;
using orfeas::memory::heap_resource;
using orfeas::memory::host_backend;

TEST_CASE("memory: host backend gives aligned, zeroed memory within its capacity") {
    host_backend const host{16_MiB};
    auto* const p = static_cast<std::byte*>(host.allocate(4_MiB));
    CHECK(reinterpret_cast<std::uintptr_t>(p) % 2_MiB == 0);
    CHECK(p[0] == std::byte{0});
    std::memset(p, 7, 4_MiB);
    void* const small = host.allocate(1);
    CHECK(reinterpret_cast<std::uintptr_t>(small) % 4096 == 0);
    CHECK(host.info().total_bytes == 16_MiB);
    CHECK(host.info().free_bytes < 12_MiB);
    try {
        static_cast<void>(host.allocate(12_MiB));
        FAIL("the capacity is 16 MiB");
    } catch (backend_error const& e) {
        CHECK(e.reason() == error::out_of_memory);
        CHECK_THAT(e.what(), orfeas_test::contains("capacity of 16 MiB"));
    }
    host.deallocate(p, 4_MiB);
    host.deallocate(small, 1);
    CHECK(host.info().free_bytes == 16_MiB);
}

TEST_CASE("memory: host memory is touched only by its user") {
    host_backend const host{64_TiB};
    void* const p = host.allocate(4_TiB); // far more than any machine that runs this has
    static_cast<std::byte*>(p)[3_TiB] = std::byte{1};
    host.deallocate(p, 4_TiB);
}

TEST_CASE("memory: what the system refuses is an error, and the capacity stays as it was") {
    host_backend const host{~std::uint64_t{0}};
    try {
        static_cast<void>(host.allocate(std::size_t{1} << 62));
        FAIL("an address space has 2^48 bytes");
    } catch (backend_error const& e) {
        CHECK(e.reason() == error::out_of_memory);
        CHECK(e.native_code() == ENOMEM);
        CHECK_THAT(e.what(), orfeas_test::contains("mmap of 4096 PiB"));
    }
    CHECK(host.info().free_bytes == host.info().total_bytes);
    alignas(16) static char not_a_page[64];
    CHECK_THROWS_WITH(host.deallocate(not_a_page + 1, 1), orfeas_test::contains("munmap"));
    CHECK_THAT(orfeas_test::last_words([&] { static_cast<void>(host.allocate(0)); }),
               orfeas_test::contains("a size that can exist"));
}

TEST_CASE("memory: copies of a host backend share its capacity") {
    host_backend const host{8_MiB};
    auto const copy = host;
    CHECK(copy == host);
    CHECK(host != host_backend{8_MiB});
    void* const p = copy.allocate(8_MiB);
    CHECK(host.info().free_bytes == 0);
    host.deallocate(p, 8_MiB);
}

TEST_CASE("memory: the default capacity is a part of the memory of the machine") {
    auto const bytes = orfeas::memory::default_host_capacity();
    CHECK(bytes >= 64_MiB);
    CHECK(bytes <= std::max(orfeas::memory::detail::usable_memory_bytes(), 64_MiB));
}

TEST_CASE("memory: a device speaks for the backend that it holds") {
    host_backend const host{8_MiB};
    device const any{host};
    auto const copy = any;
    CHECK(copy == any);
    CHECK(any == device{host});
    CHECK_FALSE(any == device{host_backend{8_MiB}});
    CHECK(any.name() == "host memory");
    CHECK(to_string(any.kind()) == "host");
    REQUIRE(any.target<host_backend>() != nullptr);
    CHECK(*any.target<host_backend>() == host);
    void* const p = any.allocate(1_MiB);
    CHECK(host.info().free_bytes == 7_MiB);
    int const in = 5;
    int out = 0;
    any.make_current();
    any.copy_in(p, &in, sizeof in);
    any.copy_out(&out, p, sizeof out);
    CHECK(out == 5);
    any.deallocate(p, 1_MiB);
    CHECK(any.info().free_bytes == 8_MiB);
}

TEST_CASE("memory: heap resource aligns, copies and refuses") {
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
