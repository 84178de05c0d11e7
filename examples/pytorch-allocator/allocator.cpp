// SPDX-License-Identifier: MIT
//
// The pool as the allocator of PyTorch: a library with the two functions that torch.cuda.memory.CUDAPluggableAllocator asks
// for. Needs neither PyTorch nor CUDA's headers to build. See README.md.
#include <orfeas/memory/best_device.hpp>
#include <orfeas/memory/pool.hpp>

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <mutex>
#include <new>
#include <optional>

#define PYTORCH_ALLOCATOR_EXPORT __attribute__((visibility("default")))

using cudaStream_t = struct CUstream_st*; // as in the toolkit

namespace {

using namespace orfeas::memory;

struct device_pool {
    std::once_flag made;
    std::optional<pool> memory;
};

/// Where device number `ordinal` lies: the GPU itself, or the host when ORFEAS_DEVICE_CUDA says that no GPU is wanted.
device open(int ordinal) {
    auto options = orfeas::from_environment<best_device_options>();
    if (options.cuda) {
        options.cuda_ordinal = ordinal;
    }
    return best_device(options);
}

/// The pool of a device, made when it is first asked for. Never ended: tensors, and the driver's own shutdown, may come
/// after the end of main().
pool& pool_of(int ordinal) {
    static auto* const pools = new std::array<device_pool, 64>;
    auto& found = pools->at(static_cast<std::size_t>(ordinal));
    std::call_once(found.made, [&] { found.memory.emplace(open(ordinal), orfeas::from_environment<pool_options>()); });
    return *found.memory;
}

} // namespace

/// Throws what Python then sees: out_of_memory with its figures, backend_error, option_error.
extern "C" PYTORCH_ALLOCATOR_EXPORT void* my_malloc(ssize_t size, int device, cudaStream_t stream) {
    return pool_of(device).allocate(stream_ref{stream}, static_cast<std::size_t>(size));
}

/// The memory serves the same stream again at once, and others when the stream's work so far is done.
extern "C" PYTORCH_ALLOCATOR_EXPORT void my_free(void* ptr, ssize_t size, int device, cudaStream_t stream) {
    pool_of(device).deallocate(stream_ref{stream}, ptr, static_cast<std::size_t>(size));
}
