// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/fwd.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/stream_ref.hpp>

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

/// A resource that allocates and takes back in the order of a stream's work, too.
///
/// `allocate(stream, bytes, alignment)` returns memory for work of that stream; its twin `try_allocate` returns null where
/// the other throws. `deallocate(stream, p, bytes, alignment)` takes memory back once the work that was submitted to the
/// stream so far is done; it may have come from any stream or from none. All may be called from any thread.
template<class R>
concept stream_ordered_resource =
    memory_resource<R> && requires(R& resource, stream_ref stream, void* p, std::size_t bytes, std::size_t alignment) {
        { resource.allocate(stream, bytes, alignment) } -> std::same_as<void*>;
        { resource.try_allocate(stream, bytes, alignment) } noexcept -> std::same_as<void*>;
        { resource.deallocate(stream, p, bytes, alignment) } noexcept -> std::same_as<void>;
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

/// A resource that tells those who wait for memory when some was deallocated.
///
/// `retry_allocate` is as `try_allocate`, for those who ask again and again: a refusal is not counted and not reported.
/// `limit_bytes()` is what may be handed out at most. A waiter is added before it asks, and removed before it ends; all may
/// be called from any thread.
template<class R>
concept waitable_resource =
    memory_resource<R> && requires(R& resource, R const& view, std::size_t bytes, std::size_t alignment,
                                   allocation_hint hint, memory_waiter& waiter) {
        { resource.allocate(bytes, alignment, hint) } -> std::same_as<void*>;
        { resource.retry_allocate(bytes, alignment, hint) } noexcept -> std::same_as<void*>;
        { resource.add_waiter(waiter) } noexcept -> std::same_as<void>;
        { resource.remove_waiter(waiter) } noexcept -> std::same_as<void>;
        { view.limit_bytes() } noexcept -> std::same_as<std::uint64_t>;
    };

/// A resource that asks those who keep its memory for later to give it back when it is wanted. A keeper is removed before it
/// ends; both may be called from any thread.
template<class R>
concept keeper_resource = memory_resource<R> && requires(R& resource, memory_keeper& keeper) {
    { resource.add_keeper(keeper) } noexcept -> std::same_as<void>;
    { resource.remove_keeper(keeper) } noexcept -> std::same_as<void>;
};

/// Where memory lies; `null` is a device that only counts and has no memory.
enum class device_kind : std::uint8_t { host, cuda, null };

constexpr std::string_view to_string(device_kind kind) noexcept {
    switch (kind) {
    case device_kind::host:
        return "host";
    case device_kind::cuda:
        return "cuda";
    case device_kind::null:
        return "null";
    }
    return "host";
}

/// The memory of a backend, in its own words.
struct backend_info {
    std::uint64_t total_bytes = 0; ///< on the device, or the configured capacity
    std::uint64_t free_bytes = 0;  ///< not used by anyone
};

/// What every backend aligns its memory to at least.
inline constexpr std::uint64_t backend_alignment_bytes = 512;

/// Where a pool takes its segments from: the memory of one device, few calls, each large. On a device with virtual memory
/// management these plain segments remain the way for memory that other processes or network cards must be able to open.
///
/// A backend is a handle: copies are equal and speak for the same memory. Every call may throw `backend_error` and
/// nothing else, and may be made from any thread. `allocate(bytes)` returns at least that many bytes at a multiple of
/// backend_alignment_bytes; `deallocate` takes the same two values, and the memory still belongs to the caller when it
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

/// Physical memory of a device, not an address yet: a handle of a `vmm_backend`. Zero is none.
struct physical_memory {
    std::uint64_t value = 0;

    explicit operator bool() const noexcept { return value != 0; }
    friend bool operator==(physical_memory, physical_memory) noexcept = default;
};

/// A point in the work of a stream, of a `fence_backend`. Zero is a point that has passed: it may be asked about, waited
/// for and forgotten like any other.
struct fence {
    std::uint64_t value = 0;

    explicit operator bool() const noexcept { return value != 0; }
    friend bool operator==(fence, fence) noexcept = default;
};

/// A backend that maps physical memory where it is told to, so that what is scattered can be put side by side.
///
/// `granule_bytes()` is a power of two and never changes; every size and address below is a multiple of it and no size is
/// zero. A device without virtual memory management says 0, and then the other calls throw error::unavailable.
///
/// * `reserve_addresses(bytes)`: addresses without memory, never zero. `release_addresses` takes the whole reservation
///   back, and nothing is mapped in it.
/// * `create(bytes)`: physical memory. `destroy(memory, bytes)` gives it back, and it is mapped nowhere. What it held is
///   lost; new memory may hold anything.
/// * `map(address, bytes, memory)`: the whole of `memory` at reserved addresses where nothing is mapped. It may be mapped
///   at several addresses at once, which then show the same bytes. Not accessible yet.
/// * `allow_access(address, bytes)`: lets device (and host, if it can) read and write one contiguous run of whole mappings.
///   The call costs about the same for one mapping as for many.
/// * `unmap(address, bytes)`: takes one whole mapping away; the addresses stay reserved. No work on the device may use it
///   any more: nothing waits for it.
///
/// All throw backend_error and nothing else, after which everything is as it was before; all may be called from any thread.
template<class B>
concept vmm_backend = memory_backend<B> &&
                      requires(B const& backend, std::uintptr_t address, std::uint64_t bytes, physical_memory memory) {
                          { backend.granule_bytes() } noexcept -> std::same_as<std::uint64_t>;
                          { backend.reserve_addresses(bytes) } -> std::same_as<std::uintptr_t>;
                          { backend.release_addresses(address, bytes) } -> std::same_as<void>;
                          { backend.create(bytes) } -> std::same_as<physical_memory>;
                          { backend.destroy(memory, bytes) } -> std::same_as<void>;
                          { backend.map(address, bytes, memory) } -> std::same_as<void>;
                          { backend.allow_access(address, bytes) } -> std::same_as<void>;
                          { backend.unmap(address, bytes) } -> std::same_as<void>;
                      };

/// A backend that orders work of streams.
///
/// `record(stream)` marks the point after all work that was submitted to the stream so far; `passed(fence)` says whether
/// that work has finished, without waiting; `make_wait(stream, fence)` lets later work of the stream begin only then;
/// `wait(fence)` blocks the calling thread until then. `forget(fence)` gives the fence back: it is not to be used again,
/// but waits that were asked for stay. A device whose work is synchronous may answer `fence{}`.
///
/// All but `forget` throw backend_error and nothing else; all may be called from any thread.
template<class B>
concept fence_backend = memory_backend<B> && requires(B const& backend, stream_ref stream, fence f) {
    { backend.record(stream) } -> std::same_as<fence>;
    { backend.passed(f) } -> std::same_as<bool>;
    { backend.make_wait(stream, f) } -> std::same_as<void>;
    { backend.wait(f) } -> std::same_as<void>;
    { backend.forget(f) } noexcept -> std::same_as<void>;
};

/// A backend that knows whether a stream is recording a graph, during which fences of the stream must not be asked about
/// and memory must not move. Throws backend_error and nothing else; may be called from any thread.
template<class B>
concept capturing_backend = fence_backend<B> && requires(B const& backend, stream_ref stream) {
    { backend.capturing(stream) } -> std::same_as<bool>;
};

} // namespace orfeas::inline v0::memory
