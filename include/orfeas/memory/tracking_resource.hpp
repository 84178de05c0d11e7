// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/resource_adaptor.hpp>
#include <orfeas/memory/heap_resource.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace orfeas::inline v0::memory {

/// A live allocation of a tracking_resource.
struct tracked_allocation {
    void* address = nullptr;
    std::size_t bytes = 0;
    std::size_t alignment = 0;
    std::uint64_t number = 0; ///< of the request, from 1, in the order in which they were served
};

/// Remembers what is live in another resource: put it in between in a test, and ask at the end what was left behind.
/// Deallocating what is not live (freed twice, of another resource), or with another size or alignment, is a caller's bug:
/// ORFEAS_ASSERT reports it, and should that be defined away, the call changes nothing. Costs about 100 ns and 100 bytes
/// of the heap an allocation.
///
/// What is live when it ends stays allocated below. The resource below must outlive it. Equal to itself alone.
/// Thread-safe.
template<memory_resource Resource>
class tracking_resource : public detail::resource_adaptor<tracking_resource<Resource>, Resource> {
    using base = detail::resource_adaptor<tracking_resource, Resource>;
    friend base;

  public:
    explicit tracking_resource(Resource& upstream) : base{upstream} {}

    std::uint64_t live_allocations() const noexcept {
        std::scoped_lock const lock{mutex_};
        return live_.size();
    }

    /// As they were asked for.
    std::uint64_t live_bytes() const noexcept {
        std::scoped_lock const lock{mutex_};
        return bytes_;
    }

    /// The most that live_bytes() ever was.
    std::uint64_t peak_bytes() const noexcept {
        std::scoped_lock const lock{mutex_};
        return peak_;
    }

    /// Requests served so far.
    std::uint64_t allocations() const noexcept {
        std::scoped_lock const lock{mutex_};
        return allocations_;
    }

    /// What is live, the oldest first.
    std::vector<tracked_allocation> live() const {
        std::scoped_lock const lock{mutex_};
        return {live_.begin(), live_.end()};
    }

    /// What is live, in words: a line of totals, and one each for the `most` oldest. Empty when nothing is.
    std::string leaks(std::size_t most = 20) const {
        std::scoped_lock const lock{mutex_};
        if (live_.empty()) {
            return {};
        }
        auto text = "live allocations: " + std::to_string(live_.size()) + ", " + format_bytes(bytes_) + '\n';
        std::size_t lines = 0;
        for (auto const& each : live_) {
            if (lines++ == most) {
                return text + "  and others\n";
            }
            text += line(each);
        }
        return text;
    }

  private:
    using place = std::list<tracked_allocation>::iterator;

    static std::string line(tracked_allocation const& each) {
        char address[24];
        std::snprintf(address, sizeof address, "%p", each.address);
        return "  request " + std::to_string(each.number) + ": " + format_bytes(each.bytes) + " at " + address +
               ", aligned to " + std::to_string(each.alignment) + '\n';
    }

    void* take(std::size_t bytes, std::size_t alignment, auto get) {
        std::list<tracked_allocation> entry{{nullptr, bytes, alignment, 0}}; // before there is memory to lose
        void* const p = get();
        try {
            enter(p, entry);
        } catch (...) {
            base::upstream().deallocate(p, bytes, alignment);
            throw;
        }
        return p;
    }

    void* try_take(std::size_t bytes, std::size_t alignment, auto get) noexcept {
        void* p = nullptr;
        try {
            std::list<tracked_allocation> entry{{nullptr, bytes, alignment, 0}};
            p = get();
            if (p != nullptr) {
                enter(p, entry);
            }
            return p;
        } catch (...) { // no memory for bookkeeping
            base::upstream().deallocate(p, bytes, alignment);
            return nullptr;
        }
    }

    void enter(void* p, std::list<tracked_allocation>& entry) {
        std::scoped_lock const lock{mutex_};
        auto& added = entry.front();
        added.address = p;
        places_.emplace(p, entry.begin());
        added.number = ++allocations_;
        bytes_ += added.bytes;
        peak_ = bytes_ > peak_ ? bytes_ : peak_;
        live_.splice(live_.end(), entry);
    }

    void give(void* p, std::size_t bytes, std::size_t alignment, auto give_back) noexcept {
        if (forget(p, bytes, alignment)) { // before: once it is given back, the address may come again
            give_back();
        }
    }

    bool forget(void* p, std::size_t bytes, std::size_t alignment) noexcept {
        std::scoped_lock const lock{mutex_};
        auto const found = places_.find(p);
        ORFEAS_ASSERT(found != places_.end(), "deallocate what is live, once, and in the resource that it came from");
        if (found == places_.end()) {
            return false;
        }
        auto const at = found->second;
        bool const same = at->bytes == bytes && at->alignment == alignment;
        ORFEAS_ASSERT(same, "deallocate with the size and alignment of the allocation");
        if (!same) {
            return false;
        }
        bytes_ -= bytes;
        live_.erase(at);
        places_.erase(found);
        return true;
    }

    mutable std::mutex mutex_; // guards all that follows
    std::list<tracked_allocation> live_;
    std::unordered_map<void*, place> places_;
    std::uint64_t allocations_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t peak_ = 0;
};
static_assert(copying_resource<tracking_resource<heap_resource>>);

} // namespace orfeas::inline v0::memory
