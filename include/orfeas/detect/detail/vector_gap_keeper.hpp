// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/sample_clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Applies a gap_policy to samples of several metrics, before a detector sees them: to samples that did not come, and to single
/// values that are not finite. Thread-compatible (distinct objects).
class vector_gap_keeper {
  public:
    static constexpr std::uint32_t most_filled = 64; ///< samples that stand for one gap

    /// What a detector is to do with a sample: take in `fill` times `filling()`, then `values()` if there are any.
    struct step {
        std::uint32_t fill = 0;
        bool has_values = false;
        bool is_interrupted = false; ///< samples are missing before this one, and nothing stands for them
        bool is_silent = false;      ///< a metric, or all, for longer than a gap, under the policy `alert`
        std::size_t present = 0;     ///< metrics that have a value
    };

    vector_gap_keeper(std::size_t metrics, gap_policy policy, std::chrono::nanoseconds interval, double gap_intervals)
        : policy_{policy},
          gap_intervals_{gap_intervals},
          clock_{interval, gap_intervals},
          values_(metrics),
          filling_(metrics),
          missing_(metrics),
          has_last_(metrics),
          run_(metrics) {}

    step admit(vector_sample const& each) {
        bool const is_after_gap = clock_.observe(each.time) == arrival::after_gap;
        step made;
        made.is_silent = policy_ == gap_policy::alert && is_after_gap;
        made.is_interrupted = is_after_gap;
        if (is_after_gap && stands_for_missing()) {
            fill(made);
        }
        if (!is_whole_ || !take_all(made, each.values)) {
            for (std::size_t i = 0; i < values_.size(); ++i) {
                take(made, i, each.values[i]);
            }
            is_whole_ = made.present == values_.size() && all_present();
        }
        return made;
    }

    /// Usual time between two samples; 0 before it is known.
    std::chrono::nanoseconds interval() const noexcept { return clock_.interval(); }

    /// Of the last sample: finite, with the last value of metrics that are missing.
    std::span<double const> values() const noexcept { return values_; }
    std::span<std::uint8_t const> missing() const noexcept { return missing_; }
    /// What stands for samples that did not come.
    std::span<double const> filling() const noexcept { return filling_; }

    static void state(auto& self, auto&& io) {
        io(self.clock_, self.values_, self.missing_, self.has_last_, self.run_, self.is_whole_);
    }
    bool valid() const noexcept {
        for (double const each : values_) {
            if (!is_finite(each)) {
                return false;
            }
        }
        return clock_.valid();
    }

  private:
    bool stands_for_missing() const noexcept { return policy_ == gap_policy::zero || policy_ == gap_policy::hold; }

    void fill(step& made) {
        std::uint64_t const missing = clock_.missing();
        made.fill = static_cast<std::uint32_t>(missing < most_filled ? missing : most_filled);
        made.is_interrupted = missing > most_filled;
        for (std::size_t i = 0; i < values_.size(); ++i) {
            filling_[i] = policy_ == gap_policy::zero ? 0 : values_[i];
        }
    }

    /// Where no value was missing: takes in all if none is now. Returns whether it did.
    bool take_all(step& made, std::span<double const> values) noexcept {
        bool all = true;
        for (double const each : values) {
            all &= is_finite(each);
        }
        if (all) {
            std::copy(values.begin(), values.end(), values_.begin());
            made.present = values_.size();
            made.has_values = true;
        }
        return all;
    }
    bool all_present() const noexcept {
        return std::all_of(run_.begin(), run_.end(), [](double each) { return each == 0; });
    }

    void take(step& made, std::size_t i, double value) {
        if (is_finite(value)) {
            values_[i] = value;
            has_last_[i] = 1;
            run_[i] = 0;
            missing_[i] = 0;
        } else {
            run_[i] += 1;
            made.is_silent = made.is_silent || (policy_ == gap_policy::alert && run_[i] >= gap_intervals_);
            bool const is_held = policy_ == gap_policy::hold && has_last_[i] != 0;
            missing_[i] = is_held || policy_ == gap_policy::zero ? 0 : 1;
            values_[i] = policy_ == gap_policy::zero ? 0 : values_[i];
        }
        made.present += missing_[i] != 0 ? 0U : 1U;
        made.has_values = made.present > 0;
    }

    gap_policy policy_;
    double gap_intervals_;
    sample_clock clock_;
    std::vector<double> values_;
    std::vector<double> filling_;
    std::vector<std::uint8_t> missing_;
    std::vector<std::uint8_t> has_last_;
    std::vector<double> run_; // of missing values, by metric
    bool is_whole_ = false;   // no value was missing in the last sample
};

} // namespace orfeas::inline v0::detect::detail
