// SPDX-License-Identifier: MIT
//
// The library in a translation unit of nvcc: kernels of the toolkit work on memory of the pool. Skips without a device.
#include "support/catch.hpp"

#include <orfeas/memory.hpp>
#include <orfeas/memory/capture_resource.hpp>

#include <cuda.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <thread>
#include <type_traits>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::buffer;
using orfeas::memory::cuda_access_description;
using orfeas::memory::cuda_allocation_properties;
using orfeas::memory::cuda_driver;
using orfeas::memory::cuda_memory_location;
using orfeas::memory::cuda_pool_properties;
using orfeas::memory::cuda_vmm;
using orfeas::memory::pool;

// what cuda_driver.hpp and cuda_driver_types.hpp declare by hand is what cuda.h says

namespace {

template<class Ours, class Theirs>
constexpr bool same_shape = sizeof(Ours) == sizeof(Theirs) && std::is_pointer_v<Ours> == std::is_pointer_v<Theirs>;

/// Whether a function of one type can be called as the other: as many parameters, each of the same size and sort.
template<class Result, class... Ours, class TheirResult, class... Theirs>
constexpr bool same_call(Result (*)(Ours...), TheirResult (*)(Theirs...)) {
    if constexpr (sizeof...(Ours) == sizeof...(Theirs)) {
        return same_shape<Result, TheirResult> && (same_shape<Ours, Theirs> && ...);
    } else {
        return false;
    }
}

// decltype only names them: nothing is linked to libcuda
#define ORFEAS_TEST_SAME_CALL(entry, function)                                                                         \
    static_assert(same_call(decltype(cuda_driver::entry){}, static_cast<decltype(&function)>(nullptr)), #function)

ORFEAS_TEST_SAME_CALL(init, cuInit);
ORFEAS_TEST_SAME_CALL(driver_get_version, cuDriverGetVersion);
ORFEAS_TEST_SAME_CALL(get_error_name, cuGetErrorName);
ORFEAS_TEST_SAME_CALL(get_error_string, cuGetErrorString);
ORFEAS_TEST_SAME_CALL(device_get_count, cuDeviceGetCount);
ORFEAS_TEST_SAME_CALL(device_get, cuDeviceGet);
ORFEAS_TEST_SAME_CALL(device_get_name, cuDeviceGetName);
ORFEAS_TEST_SAME_CALL(primary_context_retain, cuDevicePrimaryCtxRetain);
ORFEAS_TEST_SAME_CALL(primary_context_release, cuDevicePrimaryCtxRelease);
ORFEAS_TEST_SAME_CALL(context_get_current, cuCtxGetCurrent);
ORFEAS_TEST_SAME_CALL(context_set_current, cuCtxSetCurrent);
ORFEAS_TEST_SAME_CALL(context_push_current, cuCtxPushCurrent);
ORFEAS_TEST_SAME_CALL(context_pop_current, cuCtxPopCurrent);
ORFEAS_TEST_SAME_CALL(memory_get_info, cuMemGetInfo);
ORFEAS_TEST_SAME_CALL(memory_allocate, cuMemAlloc);
ORFEAS_TEST_SAME_CALL(memory_free, cuMemFree);
ORFEAS_TEST_SAME_CALL(host_allocate, cuMemHostAlloc);
ORFEAS_TEST_SAME_CALL(host_free, cuMemFreeHost);
ORFEAS_TEST_SAME_CALL(copy_host_to_device, cuMemcpyHtoD);
ORFEAS_TEST_SAME_CALL(copy_device_to_host, cuMemcpyDtoH);
ORFEAS_TEST_SAME_CALL(device_get_attribute, cuDeviceGetAttribute);
ORFEAS_TEST_SAME_CALL(device_can_access_peer, cuDeviceCanAccessPeer);
ORFEAS_TEST_SAME_CALL(event_create, cuEventCreate);
ORFEAS_TEST_SAME_CALL(event_destroy, cuEventDestroy);
ORFEAS_TEST_SAME_CALL(event_record, cuEventRecord);
ORFEAS_TEST_SAME_CALL(event_query, cuEventQuery);
ORFEAS_TEST_SAME_CALL(event_synchronize, cuEventSynchronize);
ORFEAS_TEST_SAME_CALL(stream_wait_event, cuStreamWaitEvent);
ORFEAS_TEST_SAME_CALL(stream_is_capturing, cuStreamIsCapturing);
ORFEAS_TEST_SAME_CALL(stream_create, cuStreamCreate);
ORFEAS_TEST_SAME_CALL(stream_destroy, cuStreamDestroy);
ORFEAS_TEST_SAME_CALL(stream_synchronize, cuStreamSynchronize);
ORFEAS_TEST_SAME_CALL(get_granularity, cuMemGetAllocationGranularity);
ORFEAS_TEST_SAME_CALL(address_reserve, cuMemAddressReserve);
ORFEAS_TEST_SAME_CALL(address_free, cuMemAddressFree);
ORFEAS_TEST_SAME_CALL(physical_create, cuMemCreate);
ORFEAS_TEST_SAME_CALL(physical_release, cuMemRelease);
ORFEAS_TEST_SAME_CALL(memory_map, cuMemMap);
ORFEAS_TEST_SAME_CALL(memory_set_access, cuMemSetAccess);
ORFEAS_TEST_SAME_CALL(memory_unmap, cuMemUnmap);
ORFEAS_TEST_SAME_CALL(device_get_default_pool, cuDeviceGetDefaultMemPool);
ORFEAS_TEST_SAME_CALL(pool_create, cuMemPoolCreate);
ORFEAS_TEST_SAME_CALL(pool_destroy, cuMemPoolDestroy);
ORFEAS_TEST_SAME_CALL(pool_set_attribute, cuMemPoolSetAttribute);
ORFEAS_TEST_SAME_CALL(pool_get_attribute, cuMemPoolGetAttribute);
ORFEAS_TEST_SAME_CALL(pool_trim_to, cuMemPoolTrimTo);
ORFEAS_TEST_SAME_CALL(pool_allocate, cuMemAllocFromPoolAsync);
ORFEAS_TEST_SAME_CALL(pool_free, cuMemFreeAsync);
#undef ORFEAS_TEST_SAME_CALL

static_assert(cuda_driver::host_memory_portable == CU_MEMHOSTALLOC_PORTABLE);

#define ORFEAS_TEST_SAME_MEMBER(ours, our_member, theirs, their_member)                                                \
    static_assert(offsetof(ours, our_member) == offsetof(theirs, their_member) &&                                      \
                      sizeof(ours::our_member) == sizeof(theirs::their_member),                                        \
                  #theirs "::" #their_member)

static_assert(sizeof(cuda_memory_location) == sizeof(CUmemLocation));
ORFEAS_TEST_SAME_MEMBER(cuda_memory_location, type, CUmemLocation, type);
ORFEAS_TEST_SAME_MEMBER(cuda_memory_location, id, CUmemLocation, id);
static_assert(cuda_memory_location{}.type == CU_MEM_LOCATION_TYPE_DEVICE);

static_assert(sizeof(cuda_allocation_properties) == sizeof(CUmemAllocationProp));
ORFEAS_TEST_SAME_MEMBER(cuda_allocation_properties, type, CUmemAllocationProp, type);
ORFEAS_TEST_SAME_MEMBER(cuda_allocation_properties, handle_types, CUmemAllocationProp, requestedHandleTypes);
ORFEAS_TEST_SAME_MEMBER(cuda_allocation_properties, location, CUmemAllocationProp, location);
ORFEAS_TEST_SAME_MEMBER(cuda_allocation_properties, windows_attributes, CUmemAllocationProp, win32HandleMetaData);
ORFEAS_TEST_SAME_MEMBER(cuda_allocation_properties, compression, CUmemAllocationProp, allocFlags.compressionType);
ORFEAS_TEST_SAME_MEMBER(cuda_allocation_properties, gpu_direct_rdma, CUmemAllocationProp,
                        allocFlags.gpuDirectRDMACapable);
ORFEAS_TEST_SAME_MEMBER(cuda_allocation_properties, usage, CUmemAllocationProp, allocFlags.usage);
static_assert(cuda_allocation_properties{}.type == CU_MEM_ALLOCATION_TYPE_PINNED);
static_assert(cuda_allocation_properties{}.handle_types == CU_MEM_HANDLE_TYPE_NONE);

static_assert(sizeof(cuda_access_description) == sizeof(CUmemAccessDesc));
ORFEAS_TEST_SAME_MEMBER(cuda_access_description, location, CUmemAccessDesc, location);
ORFEAS_TEST_SAME_MEMBER(cuda_access_description, flags, CUmemAccessDesc, flags);
static_assert(cuda_access_description{}.flags == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);

static_assert(sizeof(cuda_pool_properties) == sizeof(CUmemPoolProps));
ORFEAS_TEST_SAME_MEMBER(cuda_pool_properties, type, CUmemPoolProps, allocType);
ORFEAS_TEST_SAME_MEMBER(cuda_pool_properties, handle_types, CUmemPoolProps, handleTypes);
ORFEAS_TEST_SAME_MEMBER(cuda_pool_properties, location, CUmemPoolProps, location);
ORFEAS_TEST_SAME_MEMBER(cuda_pool_properties, windows_attributes, CUmemPoolProps, win32SecurityAttributes);
ORFEAS_TEST_SAME_MEMBER(cuda_pool_properties, max_bytes, CUmemPoolProps, maxSize);
#undef ORFEAS_TEST_SAME_MEMBER

static_assert(CUDA_SUCCESS == cuda_driver::success && CUDA_ERROR_OUT_OF_MEMORY == cuda_driver::out_of_memory);
static_assert(CUDA_ERROR_NOT_READY == cuda_driver::not_ready);
static_assert(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT == cuda_driver::capture_implicit);
static_assert(CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED == cuda_driver::attribute_virtual_memory);
static_assert(CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED == cuda_driver::attribute_pools);
static_assert(CU_MEMPOOL_ATTR_RELEASE_THRESHOLD == cuda_driver::pool_attribute_release_threshold);
static_assert(CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT == cuda_driver::pool_attribute_reserved);
static_assert(CU_MEMPOOL_ATTR_USED_MEM_CURRENT == cuda_driver::pool_attribute_used);
static_assert(CU_EVENT_DISABLE_TIMING == cuda_driver::event_without_timing);
static_assert(CU_STREAM_NON_BLOCKING == cuda_driver::stream_non_blocking);
static_assert(CU_MEM_ALLOC_GRANULARITY_MINIMUM == 0 && CU_STREAM_CAPTURE_STATUS_NONE == 0);
static_assert(CUDA_ERROR_NOT_INITIALIZED == 3 && CUDA_ERROR_DEINITIALIZED == 4 && CUDA_ERROR_DEVICE_UNAVAILABLE == 46);
static_assert(CUDA_ERROR_NO_DEVICE == 100 && CUDA_ERROR_INVALID_DEVICE == 101);
static_assert(CUDA_ERROR_CONTEXT_IS_DESTROYED == 709 && CUDA_ERROR_LAUNCH_FAILED == 719);
static_assert(CUDA_ERROR_NOT_SUPPORTED == 801 && CUDA_ERROR_SYSTEM_DRIVER_MISMATCH == 803);
static_assert(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED == 900 && CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD == 908);

} // namespace

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

TEST_CASE("memory: a kernel works across the seams of mapped memory, and fences order it") {
    if (auto const cuda = orfeas::memory::probe_cuda(); !cuda.reason.empty()) {
        ORFEAS_TEST_SKIP(cuda.reason);
    }
    cuda_vmm const device;
    auto const g = device.granule_bytes();
    if (g == 0) {
        ORFEAS_TEST_SKIP("the device has no virtual memory management");
    }
    device.make_current();
    auto const a = device.reserve_addresses(4 * g);
    auto const one = device.create(g);
    auto const two = device.create(g);
    device.map(a, g, two);
    device.map(a + g, g, one);
    device.allow_access(a, 2 * g);
    device.map(a + 3 * g, g, one);
    device.allow_access(a + 3 * g, g);

    auto const count = static_cast<std::size_t>(2 * g / sizeof(float));
    std::vector<float> in(count);
    std::iota(in.begin(), in.end(), 1.0F);
    auto* const stitched = reinterpret_cast<float*>(a);
    device.copy_in(stitched, in.data(), 2 * g);

    cudaStream_t stream = nullptr;
    REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    double_each<<<static_cast<unsigned>((count + 255) / 256), 256, 0, stream>>>(stitched, count);
    CHECK(cudaGetLastError() == cudaSuccess);
    CHECK_FALSE(device.capturing(orfeas::memory::stream_ref{stream}));
    auto const f = device.record(orfeas::memory::stream_ref{stream});
    device.make_wait({}, f);
    device.wait(f);
    CHECK(device.passed(f));
    device.forget(f);

    std::vector<float> out(count);
    device.copy_out(out.data(), stitched, 2 * g);
    CHECK(out[count / 2 - 1] == 2 * in[count / 2 - 1]);
    CHECK(out[count / 2] == 2 * in[count / 2]);
    std::vector<float> again(count / 2);
    device.copy_out(again.data(), reinterpret_cast<void*>(a + 3 * g), g);
    CHECK(std::equal(again.begin(), again.end(), out.begin() + static_cast<std::ptrdiff_t>(count / 2)));

    CHECK(cudaStreamDestroy(stream) == cudaSuccess);
    device.unmap(a, g);
    device.unmap(a + g, g);
    device.unmap(a + 3 * g, g);
    device.destroy(one, g);
    device.destroy(two, g);
    device.release_addresses(a, 4 * g);
}

TEST_CASE("memory: a stream that captures a graph says so") {
    if (auto const cuda = orfeas::memory::probe_cuda(); !cuda.reason.empty()) {
        ORFEAS_TEST_SKIP(cuda.reason);
    }
    cuda_vmm const device;
    device.make_current();
    cudaStream_t stream = nullptr;
    REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    orfeas::memory::stream_ref const s{stream};
    CHECK_FALSE(device.capturing(s));
    REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed) == cudaSuccess);
    CHECK(device.capturing(s));
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
    CHECK_FALSE(device.capturing(s));
    CHECK(cudaGraphDestroy(graph) == cudaSuccess);
    CHECK(cudaStreamDestroy(stream) == cudaSuccess);
}

TEST_CASE("memory: a graph that was captured with memory taken ahead works at each launch") {
    if (auto const cuda = orfeas::memory::probe_cuda(); !cuda.reason.empty()) {
        ORFEAS_TEST_SKIP(cuda.reason);
    }
    using orfeas::memory::capture_resource;
    pool p{cuda_vmm{}, {.limit_bytes = 256_MiB}};
    p.backend().make_current();
    cudaStream_t stream = nullptr;
    REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    std::size_t const count = 100'000;
    std::vector<float> out(count);
    std::vector<float> in(count);
    std::iota(in.begin(), in.end(), 1.0F);
    {
        buffer<float> values{p, count};
        values.copy_in(in);
        capture_resource<pool> memory{p, 4_MiB};
        // the strictest mode: a call of the driver that could meddle with a capture breaks it
        REQUIRE(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
        for (int i = 0; i < 4; ++i) {
            buffer<float, capture_resource<pool>> scratch{memory, orfeas::memory::stream_ref{stream}, count};
            CHECK(cudaMemcpyAsync(scratch.data(), values.data(), values.size_bytes(), cudaMemcpyDeviceToDevice,
                                  stream) == cudaSuccess);
            double_each<<<static_cast<unsigned>((count + 255) / 256), 256, 0, stream>>>(scratch.data(), count);
            CHECK(cudaGetLastError() == cudaSuccess);
            CHECK(cudaMemcpyAsync(values.data(), scratch.data(), values.size_bytes(), cudaMemcpyDeviceToDevice,
                                  stream) == cudaSuccess);
        }
        cudaGraph_t graph = nullptr;
        REQUIRE(cudaStreamEndCapture(stream, &graph) == cudaSuccess);
        CHECK(memory.touched_bytes() == orfeas::memory::extent_heap::rounded(count * sizeof(float)));
        cudaGraphExec_t executable = nullptr;
        REQUIRE(cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess);
        for (int launch = 0; launch < 2; ++launch) {
            buffer<float> other{p, 2 * count}; // of the pool meanwhile: not where the graph works
            other.copy_in(std::vector<float>(2 * count));
            CHECK(cudaGraphLaunch(executable, stream) == cudaSuccess);
            CHECK(cudaStreamSynchronize(stream) == cudaSuccess);
        }
        values.copy_out(out);
        CHECK(cudaGraphExecDestroy(executable) == cudaSuccess);
        CHECK(cudaGraphDestroy(graph) == cudaSuccess);
    }
    CHECK(out.front() == 256.0F);
    CHECK(out.back() == 256.0F * static_cast<float>(count));
    CHECK(p.profile().allocated_bytes == 0);
    CHECK(cudaStreamDestroy(stream) == cudaSuccess);
}
