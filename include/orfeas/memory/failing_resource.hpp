// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/resource_adaptor.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>

namespace orfeas::inline v0::memory {

/// Which requests a failing_resource refuses: those that any of its rules names.
struct failure_plan {
    std::uint64_t nth = 0;   ///< this request, from 1; 0: none
    std::uint64_t every = 0; ///< each whose number is a multiple of this; 0: none
    std::size_t above_bytes = std::numeric_limits<std::size_t>::max(); ///< each that asks for more
    double probability = 0;                                            ///< so many, by chance: 0 none, 1 all
    std::uint64_t seed = 1; ///< of the chance: the same seed refuses the same numbers
};

/// Refuses the requests that it is told to, without asking the resource below: for tests of what a program does when there
/// is no memory. `allocate` then throws out_of_memory, and `try_allocate` answers null. Deallocations always work.
///
/// The resource below must outlive it. Equal to itself alone.
/// Thread-safe.
template<memory_resource Resource>
class failing_resource : public detail::resource_adaptor<failing_resource<Resource>, Resource> {
    using base = detail::resource_adaptor<failing_resource, Resource>;
    friend base;

  public:
    explicit failing_resource(Resource& upstream, failure_plan const& plan = {}) noexcept
        : base{upstream}, plan_{plan} {}

    /// From here on another plan, and requests are counted from 1 again.
    void follow(failure_plan const& plan) noexcept {
        std::scoped_lock const lock{mutex_};
        plan_ = plan;
        requests_ = 0;
        failures_ = 0;
    }

    /// Requests under the plan so far, those refused included.
    std::uint64_t requests() const noexcept {
        std::scoped_lock const lock{mutex_};
        return requests_;
    }

    /// Requests that the plan refused; those that the resource below refused are not counted.
    std::uint64_t failures() const noexcept {
        std::scoped_lock const lock{mutex_};
        return failures_;
    }

  private:
    /// Counts a request. True when it is to be refused.
    bool refuses(std::size_t bytes) noexcept {
        std::scoped_lock const lock{mutex_};
        auto const number = ++requests_;
        bool const refused = number == plan_.nth || (plan_.every != 0 && number % plan_.every == 0) ||
                             bytes > plan_.above_bytes || chance(plan_.seed, number) < plan_.probability;
        failures_ += refused ? 1U : 0U;
        return refused;
    }

    /// From 0 up to, and without, 1: the mixer of SplitMix64, so that a request's fate depends on its number alone.
    static double chance(std::uint64_t seed, std::uint64_t number) noexcept {
        auto x = (seed + number) * 0x9e3779b97f4a7c15U;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
        return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
    }

    void* take(std::size_t bytes, std::size_t alignment, auto get) {
        if (refuses(bytes)) {
            throw out_of_memory{{.requested_bytes = bytes, .alignment = alignment},
                                "failing resource",
                                "Refused as the failure plan says"};
        }
        return get();
    }

    void* try_take(std::size_t bytes, std::size_t /*alignment*/, auto get) noexcept {
        return refuses(bytes) ? nullptr : get();
    }

    void give(void* /*p*/, std::size_t /*bytes*/, std::size_t /*alignment*/, auto give_back) noexcept { give_back(); }

    mutable std::mutex mutex_; // guards all that follows
    failure_plan plan_;
    std::uint64_t requests_ = 0;
    std::uint64_t failures_ = 0;
};
static_assert(copying_resource<failing_resource<heap_resource>>);

} // namespace orfeas::inline v0::memory
