// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/byte_budget.hpp>
#include <orfeas/memory/detail/charging_adaptor.hpp>
#include <orfeas/memory/detail/resource_adaptor.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace orfeas::inline v0::memory {

template<memory_resource Resource>
class reserving_resource;

/// Bytes of a `reserving_resource` that are kept for one task. Itself a resource: what is allocated through it comes out of
/// the balance first, and out of what nobody reserved when that is used up; what is deallocated goes back to the balance.
/// When it ends, the rest goes back to all.
///
/// Nothing may be live in it when it ends, or when it is assigned to: that is a caller's bug, which ORFEAS_ASSERT reports.
/// `release()` is for what outlives the task. Move-only; what was served moves along, but buffers hold the address of the
/// reservation that they were made in. One moved from, or released, allocates nothing. Equal to itself alone.
///
/// The resource that it was reserved in must outlive it. Thread-safe, but for moves, assignment and release.
template<memory_resource Resource>
class reservation : public detail::charging_adaptor<reservation<Resource>, Resource> {
    using base = detail::charging_adaptor<reservation, Resource>;
    friend base;
    friend detail::resource_adaptor<reservation, Resource>;
    friend reserving_resource<Resource>;

  public:
    reservation(reservation&& other) noexcept : base{other.upstream()} { take_over(other); }

    reservation& operator=(reservation&& other) noexcept {
        if (this != &other) {
            end();
            this->set_upstream(other.upstream());
            take_over(other);
        }
        return *this;
    }

    ~reservation() { end(); }

    /// As many as were reserved; 0 once it is moved from or released.
    std::uint64_t granted_bytes() const noexcept { return granted_; }

    /// Taken by what is live in it, and by requests that are being served; more than granted_bytes() when it had to draw on
    /// what nobody reserved.
    std::uint64_t used_bytes() const noexcept { return used_.load(std::memory_order_relaxed); }

    /// What it may still allocate for certain.
    std::uint64_t balance_bytes() const noexcept { return spare(used_bytes()); }

    /// Ends it now, and leaves what is live in it to the resource that it was reserved in, to be deallocated there. Returns
    /// the bytes left.
    std::uint64_t release() noexcept {
        auto const left = used_.exchange(0, std::memory_order_relaxed);
        if (from_ != nullptr) {
            from_->budget_.give_back(spare(left));
        }
        from_ = nullptr;
        granted_ = 0;
        return left;
    }

  private:
    reservation(reserving_resource<Resource>& from, std::uint64_t granted) noexcept
        : base{from.upstream()}, from_{&from}, granted_{granted} {}

    void take_over(reservation& other) noexcept {
        from_ = std::exchange(other.from_, nullptr);
        granted_ = std::exchange(other.granted_, 0);
        used_.store(other.used_.exchange(0, std::memory_order_relaxed), std::memory_order_relaxed);
    }

    void end() noexcept {
        ORFEAS_ASSERT(used_bytes() == 0, "deallocate what a reservation served before it ends, or release() it");
        release();
    }

    std::uint64_t spare(std::uint64_t used) const noexcept { return granted_ > used ? granted_ - used : 0; }

    // at any time, what is taken from the common budget for this reservation is the larger of `granted_` and `used_`
    bool charge(std::uint64_t asked) noexcept {
        if (from_ == nullptr) {
            return false;
        }
        auto const bytes = detail::request_units(asked);
        auto used = used_bytes();
        std::uint64_t extra = 0; // taken from the common budget for this request, before it counts
        for (;;) {
            auto const needed = bytes > spare(used) ? bytes - spare(used) : 0;
            if (needed > extra) {
                if (!from_->budget_.try_take(needed - extra)) {
                    from_->budget_.give_back(extra);
                    return false;
                }
                extra = needed;
            }
            if (used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed)) {
                from_->budget_.give_back(extra - needed);
                from_->used_.fetch_add(bytes, std::memory_order_relaxed);
                return true;
            }
        }
    }

    void discharge(std::uint64_t asked) noexcept {
        auto const bytes = detail::request_units(asked);
        from_->used_.fetch_sub(bytes, std::memory_order_relaxed);
        auto const before = used_.fetch_sub(bytes, std::memory_order_relaxed);
        auto const back_to_balance = spare(before - bytes) - spare(before);
        from_->budget_.give_back(bytes - back_to_balance);
    }

    void check(std::uint64_t bytes) const noexcept {
        ORFEAS_ASSERT(used_bytes() >= detail::request_units(bytes),
                      "deallocate what was allocated through this reservation, with the same size and once");
    }

    out_of_memory refusal(std::size_t bytes, std::size_t alignment) const noexcept {
        return from_ == nullptr
                   ? out_of_memory{{.requested_bytes = bytes, .alignment = alignment}, "reservation that has ended"}
                   : from_->refusal(bytes, alignment);
    }

    reserving_resource<Resource>* from_ = nullptr;
    std::uint64_t granted_ = 0;
    std::atomic<std::uint64_t> used_{0};
};

/// Shares out a number of bytes of another resource, and lets a task reserve its part before it starts, so that its
/// allocations are not refused half-way because others took the memory meanwhile. Requests that reserved nothing get what
/// nobody reserved. Nothing is asked of the resource below until it is allocated.
///
/// Counts as a pool does, in whole units of 512 bytes: a task reserves the sum of its requests, each rounded up. The limit
/// is exact under threads, but a request counts while it is being served, so one that is refused below may have another
/// refused meanwhile.
///
/// A reservation is a promise among those who allocate through this resource, as good as what lies below. A pool keeps it
/// if the limit is no more than the pool's, nobody allocates around this resource, and free memory can be moved together:
/// what is stranded in granules that are partly in use (`memory_profile::stranded_bytes`) should be left out of the limit.
///
/// The resource below must outlive it, and it must outlive its reservations. Equal to itself alone.
/// Thread-safe, and without locks of its own.
template<memory_resource Resource>
class reserving_resource : public detail::charging_adaptor<reserving_resource<Resource>, Resource> {
    using base = detail::charging_adaptor<reserving_resource, Resource>;
    friend base;
    friend detail::resource_adaptor<reserving_resource, Resource>;
    friend reservation<Resource>;

  public:
    /// `limit_bytes` is rounded down to whole units of 512 bytes.
    reserving_resource(Resource& upstream, std::uint64_t limit_bytes) noexcept
        : base{upstream}, budget_{limit_bytes - limit_bytes % detail::pool_unit_bytes} {}

    /// Keeps `bytes`, rounded up to whole units, for the caller alone. Throws out_of_memory when less is available.
    reservation<Resource> reserve(std::uint64_t bytes) {
        if (auto made = try_reserve(bytes)) {
            return std::move(*made);
        }
        throw refusal(bytes, detail::pool_unit_bytes);
    }

    /// As `reserve`, but nothing when less is available.
    std::optional<reservation<Resource>> try_reserve(std::uint64_t bytes) noexcept {
        auto const whole = detail::whole_units(bytes);
        return budget_.try_take(whole) ? std::optional{reservation<Resource>{*this, whole}} : std::nullopt;
    }

    /// Keeps `bytes`, or what is available if that is less, which may be nothing.
    reservation<Resource> reserve_up_to(std::uint64_t bytes) noexcept {
        return {*this, budget_.take_up_to(detail::whole_units(bytes))};
    }

    std::uint64_t limit_bytes() const noexcept { return budget_.limit_bytes(); }

    /// Taken by live allocations, in reservations and without.
    std::uint64_t used_bytes() const noexcept { return used_.load(std::memory_order_relaxed); }

    /// What may be reserved now, or allocated without a reservation.
    std::uint64_t available_bytes() const noexcept { return budget_.limit_bytes() - budget_.taken_bytes(); }

  private:
    bool charge(std::uint64_t asked) noexcept {
        auto const bytes = detail::request_units(asked);
        if (!budget_.try_take(bytes)) {
            return false;
        }
        used_.fetch_add(bytes, std::memory_order_relaxed);
        return true;
    }

    void discharge(std::uint64_t asked) noexcept {
        auto const bytes = detail::request_units(asked);
        used_.fetch_sub(bytes, std::memory_order_relaxed);
        budget_.give_back(bytes);
    }

    void check(std::uint64_t bytes) const noexcept {
        ORFEAS_ASSERT(used_bytes() >= detail::request_units(bytes),
                      "deallocate what was allocated through this resource, with the same size and once");
    }

    /// Here, reserved bytes are those in use and those kept for reservations.
    out_of_memory refusal(std::size_t bytes, std::size_t alignment) const noexcept {
        auto const taken = budget_.taken_bytes();
        return {{.requested_bytes = bytes,
                 .alignment = alignment,
                 .total_bytes = limit_bytes(),
                 .reserved_bytes = taken,
                 .allocated_bytes = used_bytes(),
                 .largest_free_bytes = limit_bytes() - taken,
                 .available_bytes = limit_bytes() - taken},
                "reserving resource"};
    }

    detail::byte_budget budget_; // of live allocations, and of what reservations keep
    std::atomic<std::uint64_t> used_{0};
};
static_assert(copying_resource<reserving_resource<heap_resource>> && copying_resource<reservation<heap_resource>>);

} // namespace orfeas::inline v0::memory
