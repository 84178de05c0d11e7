// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/scale/detail/change_log.hpp>
#include <orfeas/scale/detail/recommendation_window.hpp>
#include <orfeas/scale/scaling_policy.hpp>
#include <orfeas/scale/scaling_term.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace orfeas::inline v0::scale {

/// The fewest and the most replicas, and what the most comes from: maximum, gpu_memory or budget.
struct scaling_bounds {
    std::uint32_t least = 1;
    std::uint32_t most = 10;
    scaling_term limited_by = scaling_term::maximum;
};

/// A number of replicas and what it comes from; `steady` where nothing limited what was asked for.
struct paced_replicas {
    std::uint32_t replicas = 0;
    scaling_term term = scaling_term::steady;

    friend bool operator==(paced_replicas const&, paced_replicas const&) = default;
};

/// How fast the number of replicas may follow what is recommended: stabilisation windows, then policies, then bounds, in the
/// order and with the roundings of the HPA of Kubernetes (`spec.behavior` of autoscaling/v2).
///
/// A recommendation within the scale-up window that is smaller, and one within the scale-down window that is larger, hold the
/// number back. A policy allows a change relative to the number at the begin of its period, which is known from the changes
/// that were observed, whoever made them. Memory is fixed by the most replicas ever; nothing is allocated after construction.
/// Thread-compatible (distinct objects).
class behavior {
  public:
    /// No bound is above `most`, which memory follows.
    behavior(scaling_rules up, scaling_rules down, std::uint32_t most)
        : up_{std::move(up)}, down_{std::move(down)}, most_{most + 1}, lowest_{-1, most + 1}, highest_{1, most + 1} {
        ORFEAS_ASSERT(!up_.policies.empty() && !down_.policies.empty(), "there is a policy for each direction");
    }

    scaling_rules const& up() const noexcept { return up_; }
    scaling_rules const& down() const noexcept { return down_; }

    /// Takes in how many replicas there are now. What has changed since the last time counts from then on.
    /// Times do not go back.
    void observe(std::chrono::nanoseconds now, std::uint32_t current) noexcept {
        if (!has_begun_) {
            has_begun_ = true;
            recommend(now, current); // as if what is there had been recommended
        } else if (current != current_) {
            changes_.add(observed_, static_cast<std::int64_t>(current) - current_);
        }
        observed_ = now;
        current_ = current;
        changes_.expire(now, longest_policy_period);
    }

    /// The number to go to now, after an `observe` of the same time, where `wanted` would be right at once.
    paced_replicas pace(std::uint32_t wanted, scaling_bounds const& within) noexcept {
        wanted = std::min(wanted, most_); // which still is more than any bound allows
        auto const stabilized = stabilize(wanted);
        auto const paced = limit(stabilized, within);
        if (paced.term != scaling_term::steady || stabilized == wanted) {
            return paced;
        }
        return {paced.replicas,
                stabilized < wanted ? scaling_term::scale_up_stabilized : scaling_term::scale_down_stabilized};
    }

    static void state(auto& self, auto&& io) {
        io(self.lowest_, self.highest_, self.changes_, self.observed_, self.current_, self.has_begun_);
    }
    bool valid() const noexcept { return lowest_.valid() && highest_.valid() && changes_.valid(); }

  private:
    void recommend(std::chrono::nanoseconds now, std::uint32_t wanted) noexcept {
        lowest_.add(now, std::min(wanted, most_)); // what is there may be more
        highest_.add(now, std::min(wanted, most_));
    }

    std::uint32_t stabilize(std::uint32_t wanted) noexcept {
        lowest_.expire(observed_, up_.window);
        highest_.expire(observed_, down_.window);
        auto const low = lowest_.extreme(wanted);
        auto const high = highest_.extreme(wanted);
        recommend(observed_, wanted);
        return std::min(std::max(current_, low), high);
    }

    paced_replicas limit(std::uint32_t wanted, scaling_bounds const& within) const noexcept {
        if (wanted > current_) {
            auto const allowed = static_cast<std::uint32_t>(std::max<std::int64_t>(up_limit(), current_));
            bool const is_paced = within.most > allowed;
            auto const most = is_paced ? allowed : within.most;
            if (wanted > most) {
                return {most, is_paced ? scaling_term::scale_up_policy : within.limited_by};
            }
        } else if (wanted < current_) {
            auto const allowed = static_cast<std::uint32_t>(std::clamp<std::int64_t>(down_limit(), 0, current_));
            bool const is_paced = within.least < allowed;
            auto const least = is_paced ? allowed : within.least;
            if (wanted < least) {
                return {least, is_paced ? scaling_term::scale_down_policy : scaling_term::minimum};
            }
        }
        return {wanted, scaling_term::steady};
    }

    std::int64_t at_begin_of(scaling_policy const& policy) const noexcept {
        return static_cast<std::int64_t>(current_) - changes_.change_within(observed_, policy.period);
    }

    /// A limit among those of the policies: the largest one where `takes_largest`.
    template<class LimitOf>
    static std::int64_t chosen(scaling_rules const& rules, bool takes_largest, LimitOf limit_of) noexcept {
        std::int64_t result = takes_largest ? 0 : std::numeric_limits<std::int32_t>::max();
        for (auto const& policy : rules.policies) {
            auto const proposed = limit_of(policy);
            result = takes_largest ? std::max(result, proposed) : std::min(result, proposed);
        }
        return std::min<std::int64_t>(result, std::numeric_limits<std::int32_t>::max());
    }

    std::int64_t up_limit() const noexcept {
        if (up_.choice == policy_choice::disabled) {
            return current_;
        }
        return chosen(up_, up_.choice == policy_choice::max, [&](scaling_policy const& policy) {
            auto const begin = at_begin_of(policy);
            if (policy.kind == policy_kind::pods) {
                return begin + policy.value;
            }
            // rounded up, or a small number would never grow
            return begin + (begin * policy.value + 99) / 100;
        });
    }

    std::int64_t down_limit() const noexcept {
        if (down_.choice == policy_choice::disabled) {
            return current_;
        }
        return chosen(down_, down_.choice == policy_choice::min, [&](scaling_policy const& policy) {
            auto const begin = at_begin_of(policy);
            if (policy.kind == policy_kind::pods) {
                return begin - policy.value;
            }
            return begin - (begin * policy.value + 99) / 100; // rounded down, for the same reason
        });
    }

    scaling_rules up_;
    scaling_rules down_;
    std::uint32_t most_;
    detail::recommendation_window lowest_;
    detail::recommendation_window highest_;
    detail::change_log changes_;
    std::chrono::nanoseconds observed_{0};
    std::uint32_t current_ = 0;
    bool has_begun_ = false;
};

} // namespace orfeas::inline v0::scale
