// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

namespace orfeas::inline v0::memory {

/// The structures of cuda.h that orfeas passes to the driver, declared by hand: their layout is part of the driver's binary
/// interface and does not change. tests/memory/cuda_kernel_test.cu holds them against cuda.h.
struct cuda_memory_location {
    int type = 1; // CU_MEM_LOCATION_TYPE_DEVICE
    int id = 0;   // the device's ordinal
};
static_assert(sizeof(cuda_memory_location) == 8);

/// CUmemAllocationProp: what kind of physical memory `cuMemCreate` is to make.
struct cuda_allocation_properties {
    int type = 1;         // CU_MEM_ALLOCATION_TYPE_PINNED
    int handle_types = 0; // not for other processes
    cuda_memory_location location{};
    void* windows_attributes = nullptr;
    unsigned char compression = 0;
    unsigned char gpu_direct_rdma = 0;
    unsigned short usage = 0;
    std::array<unsigned char, 4> reserved{};
};
static_assert(sizeof(cuda_allocation_properties) == 32 && offsetof(cuda_allocation_properties, location) == 8 &&
              offsetof(cuda_allocation_properties, windows_attributes) == 16 &&
              offsetof(cuda_allocation_properties, compression) == 24);

/// CUmemAccessDesc: who may touch mapped memory.
struct cuda_access_description {
    cuda_memory_location location{};
    int flags = 3; // CU_MEM_ACCESS_FLAGS_PROT_READWRITE
};
static_assert(sizeof(cuda_access_description) == 12 && offsetof(cuda_access_description, flags) == 8);

/// CUmemPoolProps: what kind of pool `cuMemPoolCreate` is to make.
struct cuda_pool_properties {
    int type = 1;         // CU_MEM_ALLOCATION_TYPE_PINNED
    int handle_types = 0; // not for other processes
    cuda_memory_location location{};
    void* windows_attributes = nullptr;
    std::size_t max_bytes = 0; // the device's memory
    unsigned short usage = 0;
    std::array<unsigned char, 54> reserved{};
};
static_assert(sizeof(cuda_pool_properties) == 88 && offsetof(cuda_pool_properties, windows_attributes) == 16 &&
              offsetof(cuda_pool_properties, max_bytes) == 24 && offsetof(cuda_pool_properties, usage) == 32);

} // namespace orfeas::inline v0::memory
