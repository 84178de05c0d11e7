// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/mapping_log.hpp>
#include <orfeas/memory/detail/memory_budget.hpp>
#include <orfeas/memory/detail/note.hpp>
#include <orfeas/memory/extent_heap.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// A pool's memory that it takes from the backend in plain segments, each given back as a whole once nothing of it is in
/// use: all there is on a backend without virtual memory management, and elsewhere the memory that must be exportable.
///
/// Guarded as granule_space: calls marked (m) need the pool's mutex; the others take it themselves, never during a
/// backend's call, and must be serialised by the caller.
template<class Backend>
class segment_space {
  public:
    segment_space(Backend const& backend, memory_budget& budget, std::mutex& mutex, mapping_log& log,
                  std::uint64_t segment_bytes)
        : backend_{backend}, budget_{budget}, mutex_{mutex}, log_{log}, segment_bytes_{segment_bytes} {}

    segment_space(segment_space const&) = delete;
    segment_space& operator=(segment_space const&) = delete;

    ~segment_space() {
        // a driver may answer with the failure of earlier, asynchronous work: each segment gets a second chance
        for (auto const& each : segments_) {
            if (each.data != nullptr && !give_back(each, nullptr)) {
                give_back(each, nullptr);
            }
        }
    }

    // --- the heap (m) ---

    std::optional<extent> allocate(extent_owner owner, std::uint64_t bytes, std::uint64_t alignment,
                                   search_effort effort) {
        auto const found = heap_.allocate_from(owner, bytes, alignment, effort);
        if (found) {
            allocated_ += found->bytes;
        }
        return found;
    }

    void deallocate(extent_owner owner, std::uint32_t epoch, std::uint32_t node) noexcept {
        allocated_ -= at(node).bytes;
        heap_.deallocate_for(owner, epoch, node);
    }

    extent at(std::uint32_t node) const noexcept { return heap_.at(node); }
    std::optional<extent_owner> add_owner() { return heap_.add_owner(); }
    std::uint64_t transfer(extent_owner owner, std::uint32_t epoch, extent_owner to, std::uint32_t to_epoch) noexcept {
        return heap_.transfer(owner, epoch, to, to_epoch);
    }
    std::uint64_t allocated_bytes() const noexcept { return allocated_; }
    std::uint64_t largest_free_bytes() const noexcept { return heap_.largest_free_bytes(); }

    /// The free bytes of segments of which nothing is in use. Linear in the segments.
    std::uint64_t unused_bytes() const noexcept {
        std::uint64_t sum = 0;
        for (std::uint32_t region = 0; region < segments_.size(); ++region) {
            sum += segments_[region].data != nullptr && heap_.unused_region(region) ? segments_[region].bytes : 0;
        }
        return sum;
    }

    template<class Visit>
    void for_each_range(Visit visit) const {
        heap_.for_each_range(visit);
    }

    // --- growth (serialised by the caller; takes the mutex) ---

    /// Serves a request from a new segment of the usual size, or else of one that just holds it. Empty when the budget or
    /// the backend has none; `cause` is then the backend's sentence.
    std::optional<extent> grow(std::uint64_t bytes, std::uint64_t alignment, std::string& cause) {
        auto const padding = alignment > extent_heap::unit_bytes ? alignment - extent_heap::unit_bytes : 0;
        auto const needed = extent_heap::rounded(bytes) + padding;
        auto const available = budget_.available_bytes() & ~(extent_heap::unit_bytes - 1);
        auto const most = available < extent_heap::max_bytes ? available : extent_heap::max_bytes;
        if (needed > most) {
            return std::nullopt;
        }
        auto const least = smaller(whole_granules(needed), most);
        auto const wanted = whole_granules(segment_bytes_);
        auto const usual = wanted < least ? least : smaller(wanted, most);
        if (auto const found = serve_from_new_segment(usual, bytes, alignment, cause)) {
            return found;
        }
        return least < usual ? serve_from_new_segment(least, bytes, alignment, cause) : std::nullopt;
    }

    /// Gives segments of which nothing is in use back to the backend, until `bytes` of them went. Returns what went;
    /// `cause` is the first refusal, and what was refused stays in use.
    std::uint64_t trim(std::uint64_t bytes, std::string& cause) {
        std::uint64_t freed = 0;
        for (std::uint32_t region = 0; region < segments_.size() && freed < bytes; ++region) {
            if (!withdraw(region)) {
                continue;
            }
            auto const each = segments_[region];
            bool const went = give_back(each, &cause);
            if (went) {
                log_.add(event_kind::release, reinterpret_cast<std::uintptr_t>(each.data), each.bytes);
            }
            std::scoped_lock const lock{mutex_};
            if (went) {
                heap_.remove_region(region);
                budget_.reserved_bytes -= each.bytes;
                segments_[region] = {};
                freed += each.bytes;
            } else {
                heap_.restore_region(region);
            }
        }
        return freed;
    }

  private:
    /// Segments are whole multiples of this where the budget allows: drivers hand out no less.
    static constexpr std::uint64_t granule_bytes = 2_MiB;

    struct segment {
        void* data = nullptr; // null: a region that is vacant
        std::uint64_t bytes = 0;
    };

    static constexpr std::uint64_t smaller(std::uint64_t a, std::uint64_t b) noexcept { return a < b ? a : b; }

    static constexpr std::uint64_t whole_granules(std::uint64_t bytes) noexcept {
        return (bytes + granule_bytes - 1) / granule_bytes * granule_bytes;
    }

    std::optional<extent> serve_from_new_segment(std::uint64_t size, std::uint64_t bytes, std::uint64_t alignment,
                                                 std::string& cause) {
        segment added;
        try {
            added = {backend_.allocate(size), size};
            std::scoped_lock const lock{mutex_};
            segments_.reserve(segments_.size() + 1);
            auto const region = heap_.add_region(reinterpret_cast<std::uintptr_t>(added.data), size);
            if (segments_.size() <= region) {
                segments_.resize(region + std::size_t{1});
            }
            segments_[region] = added;
            budget_.reserved_bytes += size;
            added.data = nullptr;
            log_.add(event_kind::reserve, reinterpret_cast<std::uintptr_t>(segments_[region].data), size);
            log_.write_down();
            return allocate(0, bytes, alignment, search_effort::bounded);
        } catch (std::exception const& e) { // the backend's refusal, or no memory for bookkeeping
            note(cause, e.what());
            if (added.data != nullptr) {
                give_back(added, nullptr);
            }
            return std::nullopt;
        }
    }

    bool withdraw(std::uint32_t region) noexcept {
        std::scoped_lock const lock{mutex_};
        return segments_[region].data != nullptr && heap_.withdraw_region(region);
    }

    bool give_back(segment const& each, std::string* cause) noexcept {
        try {
            backend_.deallocate(each.data, each.bytes);
            return true;
        } catch (std::exception const& e) {
            if (cause != nullptr) {
                note(*cause, e.what());
            }
            return false;
        }
    }

    Backend const& backend_;
    memory_budget& budget_;
    std::mutex& mutex_;
    mapping_log& log_;
    std::uint64_t segment_bytes_;
    extent_heap heap_;
    std::uint64_t allocated_ = 0;
    std::vector<segment> segments_; // by region; changes under both of the pool's locks
};

} // namespace orfeas::inline v0::memory::detail
