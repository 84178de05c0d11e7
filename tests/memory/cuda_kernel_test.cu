// SPDX-License-Identifier: MIT
//
// The library in a translation unit of nvcc: kernels of the toolkit work on memory of the pool. Skips without a device.
#include "support/catch.hpp"

#include <orfeas/memory.hpp>

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <numeric>
#include <thread>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::buffer;
using orfeas::memory::cuda_driver;
using orfeas::memory::cuda_vmm;
using orfeas::memory::pool;

// what cuda_driver.hpp declares by hand is what cuda.h says
static_assert(sizeof(CUresult) == sizeof(cuda_driver::result));
static_assert(sizeof(CUdeviceptr) == sizeof(cuda_driver::device_pointer));
static_assert(sizeof(CUdevice) == sizeof(cuda_driver::device));
static_assert(sizeof(CUcontext) == sizeof(cuda_driver::context));
static_assert(CUDA_SUCCESS == cuda_driver::success);
static_assert(CUDA_ERROR_OUT_OF_MEMORY == cuda_driver::out_of_memory);
static_assert(CUDA_ERROR_NOT_INITIALIZED == 3 && CUDA_ERROR_DEINITIALIZED == 4 && CUDA_ERROR_DEVICE_UNAVAILABLE == 46);
static_assert(CUDA_ERROR_NO_DEVICE == 100 && CUDA_ERROR_INVALID_DEVICE == 101);
static_assert(CUDA_ERROR_CONTEXT_IS_DESTROYED == 709 && CUDA_ERROR_LAUNCH_FAILED == 719);
static_assert(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH == 803);

namespace {

__global__ void double_each(float* values, std::size_t count) {
    std::size_t const i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x;
    if (i < count) {
        values[i] *= 2;
    }
}

} // namespace

TEST_CASE("memory: a kernel of the toolkit works on memory of the pool") {
    if (auto const cuda = orfeas::memory::probe_cuda(); !cuda.reason.empty()) {
        ORFEAS_TEST_SKIP(cuda.reason);
    }
    pool p{cuda_vmm{}, {.limit_bytes = 256_MiB}};
    std::size_t const count = 100'000;
    std::vector<float> in(count);
    std::iota(in.begin(), in.end(), 1.0F);
    std::vector<float> out(count);

    // on a thread that has no context yet, as in a worker of an application
    cudaError_t launched = cudaSuccess;
    std::thread{[&] {
        buffer<float> values{p, count};
        values.copy_in(in);
        p.backend().make_current();
        double_each<<<static_cast<unsigned>((count + 255) / 256), 256>>>(values.data(), values.size());
        launched = cudaGetLastError();
        values.copy_out(out);
    }}.join();
    CHECK(launched == cudaSuccess);
    CHECK(out.front() == 2.0F);
    CHECK(out.back() == 2.0F * static_cast<float>(count));
    CHECK(p.profile().allocated_bytes == 0);
    CHECK(p.cleanup().success);
}

TEST_CASE("memory: the toolkit's run-time library sees memory of the pool as device memory") {
    if (auto const cuda = orfeas::memory::probe_cuda(); !cuda.reason.empty()) {
        ORFEAS_TEST_SKIP(cuda.reason);
    }
    pool p{cuda_vmm{}};
    p.backend().make_current();
    void* const at = p.allocate(3_MiB);
    cudaPointerAttributes attributes{};
    REQUIRE(cudaPointerGetAttributes(&attributes, at) == cudaSuccess);
    CHECK(attributes.type == cudaMemoryTypeDevice);
    CHECK(attributes.device == 0);
    p.deallocate(at, 3_MiB);
}

TEST_CASE("memory: a device that is full refuses, and goes on") {
    if (auto const cuda = orfeas::memory::probe_cuda(); !cuda.reason.empty()) {
        ORFEAS_TEST_SKIP(cuda.reason);
    }
    pool p{cuda_vmm{}};
    CHECK_THROWS_AS(p.allocate(p.profile().total_bytes), orfeas::memory::out_of_memory);
    void* const at = p.try_allocate(1_MiB);
    CHECK(at != nullptr);
    p.deallocate(at, 1_MiB);
}
