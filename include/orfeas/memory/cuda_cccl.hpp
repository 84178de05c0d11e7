// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <cuda/stream_ref>

#include <concepts>
#include <cstddef>

namespace orfeas::inline v0::memory {

/// A resource of orfeas as one of CCCL (cuda::mr), for what is written against Thrust, CUB, RMM and the like. It has the
/// functions of both generations of CCCL's concepts, under their own names:
///
/// | CCCL | without a stream | in a stream's order |
/// | --- | --- | --- |
/// | 3.0 (CUDA 13.0) | `cuda::mr::resource`: `allocate(bytes, alignment)` | `async_resource`: `allocate_async(…, stream)` |
/// | 3.1 and later | `synchronous_resource`: `allocate_sync(bytes, alignment)` | `resource`: `allocate(stream, …)` |
///
/// CCCL's concepts of 3.0 are there when LIBCUDACXX_ENABLE_EXPERIMENTAL_MEMORY_RESOURCE is defined before its headers.
/// `Properties` are what the memory is known to be, in CCCL's words: `cuda::mr::device_accessible` for a pool that is known
/// to lie on a device.
///
/// CUDA 13 keeps CCCL in include/cccl: nvcc looks there by itself, other compilers are to be told.
///
/// A handle: copies are equal and speak for the same resource, which must outlive them.
/// Thread-safe, as far as the resource is.
template<memory_resource Resource, class... Properties>
class cccl_resource {
  public:
    explicit cccl_resource(Resource& upstream) noexcept : upstream_{&upstream} {}

    /// Throws what the resource throws: out_of_memory, which is a std::bad_alloc.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) const {
        return upstream_->allocate(bytes, alignment);
    }
    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) const noexcept {
        upstream_->deallocate(p, bytes, alignment);
    }

    void* allocate_sync(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) const {
        return allocate(bytes, alignment);
    }
    void deallocate_sync(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) const noexcept {
        deallocate(p, bytes, alignment);
    }

    void* allocate(cuda::stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) const
        requires stream_ordered_resource<Resource>
    {
        return upstream_->allocate(ours(stream), bytes, alignment);
    }
    void deallocate(cuda::stream_ref stream, void* p, std::size_t bytes,
                    std::size_t alignment = alignof(std::max_align_t)) const noexcept
        requires stream_ordered_resource<Resource>
    {
        upstream_->deallocate(ours(stream), p, bytes, alignment);
    }

    void* allocate_async(std::size_t bytes, std::size_t alignment, cuda::stream_ref stream) const
        requires stream_ordered_resource<Resource>
    {
        return allocate(stream, bytes, alignment);
    }
    void* allocate_async(std::size_t bytes, cuda::stream_ref stream) const
        requires stream_ordered_resource<Resource>
    {
        return allocate(stream, bytes);
    }
    void deallocate_async(void* p, std::size_t bytes, std::size_t alignment, cuda::stream_ref stream) const noexcept
        requires stream_ordered_resource<Resource>
    {
        deallocate(stream, p, bytes, alignment);
    }
    void deallocate_async(void* p, std::size_t bytes, cuda::stream_ref stream) const noexcept
        requires stream_ordered_resource<Resource>
    {
        deallocate(stream, p, bytes);
    }

    /// The resource below.
    Resource& upstream() const noexcept { return *upstream_; }

    friend bool operator==(cccl_resource const& a, cccl_resource const& b) {
        return a.upstream_ == b.upstream_ || *a.upstream_ == *b.upstream_;
    }

    template<class Property>
        requires(std::same_as<Property, Properties> || ...)
    friend constexpr void get_property(cccl_resource const&, Property) noexcept {}

  private:
    static stream_ref ours(cuda::stream_ref stream) noexcept { return stream_ref{stream.get()}; }

    Resource* upstream_;
};

/// A resource as one of CCCL: `as_cccl<cuda::mr::device_accessible>(pool)`.
template<class... Properties, memory_resource Resource>
cccl_resource<Resource, Properties...> as_cccl(Resource& resource) noexcept {
    return cccl_resource<Resource, Properties...>{resource};
}

} // namespace orfeas::inline v0::memory
