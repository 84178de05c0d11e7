// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/forest.hpp>
#include <orfeas/detect/detail/forest_metric.hpp>
#include <orfeas/detect/detail/isolation_alerts.hpp>
#include <orfeas/detect/detail/within_reach.hpp>
#include <orfeas/detect/random_cut_forest_options.hpp>
#include <orfeas/detect/verdict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Judges the values of one or several metrics by a forest of points that are made of the last samples, and makes alerts of the
/// scores. Thread-compatible (distinct objects).
class forest_judge {
  public:
    forest_judge(std::size_t metrics, random_cut_forest_options const& options)
        : options_{options},
          metrics_(metrics, forest_metric{options.samples, 1.0 / options.lookback}),
          point_(metrics * options.shingle),
          weights_(metrics * options.shingle, 1.0),
          shares_(metrics),
          forest_{point_.size(), options.trees, options.samples, 1.0 / options.lookback, options.seed},
          alerts_{options.threshold, usual} {}

    bool warm() const noexcept { return seen_ >= options_.warm_up; }

    /// Of all metrics, what they had in the last score: at least 0, 1 in all or 0 where nothing is to blame.
    std::span<double const> shares() const noexcept { return shares_; }

    /// Takes in finite values and judges them.
    void judge(verdict& made, std::span<double const> values) {
        push(values);
        bool const is_whole = ++seen_ >= options_.shingle;
        for (std::size_t i = 0; i < metrics_.size(); ++i) {
            metrics_[i].observe(point_[point_.size() - metrics_.size() + i]);
        }
        weigh();
        double const score = is_whole ? forest_.score(point_, weights_) : 0;
        made.raw_score = score * attribute();
        begin(made);
        if (warm()) {
            alerts_.judge(made);
        }
        if (is_whole) {
            learn();
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
        *this = forest_judge{metrics_.size(), options_};
        alerts_ = alerts;
    }

    static void state(auto& self, auto&& io) {
        io(self.seen_, self.metrics_, self.point_, self.shares_, self.forest_, self.alerts_);
    }
    bool valid() const {
        bool all = forest_.valid() && alerts_.valid();
        for (auto const& each : metrics_) {
            all = all && each.valid() && each.size() == forest_.size();
        }
        for (double const each : point_) {
            all = all && is_finite(each);
        }
        for (double const each : shares_) {
            all = all && each >= 0 && each <= 1;
        }
        return all;
    }

  private:
    static constexpr double usual = 1;          // what is below it is no surprise
    static constexpr std::uint64_t trusted = 8; // times the warm-up until the confidence is full
    static constexpr double band = 0.025;       // of the kept values is on either side

    /// The oldest sample makes room for the next one. The first stands for all before it.
    void push(std::span<double const> values) noexcept {
        auto const last = point_.end() - static_cast<std::ptrdiff_t>(values.size());
        std::copy(point_.begin() + static_cast<std::ptrdiff_t>(values.size()), point_.end(), point_.begin());
        std::transform(values.begin(), values.end(), last, within_reach);
    }

    void weigh() noexcept {
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            weights_[i] = i < metrics_.size() ? metrics_[i].weight() : weights_[i - metrics_.size()];
        }
    }

    /// Shares the blame, and returns the evidence that it stands on.
    double attribute() noexcept {
        if (metrics_.size() == 1) {
            shares_[0] = 1;
            return metrics_[0].evidence();
        }
        std::fill(shares_.begin(), shares_.end(), 0.0);
        double sum = 0;
        for (std::size_t i = 0; i < point_.size(); ++i) {
            shares_[i % metrics_.size()] += forest_.parts()[i];
            sum += forest_.parts()[i];
        }
        double evidence = sum > 0 ? 0 : 1;
        for (std::size_t i = 0; sum > 0 && i < shares_.size(); ++i) {
            shares_[i] /= sum;
            evidence += shares_[i] * metrics_[i].evidence();
        }
        return evidence;
    }

    double confidence() const noexcept {
        auto const full = static_cast<double>(trusted * options_.warm_up);
        auto const seen = static_cast<double>(seen_);
        return seen >= full ? 1 : seen / full;
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
        bool const is_first = metric.size() == 0;
        double const only = point_[point_.size() - metrics_.size() + blamed];
        made.expected = is_first ? only : metric.quantile(0.5);
        made.low = is_first ? only : metric.quantile(band);
        made.high = is_first ? only : metric.quantile(1 - band);
    }

    void learn() noexcept {
        forest_.learn(point_, weights_);
        std::size_t const newest = point_.size() - metrics_.size();
        for (std::size_t i = 0; i < metrics_.size(); ++i) {
            if (forest_.has_left()) {
                metrics_[i].leave(forest_.left()[newest + i]);
            }
            if (forest_.has_joined()) {
                metrics_[i].join(point_[newest + i]);
            }
        }
    }

    random_cut_forest_options options_;
    std::uint64_t seen_ = 0;
    std::vector<forest_metric> metrics_;
    std::vector<double> point_; // the oldest sample first
    std::vector<double> weights_;
    std::vector<double> shares_;
    forest forest_;
    isolation_alerts alerts_;
};

} // namespace orfeas::inline v0::detect::detail
