// SPDX-License-Identifier: MIT
#include "memory/backend_contract.hpp"
#include "memory/fake_cuda.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/detail/locked_pages.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/pinned_backend.hpp>

#include <dlfcn.h>
#include <sys/resource.h>

#include <array>
#include <cstdint>

using namespace orfeas::literals;
using namespace orfeas::memory;
using orfeas_test::contains;
using orfeas_test::fake_cuda;

static_assert(memory_backend<pinned_backend> && capturing_backend<pinned_backend> && !vmm_backend<pinned_backend>);

namespace {

/// How much of the process's memory is locked, in bytes.
std::uint64_t locked() {
    std::uint64_t kilobytes = 0;
    if (std::FILE* const file = std::fopen("/proc/self/status", "re")) {
        std::array<char, 256> line{};
        while (std::fgets(line.data(), line.size(), file) != nullptr) {
            unsigned long long found = 0;
            if (std::sscanf(line.data(), "VmLck: %llu", &found) == 1) {
                kilobytes = found;
            }
        }
        std::fclose(file);
    }
    return kilobytes * 1024;
}

/// A lower limit of what may be locked, as long as this lives.
class lock_limit {
  public:
    explicit lock_limit(std::uint64_t bytes) {
        ::getrlimit(RLIMIT_MEMLOCK, &before_);
        rlimit const now{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_MEMLOCK, &now);
    }
    ~lock_limit() { ::setrlimit(RLIMIT_MEMLOCK, &before_); }
    lock_limit(lock_limit const&) = delete;
    lock_limit& operator=(lock_limit const&) = delete;

  private:
    rlimit before_{};
};

} // namespace

TEST_CASE("memory: pinned memory comes from the CUDA driver where there is one") {
    fake_cuda cuda;
    {
        pinned_backend const pinned{{.capacity_bytes = 16_MiB}, cuda.table()};
        CHECK(pinned.through_cuda());
        CHECK(pinned.name() == "pinned host memory");
        CHECK(pinned.kind() == device_kind::host);
        CHECK(pinned.host_accessible());
        orfeas_test::contract::plain_memory(pinned, true);
        orfeas_test::contract::fences(pinned);
        void* const p = pinned.allocate(1000);
        CHECK(cuda.pinned() == 1);
        CHECK(pinned.info().free_bytes == 16_MiB - 4096);
        pinned.deallocate(p, 1000);
        CHECK(cuda.pinned() == 0);
        CHECK(pinned.info().free_bytes == 16_MiB);
        CHECK_FALSE(pinned == pinned_backend{{.capacity_bytes = 16_MiB}, cuda.table()});
        int number = 0;
        cuda.set_capturing(stream_ref{&number}, true);
        CHECK(pinned.capturing(stream_ref{&number}));
    }
    CHECK(cuda.retained() == 0);
    CHECK(cuda.events() == 0);
}

TEST_CASE("memory: what the driver refuses to pin costs no budget") {
    fake_cuda cuda;
    pinned_backend const pinned{{.capacity_bytes = 1_MiB}, cuda.table()};
    cuda.fail(2, 1, 1, "cuMemHostAlloc");
    try {
        (void)pinned.allocate(1000);
        FAIL("not refused");
    } catch (backend_error const& e) {
        CHECK(e.reason() == error::out_of_memory);
        CHECK_THAT(e.what(), contains("cuMemHostAlloc failed for 4 KiB"));
    }
    cuda.misalign(64);
    CHECK_THROWS_WITH(pinned.allocate(1000), contains("multiple of 512"));
    cuda.misalign(0);
    CHECK(cuda.pinned() == 0);
    CHECK(pinned.info().free_bytes == 1_MiB);
    CHECK_THROWS_WITH(pinned.allocate(2_MiB), contains("no room for 2 MiB in the capacity of 1 MiB"));

    void* const p = pinned.allocate(1_MiB);
    cuda.fail(999, 1, 1, "cuMemFreeHost");
    CHECK_THROWS_AS(pinned.deallocate(p, 1_MiB), backend_error);
    CHECK(pinned.info().free_bytes == 0); // still the caller's
    pinned.deallocate(p, 1_MiB);
    CHECK(pinned.info().free_bytes == 1_MiB);
}

TEST_CASE("memory: without CUDA, or a device, pages are locked") {
    if (::dlsym(RTLD_DEFAULT, "__sanitizer_print_stack_trace") != nullptr) {
        ORFEAS_TEST_SKIP("sanitizers leave out mlock");
    }
    auto const most = detail::lockable_bytes();
    if (most < 1_MiB) {
        ORFEAS_TEST_SKIP("the process may lock less than 1 MiB (ulimit -l)");
    }
    fake_cuda const none{0};
    for (auto const& pinned : {pinned_backend{{.capacity_bytes = 1_MiB, .cuda = false}},
                               pinned_backend{{.capacity_bytes = 1_MiB, .cuda_library = "libcuda_not_there.so"}},
                               pinned_backend{{.capacity_bytes = 1_MiB}, none.table()}}) {
        CHECK_FALSE(pinned.through_cuda());
        CHECK(pinned.name() == "locked host memory");
        auto const before = locked();
        void* const p = pinned.allocate(300'000);
        CHECK(locked() >= before + 300'000);
        pinned.copy_in(p, "text", 5);
        CHECK(static_cast<char*>(p)[4] == '\0');
        CHECK_THROWS_WITH(pinned.allocate(1_MiB), contains("ulimit -l"));
        pinned.deallocate(p, 300'000);
        CHECK(locked() == before);
        CHECK_FALSE(pinned.record({}));
        CHECK(pinned.passed({}));
        pinned.make_wait({}, {});
        pinned.wait({});
        pinned.forget({});
        pinned.make_current();
        CHECK_FALSE(pinned.capturing({}));
    }
}

TEST_CASE("memory: a device asked for by number must be there") {
    fake_cuda cuda{1};
    CHECK_THROWS_AS((pinned_backend{{.cuda_ordinal = 3}, cuda.table()}), backend_error);
    CHECK_THROWS_AS((pinned_backend{{.cuda_ordinal = 0, .cuda_library = "libcuda_not_there.so"}}), backend_error);
    CHECK_THROWS_AS((pinned_backend{{.cuda_ordinal = -2}}), orfeas::option_error);
    CHECK(pinned_backend({.cuda_ordinal = 0}, cuda.table()).through_cuda());
}

TEST_CASE("memory: locked pages stay within what the process may lock") {
    if (detail::may_lock_without_limit()) {
        ORFEAS_TEST_SKIP("the process may lock without a limit (CAP_IPC_LOCK)");
    }
    {
        lock_limit const little{64_KiB};
        CHECK(pinned_backend({.capacity_bytes = 1_GiB, .cuda = false}).info().total_bytes == 64_KiB);
        pinned_backend const one{{.capacity_bytes = 64_KiB, .cuda = false}};
        pinned_backend const two{{.capacity_bytes = 64_KiB, .cuda = false}}; // together more than the limit
        void* const p = one.allocate(48_KiB);
        CHECK_THROWS_WITH(two.allocate(48_KiB), contains("ulimit -l says"));
        CHECK(two.info().free_bytes == 64_KiB);
        one.deallocate(p, 48_KiB);
    }
    lock_limit const nothing{0};
    CHECK_THROWS_WITH(pinned_backend({.cuda = false}), contains("the limit (ulimit -l) is 0 B"));
}
