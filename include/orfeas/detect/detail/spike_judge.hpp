// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/episode_alerts.hpp>
#include <orfeas/detect/detail/finding.hpp>
#include <orfeas/detect/detail/quantile_tail.hpp>
#include <orfeas/detect/detail/spike_score.hpp>
#include <orfeas/detect/spike_options.hpp>
#include <orfeas/detect/verdict.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Alerts about spikes: a spike_score from a boundary on that is `threshold`, or what the stream's own tail exceeds
/// `false_alerts_per_day` times, whichever is higher.
///
/// The tail learns the first score of an episode and what comes after the next six, so that a short spike counts once. An episode
/// that begins with a score that should come once in 100,000 samples is not learned at all until then, as long as such episodes
/// come less often than once in 1,440 samples: a few anomalies do not raise the boundary, a habit does. None of it depends on the options, so
/// raising the boundary adds no alert.
/// Constant time, no allocation. Thread-compatible (distinct objects).
class spike_judge {
  public:
    using options_type = spike_options;
    static constexpr state_kind kind{"spike_detector", 1};

    /// The boundary counts `factor` times.
    explicit spike_judge(spike_options const& options, double factor = 1) noexcept
        : factor_{factor},
          threshold_{options.threshold},
          alerts_a_day_{options.false_alerts_per_day},
          warm_up_{options.warm_up},
          alerts_{{least, least, quiet, options.longest}} {}

    /// Takes in a value within 1e300; `interval` is the usual time between samples in nanoseconds.
    void take(finding& made, double value, std::chrono::nanoseconds, double interval) {
        if (seen_ == 0) {
            score_.begin(value);
        }
        made.expected = score_.expected();
        made.deviation = score_.deviation();
        bool const was_high = alerts_.in_episode();
        made.raw_score = score_.take(value, !was_high);
        made.tail_probability = tail_.probability(made.raw_score);
        ++seen_;
        learn(made.raw_score, was_high);
        made.confidence = confidence();
        if (seen_ < warm_up_) {
            return;
        }
        auto const outcome = alerts_.update(made.raw_score, boundary(made.raw_score, interval));
        made.state = outcome.state;
        made.alert = outcome.alert;
        made.score = outcome.score;
        if (outcome.is_worn) {
            score_.accept();
        }
    }

    /// What is said where there is no value.
    void pass_over(finding& made) const noexcept {
        made.alert = alerts_.ongoing();
        made.state = made.alert ? verdict_state::anomalous : warm() ? verdict_state::normal : verdict_state::warming;
        made.confidence = confidence();
        made.expected = score_.expected();
        made.deviation = score_.deviation();
    }

    bool warm() const noexcept { return seen_ >= warm_up_; }
    episode_alerts& alerts() noexcept { return alerts_; }

    static void state(auto& self, auto&& io) {
        io(self.score_, self.tail_, self.alerts_, self.seen_, self.spared_, self.spares_, self.extreme_, self.own_);
    }
    bool valid() const noexcept { return score_.valid() && tail_.valid() && alerts_.valid() && own_ > 0; }

  private:
    static constexpr double least = 4; // scores, in an episode
    static constexpr std::uint32_t quiet = 8;
    static constexpr std::uint32_t unlearned = 6; // scores of an episode behind the first
    static constexpr double rare = 1e-5;
    static constexpr double spare_rate = 1.0 / 1'440; // extreme scores a sample that are spared
    static constexpr double most_spared = 2;
    static constexpr double size = 5.4;
    static constexpr double hidden = 1.7;
    static constexpr double most_correlation = 0.8;
    static constexpr double most_chance = 0.001;
    static constexpr std::uint64_t trusted = 3; // times the warm-up until the confidence is full

    double confidence() const noexcept {
        std::uint64_t const full = trusted * warm_up_;
        return seen_ >= full ? 1 : static_cast<double>(seen_) / static_cast<double>(full);
    }

    void learn(double raw, bool was_high) noexcept {
        spared_ = spared_ < most_spared ? spared_ + spare_rate : spared_;
        if (!was_high) {
            bool const is_extreme = raw >= extreme_;
            spares_ = !is_extreme || spared_ >= 1;
            if (is_extreme && spares_) {
                spared_ -= 1;
                return;
            }
        } else if (spares_ && alerts_.lasted() <= unlearned) {
            return;
        }
        tail_.learn(raw);
    }

    /// A spike is a move by `size` deviations of the values themselves, which noise may hide a part of; neighbours that go together
    /// leave a small part of those to be measured by. Of heavy tails deviations say less.
    double least_size() const noexcept {
        double const phi = score_.correlation() < most_correlation ? score_.correlation() : most_correlation;
        double const weight = tail_.weight() > 1 ? std::cbrt(tail_.weight()) : 1;
        return weight * size / std::sqrt(1 - phi * phi) - hidden;
    }

    /// Below `least` none of it matters, so what the tail says is looked up now and then.
    double boundary(double raw, double interval) {
        if (raw >= least || seen_ % 256 == 0 || own_ >= unknown) {
            double const extreme = tail_.threshold_for(rare);
            extreme_ = extreme > least ? extreme : least;
            constexpr double day = 86'400e9;
            double const chance = alerts_a_day_ * (interval > 0 ? interval : 1e9) / day;
            double const tail = tail_.threshold_for(chance < most_chance ? chance : most_chance);
            double const seen_size = least_size();
            own_ = tail > seen_size ? tail : seen_size;
        }
        double const made = factor_ * (threshold_ > own_ ? threshold_ : own_);
        return made > least ? made : least;
    }

    static constexpr double unknown = 1e15;

    double factor_;
    double threshold_;
    double alerts_a_day_;
    std::uint32_t warm_up_;
    spike_score score_;
    quantile_tail tail_;
    episode_alerts alerts_;
    std::uint64_t seen_ = 0;
    double spared_ = most_spared;
    bool spares_ = true; // the present episode
    double extreme_ = unknown;
    double own_ = unknown;
};

} // namespace orfeas::inline v0::detect::detail
