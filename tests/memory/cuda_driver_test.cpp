// SPDX-License-Identifier: MIT
#include "memory/fake_cuda.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/cuda_driver.hpp>

using orfeas::memory::backend_error;
using orfeas::memory::cuda_driver;
using orfeas::memory::error;
using orfeas_test::contains;
using orfeas_test::fake_cuda;

TEST_CASE("memory: a machine without the CUDA driver is told so in one sentence") {
    try {
        cuda_driver::open("libcuda_that_is_not_there.so.1");
        FAIL("no such library");
    } catch (backend_error const& e) {
        CHECK(e.reason() == error::unavailable);
        CHECK(e.code() == error::unavailable);
        CHECK_THAT(e.what(), contains("libcuda_that_is_not_there.so.1 is not there"));
        CHECK_THAT(e.what(), contains("install the NVIDIA driver"));
    }
}

TEST_CASE("memory: a library that is no CUDA driver is told so with the missing entry point") {
    CHECK_THROWS_WITH(cuda_driver::open("libc.so.6"), contains("libc.so.6 has no cuInit"));
}

TEST_CASE("memory: CUDA's codes become a reason and an advice") {
    fake_cuda const cuda;
    auto const driver = cuda.table();
    driver->check(cuda_driver::success, "cuInit", "this machine");
    auto const reason = [&](int code, char const* advice) {
        try {
            driver->check(code, "cuInit", "this machine");
        } catch (backend_error const& e) {
            CHECK(e.native_code() == code);
            CHECK_THAT(e.what(), contains(advice));
            return e.reason();
        }
        return error{};
    };
    CHECK(reason(2, "free device memory") == error::out_of_memory);
    CHECK(reason(3, "after the driver's initialisation") == error::unavailable);
    CHECK(reason(4, "the driver has shut down") == error::unavailable);
    CHECK(reason(35, "update it") == error::unavailable);
    CHECK(reason(46, "exclusively") == error::unavailable);
    CHECK(reason(100, "no GPU is visible") == error::unavailable);
    CHECK(reason(101, "no device of this number") == error::unavailable);
    CHECK(reason(700, "an earlier kernel failed") == error::device_lost);
    CHECK(reason(214, "the hardware failed") == error::device_lost);
    CHECK(reason(709, "cudaDeviceReset") == error::device_lost);
    CHECK(reason(803, "reboot") == error::unavailable);
    CHECK(reason(801, "cannot do this") == error::unavailable);
    CHECK(reason(900, "capturing a graph") == error::call_failed);
    CHECK(reason(999, "documentation") == error::call_failed);
}

TEST_CASE("memory: what a driver may lack is asked about before it is used") {
    fake_cuda const cuda;
    CHECK(cuda.table()->has_virtual_memory());
    CHECK(cuda.table()->has_pools());
    CHECK_FALSE(cuda.old_table()->has_virtual_memory());
    CHECK_FALSE(cuda.old_table()->has_pools());
    auto half = *cuda.table();
    half.memory_set_access = nullptr;
    CHECK_FALSE(half.has_virtual_memory());
    half.pool_free = nullptr;
    CHECK_FALSE(half.has_pools());
}
