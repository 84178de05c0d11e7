// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/sample_clock.hpp>

#include <chrono>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Applies a gap_policy to the samples of one metric, before a detector sees them.
/// Thread-compatible (distinct objects).
class gap_keeper {
  public:
    static constexpr std::uint32_t most_filled = 64; ///< values that stand for one gap

    /// What a detector is to do with a sample: take in `fill` times `fill_value`, then `value` if there is one.
    struct step {
        std::uint32_t fill = 0;
        double fill_value = 0;
        bool has_value = false;
        double value = 0;
        bool is_silent = false; ///< for longer than a gap, under the policy `alert`
    };

    gap_keeper(gap_policy policy, std::chrono::nanoseconds interval, double gap_intervals) noexcept
        : policy_{policy}, gap_intervals_{gap_intervals}, clock_{interval, gap_intervals} {}

    step admit(sample const& each) noexcept {
        bool const is_after_gap = clock_.observe(each.time) == arrival::after_gap;
        step made;
        if (is_after_gap) {
            fill(made, clock_.missing());
        }
        made.is_silent = policy_ == gap_policy::alert && is_after_gap;
        if (is_finite(each.value)) {
            made.has_value = true;
            made.value = last_ = each.value;
            has_last_ = true;
            run_ = 0;
            return made;
        }
        ++run_;
        made.is_silent = policy_ == gap_policy::alert && (is_after_gap || run_ >= gap_intervals_);
        made.has_value = stands_for_missing();
        made.value = substitute();
        return made;
    }

    /// The usual time between two samples; 0 before the second.
    std::chrono::nanoseconds interval() const noexcept { return clock_.interval(); }

    void reset() noexcept {
        clock_.reset();
        has_last_ = false;
        run_ = 0;
    }

    static void state(auto& self, auto&& io) { io(self.clock_, self.last_, self.has_last_, self.run_); }
    bool valid() const noexcept { return clock_.valid() && is_finite(last_) && run_ >= 0; }

  private:
    bool stands_for_missing() const noexcept {
        return policy_ == gap_policy::zero || (policy_ == gap_policy::hold && has_last_);
    }
    double substitute() const noexcept { return policy_ == gap_policy::zero ? 0 : last_; }

    void fill(step& made, std::uint64_t missing) const noexcept {
        if (stands_for_missing()) {
            made.fill = static_cast<std::uint32_t>(missing < most_filled ? missing : most_filled);
            made.fill_value = substitute();
        }
    }

    gap_policy policy_;
    double gap_intervals_;
    sample_clock clock_;
    double last_ = 0;
    bool has_last_ = false;
    double run_ = 0; // of missing values
};

} // namespace orfeas::inline v0::detect::detail
