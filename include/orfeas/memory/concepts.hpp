// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/memory_profile.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::memory {

/// Gives out memory, of the host or of a device.
///
/// `allocate(bytes, alignment)` returns memory that is aligned and belongs to the caller until `deallocate` with the same
/// three values, or throws `out_of_memory`; zero bytes are answered with a pointer of their own. `try_allocate` is its
/// twin that returns null. `deallocate` of null does nothing. Alignments are powers of two. Two resources are equal when
/// each can deallocate what the other allocated. All three functions may be called from any thread.
template<class R>
concept memory_resource =
    std::equality_comparable<R> && requires(R& resource, void* p, std::size_t bytes, std::size_t alignment) {
        { resource.allocate(bytes, alignment) } -> std::same_as<void*>;
        { resource.try_allocate(bytes, alignment) } noexcept -> std::same_as<void*>;
        { resource.deallocate(p, bytes, alignment) } noexcept -> std::same_as<void>;
    };

/// A resource that copies between its memory and the host's.
///
/// `copy_in(to, from, bytes)` writes host memory to the resource's, `copy_out(to, from, bytes)` reads it back; both have
/// finished when they return. `host_accessible()` says whether the host may also read and write the memory directly.
template<class R>
concept copying_resource =
    memory_resource<R> && requires(R& resource, R const& view, void* to, void const* from, std::size_t bytes) {
        { resource.copy_in(to, from, bytes) } -> std::same_as<void>;
        { resource.copy_out(to, from, bytes) } -> std::same_as<void>;
        { view.host_accessible() } noexcept -> std::same_as<bool>;
    };

/// A resource that says what it holds, at any time and from any thread.
template<class R>
concept profiled_resource = memory_resource<R> && requires(R const& resource) {
    { resource.profile() } noexcept -> std::same_as<memory_profile>;
};

/// A resource that gives back what it keeps for later. `cleanup()` never takes memory from a live allocation.
template<class R>
concept reclaimable_resource = profiled_resource<R> && requires(R& resource) {
    { resource.cleanup() } -> std::same_as<cleanup_report>;
};

/// Where memory lies.
enum class device_kind : std::uint8_t { host, cuda };

constexpr std::string_view to_string(device_kind kind) noexcept {
    return kind == device_kind::cuda ? "cuda" : "host";
}

/// The memory of a backend, in its own words.
struct backend_info {
    std::uint64_t total_bytes = 0; ///< on the device, or the configured capacity
    std::uint64_t free_bytes = 0;  ///< not used by anyone
};

/// Where a pool takes its segments from: the memory of one device, few calls, each large.
///
/// A backend is a handle: copies are equal and speak for the same memory. Every call may throw `backend_error` and
/// nothing else, and may be made from any thread. `allocate(bytes)` returns at least that many bytes at a multiple of
/// extent_heap::unit_bytes; `deallocate` takes the same two values, and the memory still belongs to the caller when it
/// throws. `copy_in` and `copy_out` are as in `copying_resource`. `make_current()` lets the calling thread launch kernels
/// on the device through its own toolkit; for host memory it does nothing.
template<class B>
concept memory_backend =
    requires(B const& backend, void* p, void const* from, std::size_t bytes) {
        { backend.allocate(bytes) } -> std::same_as<void*>;
        { backend.deallocate(p, bytes) } -> std::same_as<void>;
        { backend.info() } -> std::same_as<backend_info>;
        { backend.copy_in(p, from, bytes) } -> std::same_as<void>;
        { backend.copy_out(p, from, bytes) } -> std::same_as<void>;
        { backend.make_current() } -> std::same_as<void>;
        { backend.host_accessible() } noexcept -> std::same_as<bool>;
        { backend.name() } noexcept -> std::same_as<std::string_view>;
        { backend.kind() } noexcept -> std::same_as<device_kind>;
    } &&
    // last: asking whether a stranger can be copied may ask whether it can become a device, which asks this concept again
    std::copyable<B> && std::equality_comparable<B>;

} // namespace orfeas::inline v0::memory
