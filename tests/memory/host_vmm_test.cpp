// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/host_vmm.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

using namespace orfeas::literals;
using orfeas::memory::backend_error;
using orfeas::memory::error;
using orfeas::memory::host_vmm;

TEST_CASE("memory: host backend gives aligned, zeroed memory within its capacity") {
    host_vmm const host{16_MiB};
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
    host_vmm const host{64_TiB};
    void* const p = host.allocate(4_TiB); // far more than any machine that runs this has
    static_cast<std::byte*>(p)[3_TiB] = std::byte{1};
    host.deallocate(p, 4_TiB);
}

TEST_CASE("memory: what the system refuses is an error, and the capacity stays as it was") {
    host_vmm const host{~std::uint64_t{0}};
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
    host_vmm const host{8_MiB};
    auto const copy = host;
    CHECK(copy == host);
    CHECK(host != host_vmm{8_MiB});
    void* const p = copy.allocate(8_MiB);
    CHECK(host.info().free_bytes == 0);
    host.deallocate(p, 8_MiB);
}

TEST_CASE("memory: the default capacity is a part of the memory of the machine") {
    auto const bytes = orfeas::memory::default_host_capacity();
    CHECK(bytes >= 64_MiB);
    CHECK(bytes <= std::max(orfeas::memory::detail::usable_memory_bytes(), 64_MiB));
}
