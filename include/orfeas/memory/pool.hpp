// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/segment_map.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/pool_options.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// Memory of a backend, taken in segments and handed out in pieces: an allocation costs tens of nanoseconds where the
/// backend's takes microseconds. What is freed stays reserved for the next allocation until `cleanup()`.
///
/// Sizes are rounded up to extent_heap::unit_bytes (512), and every allocation is aligned to at least that; zero bytes
/// are answered with one unit. A deallocation that names no live allocation (freed twice, or of another resource) is a
/// caller's bug: ORFEAS_ASSERT reports it, and should that be defined away, the call changes nothing.
/// Destroying the pool gives everything back to the backend, also what was never deallocated.
/// A request that the backend refuses is tried again after the pool gave back its unused segments.
///
/// Cleanups, refused requests and segments given back for want of memory are events of `log`.
///
/// Thread-safe. One lock, held for tens of nanoseconds and never during a backend's call.
template<memory_backend Backend, clock Clock = steady_clock>
class basic_pool {
  public:
    /// Takes no memory yet. Throws option_error for options out of range, and backend_error if the backend does not
    /// answer how much memory it has.
    explicit basic_pool(Backend backend, pool_options options = {}, logger log = {}, Clock clock = {})
        : backend_{std::move(backend)}, options_{checked(options)}, log_{std::move(log)}, clock_{std::move(clock)} {
        auto const available = backend_.info().total_bytes;
        total_ = options_.limit_bytes == 0 ? available : std::min(options_.limit_bytes, available);
    }

    basic_pool(basic_pool const&) = delete;
    basic_pool& operator=(basic_pool const&) = delete;

    ~basic_pool() {
        // a driver may answer with the failure of earlier, asynchronous work: each segment gets a second chance
        for (std::uint32_t region = 0; region < segments_.regions(); ++region) {
            auto const& each = segments_[region];
            if (each.data() != nullptr && !give_back(each.data(), each.bytes())) {
                give_back(each.data(), each.bytes());
            }
        }
    }

    /// Memory for `bytes` bytes at a multiple of `alignment`, a power of two up to extent_heap::max_alignment.
    /// Throws out_of_memory when the limit or the device is exhausted.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        if (void* const p = take_at_once(bytes, alignment)) [[likely]] {
            return p;
        }
        failure why;
        if (void* const p = acquire(bytes, alignment, why)) {
            return p;
        }
        throw out_of_memory{why.report, backend_.name(), why.cause};
    }

    /// As `allocate`, but null when there is no memory.
    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (void* const p = take_at_once(bytes, alignment)) [[likely]] {
            return p;
        }
        failure why;
        return acquire(bytes, alignment, why);
    }

    /// Takes back what `allocate` returned for the same size and alignment. Null is nothing to take back.
    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (p == nullptr) {
            return;
        }
        ORFEAS_ASSERT(is_alignment(alignment), "alignments are powers of two up to extent_heap::max_alignment");
        auto const address = reinterpret_cast<std::uintptr_t>(p);
        std::scoped_lock const lock{mutex_};
        auto const node = forget(address);
        ORFEAS_ASSERT(node != 0, "deallocate what this pool allocated, and once");
        if (node == 0) {
            return;
        }
        auto const size = heap_.at(node).bytes;
        ORFEAS_ASSERT(size == extent_heap::rounded(bytes), "deallocate with the size that was allocated");
        heap_.deallocate(node);
        allocated_ -= size;
    }

    /// Gives unused segments back to the backend. Other threads may allocate and deallocate meanwhile.
    /// When the backend refuses one, the report says so and the segment stays in use.
    cleanup_report cleanup() {
        std::scoped_lock const only_one{growth_mutex_};
        cleanup_report report;
        report.reserved_before_bytes = reserved_bytes();
        report.success = release_unused(report.failure);
        report.reserved_after_bytes = reserved_bytes();
        report.freed_bytes = report.reserved_before_bytes - report.reserved_after_bytes;
        count_cleanup(report.success);
        log_(report.success ? severity::info : severity::warning, "memory",
             report.success ? "cleanup_finished" : "cleanup_failed",
             {{"device", backend_.name()},
              {"freed_bytes", report.freed_bytes},
              {"reserved_bytes", report.reserved_after_bytes},
              {"failure", report.failure}});
        return report;
    }

    /// What the pool holds now. Constant time but for the search of the largest free extent, see extent_heap.
    memory_profile profile() const noexcept {
        memory_profile p;
        p.time = clock_.wall_now();
        p.total_bytes = total_;
        std::scoped_lock const lock{mutex_};
        p.allocated_bytes = allocated_;
        p.reserved_bytes = reserved_;
        p.free_bytes = total_ - allocated_;
        p.largest_free_bytes = heap_.largest_free_bytes();
        p.peak_allocated_bytes = peak_allocated_;
        p.allocations = heap_.used_count();
        auto const unused = reserved_ - allocated_;
        p.fragmentation_ratio = unused == 0 ? 0.0 : 1.0 - ratio(p.largest_free_bytes, unused);
        p.utilization_ratio = ratio(allocated_, total_);
        p.pressure = pressure_at(p.utilization_ratio);
        return p;
    }

    /// Reports the profile and the counters.
    void measure(measurement_sink sink) const {
        auto const p = profile();
        auto const gauge = [&sink](std::string_view name, unit u, double value, std::string_view help) {
            sink({.name = name, .kind = measurement_kind::gauge, .unit = u, .value = value, .help = help});
        };
        gauge("memory_total_bytes", unit::bytes, real(p.total_bytes), "memory that may be handed out at most");
        gauge("memory_reserved_bytes", unit::bytes, real(p.reserved_bytes), "memory taken from the backend");
        gauge("memory_allocated_bytes", unit::bytes, real(p.allocated_bytes), "memory handed out");
        gauge("memory_free_bytes", unit::bytes, real(p.free_bytes), "memory that may still be handed out");
        gauge("memory_largest_free_bytes", unit::bytes, real(p.largest_free_bytes),
              "largest free extent in reserved memory");
        gauge("memory_fragmentation_ratio", unit::ratio, p.fragmentation_ratio,
              "share of reserved free memory outside the largest free extent");
        gauge("memory_pressure", unit::none, static_cast<double>(p.pressure), "0 low, 1 medium, 2 high, 3 critical");

        auto const count = totals();
        auto const counter = [&sink](std::string_view name, std::uint64_t value, std::string_view help) {
            sink({.name = name,
                  .kind = measurement_kind::counter,
                  .unit = unit::none,
                  .value = real(value),
                  .help = help});
        };
        counter("memory_allocations_total", count.allocations, "allocations served");
        counter("memory_failed_allocations_total", count.failed_allocations, "allocations refused");
        counter("memory_cleanups_total", count.cleanups, "cleanups asked for");
        counter("memory_failed_cleanups_total", count.failed_cleanups, "cleanups that the backend refused in part");
    }

    /// Copies host memory into an allocation, or an allocation into host memory; finished on return.
    /// Throws backend_error when the device refuses.
    void copy_in(void* to, void const* from, std::size_t bytes) const { backend_.copy_in(to, from, bytes); }
    void copy_out(void* to, void const* from, std::size_t bytes) const { backend_.copy_out(to, from, bytes); }

    /// Whether the host may read and write the memory directly.
    bool host_accessible() const noexcept { return backend_.host_accessible(); }

    Backend const& backend() const noexcept { return backend_; }
    pool_options const& options() const noexcept { return options_; }

    friend bool operator==(basic_pool const& a, basic_pool const& b) noexcept { return &a == &b; }

  private:
    /// Segments are whole multiples of this where the limit allows: drivers hand out no less.
    static constexpr std::uint64_t granule_bytes = 2_MiB;

    /// Why a request failed: the pool's state at that moment, and the backend's sentence if it refused.
    struct failure {
        out_of_memory_report report;
        std::string cause;
    };

    struct counters {
        std::uint64_t allocations = 0;
        std::uint64_t failed_allocations = 0;
        std::uint64_t cleanups = 0;
        std::uint64_t failed_cleanups = 0;
    };

    static pool_options checked(pool_options const& options) {
        validate(options);
        return options;
    }

    static constexpr bool is_alignment(std::size_t a) noexcept {
        return a != 0 && (a & (a - 1)) == 0 && a <= extent_heap::max_alignment;
    }

    static double real(std::uint64_t n) noexcept { return static_cast<double>(n); }
    static double ratio(std::uint64_t part, std::uint64_t whole) noexcept {
        return whole == 0 ? 0.0 : real(part) / real(whole);
    }

    memory_pressure pressure_at(double utilization) const noexcept {
        if (utilization > options_.critical_mark) {
            return memory_pressure::critical;
        }
        if (utilization > options_.high_mark) {
            return memory_pressure::high;
        }
        if (utilization > options_.medium_mark) {
            return memory_pressure::medium;
        }
        return memory_pressure::low;
    }

    void* take_at_once(std::size_t bytes, std::size_t alignment) noexcept {
        ORFEAS_ASSERT(is_alignment(alignment), "alignments are powers of two up to extent_heap::max_alignment");
        return take(bytes, alignment, search_effort::bounded);
    }

    /// The way of a request for which no place was found at once.
    void* acquire(std::size_t bytes, std::size_t alignment, failure& why) noexcept {
        if (void* const p = search_and_grow(bytes, alignment, why)) {
            return p;
        }
        {
            std::scoped_lock const lock{mutex_};
            ++counters_.failed_allocations;
            why.report = {bytes, alignment, total_, reserved_, allocated_, heap_.largest_free_bytes()};
        }
        log_(severity::warning, "memory", "allocation_refused",
             {{"device", backend_.name()},
              {"requested_bytes", bytes},
              {"allocated_bytes", why.report.allocated_bytes},
              {"total_bytes", total_},
              {"cause", why.cause}});
        return nullptr;
    }

    /// Looks everywhere, takes a new segment, and if the backend has none, gives back unused ones and asks again.
    void* search_and_grow(std::size_t bytes, std::size_t alignment, failure& why) noexcept {
        if (bytes > extent_heap::max_bytes) {
            return nullptr;
        }
        std::scoped_lock const only_one{growth_mutex_};
        // places may also have come up while another thread grew the pool
        if (void* const p = take(bytes, alignment, search_effort::exhaustive)) {
            return p;
        }
        if (void* const p = expand(bytes, alignment, why)) {
            return p;
        }
        auto const before = reserved_;
        release_unused(why.cause);
        if (reserved_ == before) {
            return nullptr;
        }
        log_(severity::info, "memory", "segments_released_for_a_request",
             {{"device", backend_.name()}, {"freed_bytes", before - reserved_}, {"requested_bytes", bytes}});
        return expand(bytes, alignment, why);
    }

    /// Serves a request from a new segment of the usual size, or else of one that just holds it. Needs growth_mutex_.
    void* expand(std::size_t bytes, std::size_t alignment, failure& why) noexcept {
        auto const padding = alignment > extent_heap::unit_bytes ? alignment - extent_heap::unit_bytes : 0;
        auto const needed = extent_heap::rounded(bytes) + padding;
        auto const most = std::min((total_ - reserved_) & ~(extent_heap::unit_bytes - 1), extent_heap::max_bytes);
        if (needed > most) {
            return nullptr;
        }
        auto const least = std::min(whole_granules(needed), most);
        auto const usual = std::clamp(whole_granules(options_.segment_bytes), least, most);
        if (void* const p = take_from_new_segment(usual, bytes, alignment, why)) {
            return p;
        }
        return least < usual ? take_from_new_segment(least, bytes, alignment, why) : nullptr;
    }

    void* take_from_new_segment(std::uint64_t size, std::size_t bytes, std::size_t alignment, failure& why) noexcept {
        void* data = nullptr;
        try {
            data = backend_.allocate(size);
            detail::segment added{data, size};
            std::scoped_lock const lock{mutex_};
            segments_.reserve_one();
            auto const region = heap_.add_region(added.begin(), size);
            segments_.insert(region, std::move(added));
            reserved_ += size;
            return take_locked(bytes, alignment, search_effort::bounded);
        } catch (std::exception const& e) { // the backend's refusal, or no memory for bookkeeping
            if (data != nullptr) {
                give_back(data, size);
            }
            note(why.cause, e.what());
            return nullptr;
        }
    }

    void* take(std::size_t bytes, std::size_t alignment, search_effort effort) noexcept {
        std::scoped_lock const lock{mutex_};
        return take_locked(bytes, alignment, effort);
    }

    void* take_locked(std::size_t bytes, std::size_t alignment, search_effort effort) noexcept {
        auto const found = try_heap(bytes, alignment, effort);
        if (!found) {
            return nullptr;
        }
        segments_[found->region].node_at(found->address) = found->node;
        allocated_ += found->bytes;
        peak_allocated_ = std::max(peak_allocated_, allocated_);
        ++counters_.allocations;
        return reinterpret_cast<void*>(found->address);
    }

    std::optional<extent> try_heap(std::size_t bytes, std::size_t alignment, search_effort effort) noexcept {
        try {
            return heap_.allocate(bytes, alignment, effort);
        } catch (std::bad_alloc const&) { // no memory for bookkeeping is no memory
            return std::nullopt;
        }
    }

    /// The node of the extent that begins at `address`, from now on no longer in use; 0 when there is none.
    std::uint32_t forget(std::uintptr_t address) noexcept {
        auto* const owner = segments_.find(address);
        if (owner == nullptr || address % extent_heap::unit_bytes != 0) {
            return 0;
        }
        return std::exchange(owner->node_at(address), 0);
    }

    /// Gives back the segments of which nothing is in use. False when the backend refused one. Needs growth_mutex_.
    bool release_unused(std::string& cause) noexcept {
        bool all_went = true;
        for (std::uint32_t region = 0; region < segments_.regions(); ++region) {
            if (!withdraw(region)) {
                continue;
            }
            auto const& each = segments_[region];
            bool const went = give_back(each.data(), each.bytes(), &cause);
            std::scoped_lock const lock{mutex_};
            if (went) {
                heap_.remove_region(region);
                reserved_ -= each.bytes();
                segments_.erase(region);
            } else {
                heap_.restore_region(region);
                all_went = false;
            }
        }
        return all_went;
    }

    bool withdraw(std::uint32_t region) noexcept {
        std::scoped_lock const lock{mutex_};
        return segments_[region].data() != nullptr && heap_.withdraw_region(region);
    }

    bool give_back(void* data, std::size_t bytes, std::string* cause = nullptr) noexcept {
        try {
            backend_.deallocate(data, bytes);
            return true;
        } catch (std::exception const& e) {
            if (cause != nullptr && cause->empty()) {
                note(*cause, e.what());
            }
            return false;
        }
    }

    static void note(std::string& where, char const* sentence) noexcept {
        try {
            where = sentence;
        } catch (std::bad_alloc const&) { // the figures of the report must do
        }
    }

    static constexpr std::uint64_t whole_granules(std::uint64_t bytes) noexcept {
        return (bytes + granule_bytes - 1) / granule_bytes * granule_bytes;
    }

    std::uint64_t reserved_bytes() const noexcept {
        std::scoped_lock const lock{mutex_};
        return reserved_;
    }

    void count_cleanup(bool success) noexcept {
        std::scoped_lock const lock{mutex_};
        ++counters_.cleanups;
        if (!success) {
            ++counters_.failed_cleanups;
        }
    }

    counters totals() const noexcept {
        std::scoped_lock const lock{mutex_};
        return counters_;
    }

    Backend backend_;
    pool_options options_;
    logger log_;
    [[no_unique_address]] Clock clock_;
    std::uint64_t total_ = 0;

    std::mutex growth_mutex_;  // held by whoever calls the backend; taken before mutex_
    mutable std::mutex mutex_; // guards all that follows; segments_ and reserved_ change only under both
    extent_heap heap_;
    detail::segment_map segments_;
    std::uint64_t reserved_ = 0;
    std::uint64_t allocated_ = 0;
    std::uint64_t peak_allocated_ = 0;
    counters counters_;
};

/// A pool on whatever device the machine has.
using pool = basic_pool<device>;
static_assert(reclaimable_resource<pool> && copying_resource<pool> && measurable<pool>);

} // namespace orfeas::inline v0::memory
