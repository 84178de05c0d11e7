// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/half_space_metric.hpp>
#include <orfeas/detect/detail/half_spaces.hpp>
#include <orfeas/detect/detail/isolation_alerts.hpp>
#include <orfeas/detect/detail/within_reach.hpp>
#include <orfeas/detect/half_space_trees_options.hpp>
#include <orfeas/detect/verdict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Judges the values of one or several metrics by half-space trees, and makes alerts of the scores.
/// Thread-compatible (distinct objects).
class half_space_judge {
  public:
    half_space_judge(std::size_t metrics, half_space_trees_options const& options)
        : options_{options},
          metrics_(metrics),
          values_(metrics * options.window),
          point_(metrics),
          shares_(metrics),
          spaces_{metrics, options.trees, options.depth, options.window, options.seed},
          alerts_{options.threshold, usual} {}

    bool warm() const noexcept { return has_reference_; }

    /// Of all metrics, what they had in the last score: at least 0, 1 in all or 0 where nothing is to blame.
    std::span<double const> shares() const noexcept { return shares_; }

    /// Takes in finite values and judges them.
    void judge(verdict& made, std::span<double const> values) noexcept {
        for (std::size_t i = 0; i < metrics_.size(); ++i) {
            double const value = within_reach(values[i]);
            values_[i * options_.window + filled_] = value;
            metrics_[i].observe(value, 0.25 / options_.window);
            point_[i] = metrics_[i].place_of(value);
        }
        seen_ += seen_ < trusted * options_.window ? 1U : 0U;
        if (has_reference_) {
            made.raw_score = static_cast<double>(spaces_.take(point_)) * attribute();
        }
        begin(made);
        if (has_reference_) {
            alerts_.judge(made);
        }
        if (++filled_ == options_.window) {
            turn();
        }
    }

    /// What is said of a sample without values.
    void pass_over(verdict& made) const noexcept {
        begin(made);
        alerts_.pass_over(made);
    }

    void tell_silence(verdict& made, bool is_silent) noexcept { alerts_.tell_silence(made, is_silent); }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        auto alerts = alerts_;
        alerts.reset();
        *this = half_space_judge{metrics_.size(), options_};
        alerts_ = alerts;
    }

    static void state(auto& self, auto&& io) {
        io(self.seen_, self.filled_, self.has_reference_, self.metrics_, self.values_, self.shares_, self.spaces_,
           self.alerts_);
    }
    bool valid() const noexcept {
        bool all =
            filled_ < options_.window && seen_ <= trusted * options_.window && spaces_.valid() && alerts_.valid();
        for (auto const& each : metrics_) {
            all = all && each.valid();
        }
        for (double const each : values_) {
            all = all && is_finite(each);
        }
        for (double const each : shares_) {
            all = all && each >= 0 && each <= 1;
        }
        return all;
    }

  private:
    static constexpr double usual = 1.5;        // what is below it is no surprise
    static constexpr std::uint32_t trusted = 4; // windows until the confidence is full

    /// What the values of the window are compared to is now that window. Where ranges have changed, it is counted anew.
    void turn() noexcept {
        filled_ = 0;
        bool is_anew = !has_reference_;
        for (std::size_t i = 0; i < metrics_.size(); ++i) {
            bool const has_changed = metrics_[i].turn(std::span{values_}.subspan(i * options_.window, options_.window));
            is_anew = is_anew || has_changed;
        }
        if (is_anew) {
            spaces_.forget();
            for (std::size_t at = 0; at < options_.window; ++at) {
                for (std::size_t i = 0; i < metrics_.size(); ++i) {
                    point_[i] = metrics_[i].place_of(values_[i * options_.window + at]);
                }
                spaces_.take(point_);
            }
        }
        spaces_.turn();
        has_reference_ = true;
    }

    /// Shares the blame, and returns the evidence that it stands on.
    double attribute() noexcept {
        if (metrics_.size() == 1) {
            shares_[0] = 1;
            return metrics_[0].evidence();
        }
        double sum = 0;
        for (float const each : spaces_.parts()) {
            sum += static_cast<double>(each);
        }
        double evidence = sum > 0 ? 0 : 1;
        for (std::size_t i = 0; i < shares_.size(); ++i) {
            shares_[i] = sum > 0 ? std::min(static_cast<double>(spaces_.parts()[i]) / sum, 1.0) : 0;
            evidence += shares_[i] * metrics_[i].evidence();
        }
        return evidence;
    }

    double confidence() const noexcept {
        return static_cast<double>(seen_) / static_cast<double>(trusted * options_.window);
    }

    /// All but what the gate says.
    void begin(verdict& made) const noexcept {
        made.state = warm() ? verdict_state::normal : verdict_state::warming;
        made.confidence = confidence();
        for (std::size_t i = 0; made.raw_score > 0 && i < shares_.size(); ++i) {
            made.blame.add(static_cast<std::uint32_t>(i), static_cast<float>(shares_[i]));
        }
        std::size_t const blamed = made.blame.count > 0 ? made.blame.shares[0].metric : 0;
        auto const& metric = metrics_[blamed];
        double const only = values_[blamed * options_.window + filled_];
        made.expected = has_reference_ ? metric.expected() : only;
        made.low = has_reference_ ? metric.low() : only;
        made.high = has_reference_ ? metric.high() : only;
    }

    half_space_trees_options options_;
    std::uint32_t seen_ = 0; // up to what counts
    std::uint32_t filled_ = 0;
    bool has_reference_ = false;
    std::vector<half_space_metric> metrics_;
    std::vector<double> values_; // of the window that is being counted, by metric
    std::vector<float> point_;
    std::vector<double> shares_;
    half_spaces spaces_;
    isolation_alerts alerts_;
};

} // namespace orfeas::inline v0::detect::detail
