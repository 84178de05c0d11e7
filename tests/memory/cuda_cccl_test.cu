// SPDX-License-Identifier: MIT
//
// The adapter against the concepts of the CCCL that the toolkit brings; those of the other generation are skipped.
#define LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/memory/cuda_cccl.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <cuda/memory_resource>
#include <cuda/std/version>
#include <cuda/stream_ref>
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

using namespace orfeas::memory;
using orfeas_test::opaque_pool;

namespace {

using on_device = cccl_resource<opaque_pool, cuda::mr::device_accessible>;
using on_heap = cccl_resource<heap_resource, cuda::mr::host_accessible>;

static_assert(cuda::has_property<on_device, cuda::mr::device_accessible>);
static_assert(!cuda::has_property<on_device, cuda::mr::host_accessible>);
static_assert(!cuda::has_property<cccl_resource<opaque_pool>, cuda::mr::device_accessible>);

} // namespace

TEST_CASE("memory: a resource is one of CCCL 3.0") {
#if CCCL_VERSION < 3001000
    static_assert(cuda::mr::async_resource_with<on_device, cuda::mr::device_accessible>);
    static_assert(cuda::mr::resource_with<on_heap, cuda::mr::host_accessible>);
    static_assert(!cuda::mr::async_resource<on_heap>);
    opaque_pool p{64 << 20};
    auto adapted = as_cccl<cuda::mr::device_accessible>(p);
    cuda::mr::resource_ref<cuda::mr::device_accessible> plain{adapted};
    void* const a = plain.allocate(1000, 256);
    cuda::mr::async_resource_ref<cuda::mr::device_accessible> ordered{adapted};
    cuda::stream_ref const stream{reinterpret_cast<cudaStream_t>(std::uintptr_t{0x10})};
    void* const b = ordered.allocate_async(1000, 256, stream);
    CHECK(p.profile().allocations == 2);
    plain.deallocate(a, 1000, 256);
    ordered.deallocate_async(b, 1000, 256, stream);
    CHECK(p.profile().allocations == 0);
    CHECK(p.profile().pending_bytes == 1024);
#else
    ORFEAS_TEST_SKIP("the toolkit brings a later CCCL");
#endif
}

TEST_CASE("memory: a resource is one of CCCL 3.1 and later") {
#if CCCL_VERSION >= 3001000
    static_assert(cuda::mr::resource_with<on_device, cuda::mr::device_accessible>);
    static_assert(cuda::mr::synchronous_resource_with<on_heap, cuda::mr::host_accessible>);
    static_assert(!cuda::mr::resource<on_heap>);
    opaque_pool p{64 << 20};
    auto adapted = as_cccl<cuda::mr::device_accessible>(p);
    cuda::mr::resource_ref<cuda::mr::device_accessible> ordered{adapted};
    cuda::stream_ref const stream{reinterpret_cast<cudaStream_t>(std::uintptr_t{0x10})};
    void* const a = ordered.allocate_sync(1000, 256);
    void* const b = ordered.allocate(stream, 1000, 256);
    CHECK(p.profile().allocations == 2);
    ordered.deallocate_sync(a, 1000, 256);
    ordered.deallocate(stream, b, 1000, 256);
    CHECK(p.profile().allocations == 0);
    CHECK(p.profile().pending_bytes == 1024);
#else
    ORFEAS_TEST_SKIP("the toolkit brings CCCL 3.0");
#endif
}

TEST_CASE("memory: the functions of both generations of CCCL lead to the resource") {
    opaque_pool p{64 << 20};
    on_device const adapted{p};
    cuda::stream_ref const stream{reinterpret_cast<cudaStream_t>(std::uintptr_t{0x10})};
    void* const a = adapted.allocate_sync(1000);
    void* const b = adapted.allocate(stream, 1000, 4096);
    void* const c = adapted.allocate_async(1000, stream);
    CHECK(p.profile().allocations == 3);
    CHECK(reinterpret_cast<std::uintptr_t>(b) % 4096 == 0);
    adapted.deallocate_sync(a, 1000);
    adapted.deallocate(stream, b, 1000, 4096);
    adapted.deallocate_async(c, 1000, stream);
    CHECK(p.profile().allocations == 0);
    CHECK(p.profile().pending_bytes == 2048);
    opaque_pool q{64 << 20};
    CHECK(adapted == on_device{p});
    CHECK_FALSE(adapted == on_device{q});
    CHECK(&adapted.upstream() == &p);
    CHECK_THROWS_AS(adapted.allocate(std::size_t{1} << 60), out_of_memory);
}
