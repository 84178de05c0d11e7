// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/drift_score.hpp>
#include <orfeas/detect/detail/finding.hpp>
#include <orfeas/detect/detail/gap_keeper.hpp>
#include <orfeas/detect/detail/season_score.hpp>
#include <orfeas/detect/detail/slow_course.hpp>
#include <orfeas/detect/detail/slow_judge.hpp>
#include <orfeas/detect/detail/spike_judge.hpp>
#include <orfeas/detect/detail/verdict_merger.hpp>
#include <orfeas/detect/detail/within_reach.hpp>
#include <orfeas/detect/drift_options.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/metric_options.hpp>
#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/season_options.hpp>
#include <orfeas/detect/verdict.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace orfeas::inline v0::detect {

/// Judges one metric by all questions at once: is it a spike, a drift, a level that was not there before, the wrong time for it?
/// The detector to start with.
///
/// It is what a spike_detector, a drift_detector, an outlier_detector and a season_detector say, with one slow course of the metric
/// for two of them, one keeper of gaps, and one alert: that begins when the first of them has one and ends with the last. The
/// verdict's family, scores and expected values are those of the part with the highest score; where that is the outlier part, what
/// is expected is that of the spike part.
///
/// * `threshold` multiplies the boundary of each part. Raising it never adds an alert.
/// * New levels are common where the course of a period is not known yet, and where there are many samples a day: until some
///   periods have been seen, and where samples come more often than every five minutes, the outlier part has a higher boundary, so
///   that its expected false alerts a day stay as many.
/// * While the course drifts or breaks its pattern, neither it nor the noise about it is learned, for a day at most.
///
/// Constant time; no allocation after construction; 15 KB. Thread-compatible (distinct objects).
class metric_detector {
  public:
    static constexpr state_kind kind{"metric_detector", 4};

    /// Throws option_error.
    explicit metric_detector(metric_options const& options = {})
        : options_{checked(options)},
          keeper_{gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          outlier_{outlier_part(options)},
          spike_{spike_options{}, surer_spike * options.threshold},
          course_{options.period},
          drift_{drift_part(options)},
          season_{season_part(options)} {}

    metric_options const& options() const noexcept { return options_; }

    verdict update(sample const& each) {
        auto const step = keeper_.admit(each);
        for (std::uint32_t i = 0; i < step.fill; ++i) {
            findings unseen;
            judge(unseen, {each.time, step.fill_value});
        }
        findings found;
        verdict made = step.has_value ? judge(found, {each.time, step.value}) : pass_over(found);
        merge(made, found, step.is_silent);
        return made;
    }

    /// Whether any part can raise an alert.
    bool warm() const noexcept { return spike_.warm() || outlier_.warm(); }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        auto merger = merger_;
        merger.reset();
        *this = metric_detector{options_};
        merger_ = merger;
    }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.keeper_, self.outlier_, self.spike_, self.course_, self.drift_, self.season_, self.outlier_factor_,
           self.merger_);
    }
    bool valid() const noexcept {
        return keeper_.valid() && outlier_.valid() && spike_.valid() && course_.valid() && drift_.valid() &&
               season_.valid() && outlier_factor_ >= 1 && outlier_factor_ < HUGE_VAL && merger_.valid();
    }

  private:
    // four are asked, and alerts of all add up: each is surer than alone
    static constexpr double surer_spike = 1.03;
    static constexpr double surer_outlier = 1.3;
    static constexpr double surer_drift = 1.5;
    static constexpr double surer_season = 1.25;

    // of the outlier part's scores in usual peaks: so much higher ones come e times less often
    static constexpr double decline = 2;
    static constexpr double usual_rate = 288; // samples a day
    static constexpr double first_news = 3;   // times as often as later, once one period has been seen
    static constexpr double most_news = 20;   // far out, scores are rarer than by `decline`

    static metric_options const& checked(metric_options const& options) {
        validate(options);
        return options;
    }
    static outlier_options outlier_part(metric_options const& options) {
        outlier_options made;
        made.threshold *= surer_outlier * options.threshold;
        made.lookback = options.lookback;
        return made;
    }
    static drift_options drift_part(metric_options const& options) {
        drift_options made;
        made.threshold *= surer_drift * options.threshold;
        return made;
    }
    static season_options season_part(metric_options const& options) {
        season_options made;
        made.threshold *= surer_season * options.threshold;
        return made;
    }

    using findings = std::array<detail::finding, 3>; // of the spike, the drift and the season part

    /// Returns what the outlier part says.
    verdict judge(findings& found, sample const& each) {
        double const value = detail::within_reach(each.value);
        auto& [spike, drift, season] = found;
        spike_.take(spike, value, each.time, static_cast<double>(keeper_.interval().count()));
        drift.expected = course_.expected();
        drift.deviation = course_.deviation();
        bool is_block_over = false;
        course_.take(each.time.count(), value, [&](detail::slow_course::block const& block) {
            drift_.take(course_, block);
            season_.take(course_, block);
            is_block_over = true;
            return !drift_.in_episode() && !season_.in_episode();
        });
        outlier_factor_ = is_block_over ? outlier_factor() : outlier_factor_;
        tell_course(drift, season);
        verdict made;
        outlier_.judge<false>(made, each.value, outlier_detector::slot_of(each.time), outlier_factor_);
        return made;
    }

    /// How many times as high the outlier part's boundary is as usual: by how many times as many scores a day would pass that.
    double outlier_factor() const {
        auto const periods = (static_cast<double>(course_.blocks()) + 1) / detail::period_profile::slots;
        double const rate = 86'400e9 / (static_cast<double>(keeper_.interval().count()) + 1);
        double const times = (1 + first_news / (periods * periods)) * (rate > usual_rate ? rate / usual_rate : 1);
        double const bounded = times < most_news ? times : most_news;
        return 1 + decline * std::log(bounded) / (surer_outlier * outlier_options{}.threshold);
    }

    /// What is said where there is no value.
    verdict pass_over(findings& found) {
        auto& [spike, drift, season] = found;
        spike_.pass_over(spike);
        drift.expected = course_.expected();
        drift.deviation = course_.deviation();
        tell_course(drift, season);
        drift.score = season.score = drift.raw_score = season.raw_score = 0;
        drift.tail_probability = season.tail_probability = 1;
        verdict made;
        outlier_.pass_over(made);
        return made;
    }

    void tell_course(detail::finding& drift, detail::finding& season) noexcept {
        drift_.tell(drift);
        season.expected = drift.expected;
        season.deviation = drift.deviation;
        season_.tell(season);
    }

    /// `made` is what the outlier part says, and becomes what all do.
    void merge(verdict& made, findings const& found, bool is_silent) noexcept {
        constexpr std::array families{anomaly_family::spike, anomaly_family::drift, anomaly_family::season};
        bool is_anomalous = made.is_anomalous();
        double rarest = made.tail_probability;
        double const confidence = made.confidence;
        found[0].expect(made);
        for (std::size_t i = 0; i < found.size(); ++i) {
            is_anomalous = is_anomalous || found[i].state == verdict_state::anomalous;
            rarest = found[i].tail_probability < rarest ? found[i].tail_probability : rarest;
            if (found[i].score > made.score) {
                found[i].write_to(made);
                made.family = families[i];
            }
        }
        if (made.family == anomaly_family::season && found[1].raw_score >= detail::drift_score::least) {
            made.family = anomaly_family::drift; // what goes to one side for long
        }
        if (made.raw_score > 0) {
            made.blame.shares[0] = {0, 1};
            made.blame.count = 1;
        }
        double const asked = 4 * rarest; // as many times, a rare answer is less rare (Bonferroni)
        made.tail_probability = asked < 1 ? asked : 1;
        made.confidence = confidence;
        made.alert = merger_.follow(is_anomalous || is_silent);
        made.state = is_silent                               ? verdict_state::silent
                     : is_anomalous                          ? verdict_state::anomalous
                     : made.alert.phase == alert_phase::ends ? verdict_state::recovering
                     : warm()                                ? verdict_state::normal
                                                             : verdict_state::warming;
    }

    metric_options options_;
    detail::gap_keeper keeper_;
    outlier_detector outlier_;
    detail::spike_judge spike_;
    detail::slow_course course_;
    detail::slow_judge<detail::drift_score> drift_;
    detail::slow_judge<detail::season_score> season_;
    double outlier_factor_ = 4; // of its boundary, until the first block is over
    detail::verdict_merger merger_;
};
static_assert(detector<metric_detector>);
static_assert(sizeof(metric_detector) <= 16'384);

} // namespace orfeas::inline v0::detect
