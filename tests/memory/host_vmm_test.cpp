// SPDX-License-Identifier: MIT
#include "memory/dies.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/host_vmm.hpp>

#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::backend_error;
using orfeas::memory::error;
using orfeas::memory::host_vmm;

namespace {

/// Sets a soft limit of the process for the length of a scope.
class limited {
  public:
    limited(int resource, ::rlim_t soft) : resource_{resource} {
        ::getrlimit(which(), &before_);
        ::rlimit next = before_;
        next.rlim_cur = std::min(soft, before_.rlim_max);
        ::setrlimit(which(), &next);
    }
    ~limited() { ::setrlimit(which(), &before_); }
    limited(limited const&) = delete;
    limited& operator=(limited const&) = delete;

  private:
    __rlimit_resource_t which() const { return static_cast<__rlimit_resource_t>(resource_); }

    int resource_;
    ::rlimit before_{};
};

/// Whether the process may read the byte: the kernel says so without a signal.
bool readable(void const* p) {
    int ends[2];
    if (::pipe(ends) != 0) {
        return false;
    }
    auto const written = ::write(ends[1], p, 1);
    ::close(ends[0]);
    ::close(ends[1]);
    return written == 1;
}

std::byte* pointer(std::uintptr_t address) {
    return reinterpret_cast<std::byte*>(address);
}

} // namespace

TEST_CASE("memory: host_vmm gives aligned, zeroed memory within its capacity") {
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

TEST_CASE("memory: copies of a host_vmm share its capacity") {
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

TEST_CASE("memory: host memory shows at several addresses, for the processor itself") {
    host_vmm const host{64_MiB};
    auto const g = host.granule_bytes();
    REQUIRE(g == 2_MiB);
    auto const a = host.reserve_addresses(4 * g);
    CHECK(a % g == 0);
    CHECK_FALSE(readable(pointer(a)));
    auto const one = host.create(g);
    auto const two = host.create(g);
    host.map(a, g, two);
    host.map(a + g, g, one);
    CHECK_FALSE(readable(pointer(a)));
    host.allow_access(a, 2 * g);
    host.map(a + 3 * g, g, one);
    host.allow_access(a + 3 * g, g);
    CHECK(pointer(a + g)[7] == std::byte{0});

    // across the seam of the two pieces
    std::memset(pointer(a + g - 100), 5, 200);
    CHECK(pointer(a + 3 * g)[99] == std::byte{5});
    CHECK(pointer(a + 3 * g)[100] == std::byte{0});
    pointer(a + 3 * g)[100] = std::byte{6};
    CHECK(pointer(a + g)[100] == std::byte{6});

    // what is not mapped is not there, and its neighbours still are
    host.unmap(a + g, g);
    CHECK_FALSE(readable(pointer(a + g)));
    CHECK(pointer(a + g - 1)[0] == std::byte{5});
    host.map(a + 2 * g, g, two);
    host.allow_access(a + 2 * g, g);
    CHECK(pointer(a + 3 * g - 1)[0] == std::byte{5});
    CHECK(pointer(a + 3 * g)[0] == std::byte{5});

    for (auto const at : {a, a + 2 * g, a + 3 * g}) {
        host.unmap(at, g);
    }
    host.destroy(one, g);
    host.destroy(two, g);
    host.release_addresses(a, 4 * g);
    CHECK(host.info().free_bytes == 64_MiB);
}

TEST_CASE("memory: what is destroyed goes back to the system") {
    host_vmm const host{8_MiB};
    auto const g = host.granule_bytes();
    auto const a = host.reserve_addresses(g);
    auto const memory = host.create(g);
    host.map(a, g, memory);
    host.allow_access(a, g);
    std::memset(pointer(a), 1, g);
    host.destroy(memory, g); // too early, to look at what is left: pages that were given back read as zero
    CHECK(pointer(a)[0] == std::byte{0});
    CHECK(pointer(a)[g - 1] == std::byte{0});
    host.unmap(a, g);
    host.release_addresses(a, g);
}

TEST_CASE("memory: plain memory and physical memory share the capacity of the host") {
    host_vmm const host{8_MiB};
    void* const p = host.allocate(4_MiB);
    auto const memory = host.create(4_MiB);
    CHECK(host.info().free_bytes == 0);
    CHECK_THROWS_WITH(host.create(2_MiB), orfeas_test::contains("raise the capacity"));
    host.deallocate(p, 4_MiB);
    CHECK(host.info().free_bytes == 4_MiB);
    auto const more = host.create(2_MiB);
    host.destroy(memory, 4_MiB);
    host.destroy(more, 2_MiB);
    CHECK(host.info().free_bytes == 8_MiB);
}

TEST_CASE("memory: a system that refuses memory files leaves a host without virtual memory management") {
    limited const no_files{RLIMIT_NOFILE, 0};
    host_vmm const host{8_MiB};
    CHECK(host.granule_bytes() == 0);
    try {
        static_cast<void>(host.reserve_addresses(2_MiB));
        FAIL("there is nothing to map");
    } catch (backend_error const& e) {
        CHECK(e.reason() == error::unavailable);
        CHECK_THAT(e.what(), orfeas_test::contains("memfd_create"));
    }
    CHECK_THROWS_AS(host.create(2_MiB), backend_error);
    host.deallocate(host.allocate(1_MiB), 1_MiB);
}

TEST_CASE("memory: a limit on the size of files is a limit on physical memory, not the end of the process") {
    limited const small{RLIMIT_FSIZE, 6_MiB};
    host_vmm const host{64_MiB};
    auto const memory = host.create(4_MiB);
    CHECK_THROWS_WITH(host.create(2_MiB), orfeas_test::contains("RLIMIT_FSIZE"));
    host.destroy(memory, 4_MiB);
    CHECK(host.info().free_bytes == 64_MiB);
}

TEST_CASE("memory: host mappings hold their sizes and addresses against the granule") {
    host_vmm const host{8_MiB};
    CHECK_THAT(orfeas_test::last_words([&] { static_cast<void>(host.create(1_MiB)); }),
               orfeas_test::contains("multiples of granule_bytes()"));
    CHECK_THAT(orfeas_test::last_words([&] { host.unmap(4096, 2_MiB); }),
               orfeas_test::contains("multiples of granule_bytes()"));
    CHECK_THAT(orfeas_test::last_words([&] { static_cast<void>(host.reserve_addresses(0)); }),
               orfeas_test::contains("multiples of granule_bytes()"));
}

TEST_CASE("memory: what the system refuses to map is an error that names the call") {
    host_vmm const host{~std::uint64_t{0}};
    CHECK_THROWS_WITH(host.reserve_addresses(std::uint64_t{1} << 62), orfeas_test::contains("mmap of 4096 PiB"));
    auto const g = host.granule_bytes();
    auto const a = host.reserve_addresses(g);
    CHECK_THROWS_WITH(host.map(a, g, {g + 1}), orfeas_test::contains("Invalid argument"));
    host.release_addresses(a, g);
    CHECK_THROWS_WITH(host.allow_access(a, g), orfeas_test::contains("mprotect"));
    CHECK_THROWS_WITH(host.destroy({~std::uint64_t{0} - g + 1}, g), orfeas_test::contains("fallocate"));
}

TEST_CASE("memory: at the system's limit of mappings, what is mapped can still be unmapped") {
    if (::dlsym(RTLD_DEFAULT, "__sanitizer_print_stack_trace") != nullptr) {
        ORFEAS_TEST_SKIP("a sanitizer needs mappings of its own");
    }
    std::uint64_t limit = 0;
    std::ifstream{"/proc/sys/vm/max_map_count"} >> limit;
    if (limit == 0 || limit > 100'000) {
        ORFEAS_TEST_SKIP("vm.max_map_count is out of reach: " + std::to_string(limit));
    }
    // in a process of its own: nothing else may need a mapping meanwhile
    auto const words = orfeas_test::last_words([limit] {
        host_vmm const host{64_MiB};
        auto const g = host.granule_bytes();
        auto const a = host.reserve_addresses(2 * limit * g);
        auto const memory = host.create(g);
        std::uint64_t mapped = 0;
        for (bool more = true; more;) {
            try {
                host.map(a + 2 * mapped * g, g, memory); // a gap between any two: none are merged
                ++mapped;
            } catch (backend_error const&) {
                more = false;
            }
        }
        for (std::uint64_t i = 0; i < mapped; ++i) {
            host.unmap(a + 2 * i * g, g);
        }
        for (std::uint64_t i = 0; i < mapped; ++i) {
            host.map(a + 2 * i * g, g, memory);
        }
        std::fprintf(stderr, "%s", mapped > limit / 3 && mapped < limit ? "there and back" : "the limit was not met");
        std::abort();
    });
    CHECK(words == "there and back");
}

TEST_CASE("memory: threads share a host_vmm") {
    host_vmm const host{64_MiB};
    auto const g = host.granule_bytes();
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&host, &wrong, g, t] {
            auto const a = host.reserve_addresses(4 * g);
            for (std::uint64_t i = 0; i < 50; ++i) {
                auto const memory = host.create(g);
                host.map(a + i % 2 * g, g, memory);
                host.map(a + (2 + i % 2) * g, g, memory);
                host.allow_access(a + i % 2 * g, g);
                host.allow_access(a + (2 + i % 2) * g, g);
                pointer(a + i % 2 * g)[i] = static_cast<std::byte>(t + 1);
                wrong += pointer(a + (2 + i % 2) * g)[i] != static_cast<std::byte>(t + 1);
                host.unmap(a + i % 2 * g, g);
                host.unmap(a + (2 + i % 2) * g, g);
                host.destroy(memory, g);
            }
            host.release_addresses(a, 4 * g);
        });
    }
    for (auto& each : threads) {
        each.join();
    }
    CHECK(wrong == 0);
    CHECK(host.info().free_bytes == 64_MiB);
}

TEST_CASE("memory: work of the host has finished when it is asked about") {
    host_vmm const host{8_MiB};
    auto const f = host.record({});
    CHECK_FALSE(f);
    CHECK(host.passed(f));
    host.wait(f);
    host.make_wait({}, f);
    host.forget(f);
}
