// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/correlation_options.hpp>
#include <orfeas/detect/detail/alert_identities.hpp>
#include <orfeas/detect/detail/correlation_alerts.hpp>
#include <orfeas/detect/detail/correlation_blame.hpp>
#include <orfeas/detect/detail/correlation_score.hpp>
#include <orfeas/detect/detail/vector_gap_keeper.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace orfeas::inline v0::detect {

/// Finds samples of several metrics, say all those of a server, that are unlike the samples before: by metrics that are far from
/// their slow level, by metrics that are not what the last sample lets expect, by samples in which metrics do not go together as
/// usual, and by a metric that leaves the others for some samples, though each of its values may be usual
/// (`detail::correlation_score`). It blames the metrics that had the largest parts.
///
/// * Each metric is measured by its own range and by its own habit: values multiplied by a positive factor or shifted give the same
///   verdicts but for rounding, in any metric.
/// * The verdict's `raw_score` is what alerts are made of: some 2 or 3 usually, and at once high. `severity()` is smoothed and ranks
///   samples by how bad things are for long.
/// * An alert is a score that is exceeded `false_alerts_per_day` times on a usual day, by the stream's own tail, between 4.5 and 10
///   in any case; or one from `threshold` on, where that is not 0.
/// * A metric that has rarely changed counts little, so one different value after thousands of equal ones is no alert.
/// * A value that is not finite is missing: that metric then counts as usual, is not blamed, and keeps its level and habit. What
///   lasts becomes normal within the lookback.
///
/// Learning is never stopped, but clipped: an incident moves the usual by little.
///
/// Quadratic in the metrics; now and then their covariances are inverted, which is cubic. Allocates nothing after construction.
/// 8 numbers of 4 bytes for each pair of metrics and some 80 for each metric: 13 KB for 16, 64 KB for 38.
/// Thread-compatible (distinct objects).
class correlation_detector {
  public:
    static constexpr state_kind kind{"correlation_detector", 4};
    static constexpr std::size_t most_metrics = 1'024;

    /// Throws option_error, and std::invalid_argument unless there are 1 to `most_metrics` metrics.
    explicit correlation_detector(std::size_t metrics, correlation_options const& options = {})
        : options_{checked(options)},
          metrics_{checked(metrics)},
          gaps_{metrics, gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          score_{metrics, options.lookback},
          alerts_{options.threshold, options.warm_up} {}

    correlation_options const& options() const noexcept { return options_; }
    std::size_t metrics() const noexcept { return metrics_; }

    /// Throws std::invalid_argument, and changes nothing, when there are more or fewer values than metrics.
    verdict update(vector_sample const& each) {
        if (each.values.size() != metrics_) {
            throw std::invalid_argument{"correlation_detector: another number of values than of metrics"};
        }
        auto const step = gaps_.admit(each);
        verdict made;
        for (std::uint32_t i = 0; i < step.fill; ++i) {
            judge(made, gaps_.filling(), {});
            made = {};
        }
        if (step.is_interrupted || !step.has_values) {
            score_.interrupt();
        }
        if (step.has_values) {
            bool const is_whole = step.present == metrics_;
            judge(made, gaps_.values(), is_whole ? std::span<std::uint8_t const>{} : gaps_.missing());
            made.confidence *= static_cast<double>(step.present) / static_cast<double>(metrics_);
        } else {
            pass_over(made);
        }
        detail::tell_silence(made, alerts_, step.is_silent);
        return made;
    }

    /// How bad things have been for some samples: at least 0. For ranking; alerts are made of the verdict's raw score.
    double severity() const noexcept { return static_cast<double>(score_.severity()); }

    /// Of all metrics, what they had in the last score: at least 0, relative to each other. A verdict names the largest.
    std::span<float const> parts() const noexcept { return std::span{score_.parts()}.first(metrics_); }

    /// The raw score from which on there is an alert.
    double threshold() const { return alerts_.threshold_at(chance()); }

    /// Whether `warm_up` samples were seen.
    bool warm() const noexcept { return score_.seen() >= options_.warm_up; }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        auto alerts = alerts_;
        alerts.reset();
        *this = correlation_detector{metrics_, options_};
        alerts_ = alerts;
    }

    void save(state_writer& out) const { save_state(out, kind, print(), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, print(), *this); }

    static void state(auto& self, auto&& io) { io(self.gaps_, self.score_, self.alerts_); }
    bool valid() const noexcept { return gaps_.valid() && score_.valid() && alerts_.valid(); }

  private:
    static constexpr std::uint64_t trusted = 3; // times the warm-up until the confidence is full

    static correlation_options const& checked(correlation_options const& options) {
        validate(options);
        return options;
    }
    static std::size_t checked(std::size_t metrics) {
        if (metrics == 0 || metrics > most_metrics) {
            throw std::invalid_argument{"correlation_detector: 1 to 1024 metrics"};
        }
        return metrics;
    }

    std::uint64_t print() const { return mix64(fingerprint(options_) ^ mix64(metrics_)); }

    /// How often the automatic threshold may be exceeded.
    double chance() const noexcept {
        constexpr double day = 86'400e9;
        auto const interval = static_cast<double>(gaps_.interval().count());
        double const share = options_.false_alerts_per_day * (interval > 0 ? interval : 1e9) / day;
        return share < 1 ? share : 1;
    }

    double confidence() const noexcept {
        auto const full = static_cast<double>(trusted * options_.warm_up);
        auto const seen = static_cast<double>(score_.seen());
        return seen >= full ? 1 : seen / full;
    }

    /// `missing` is empty where none is.
    void judge(verdict& made, std::span<double const> values, std::span<std::uint8_t const> missing) {
        score_.take(values, missing);
        made.raw_score = static_cast<double>(score_.alert());
        auto const outcome = alerts_.update(made.raw_score, chance());
        made.state = outcome.state;
        made.alert = outcome.alert;
        made.score = outcome.score;
        made.tail_probability = outcome.tail_probability;
        made.confidence = confidence();
        made.family = made.raw_score > 0 ? anomaly_family::correlation : anomaly_family::none;
        blame(made);
    }

    void blame(verdict& made) noexcept {
        detail::correlation_blame::name(made.blame, score_.parts());
        auto const expected = score_.expected(made.blame.count > 0 ? made.blame.shares[0].metric : 0);
        made.expected = expected.value;
        made.low = expected.low;
        made.high = expected.high;
    }

    /// What is said of a sample without any value.
    void pass_over(verdict& made) const noexcept {
        made.alert = alerts_.ongoing();
        made.state = made.alert ? verdict_state::anomalous : warm() ? verdict_state::normal : verdict_state::warming;
        made.confidence = 0;
    }

    correlation_options options_;
    std::size_t metrics_;
    detail::vector_gap_keeper gaps_;
    detail::correlation_score score_;
    detail::correlation_alerts alerts_;
};
static_assert(vector_detector<correlation_detector>);

} // namespace orfeas::inline v0::detect
