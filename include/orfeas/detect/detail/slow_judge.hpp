// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/episode_alerts.hpp>
#include <orfeas/detect/detail/exponential_tail.hpp>
#include <orfeas/detect/detail/finding.hpp>
#include <orfeas/detect/detail/slow_course.hpp>
#include <orfeas/detect/verdict.hpp>

#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Alerts about the slow course of a metric: a score of its blocks (drift_score, season_score) from a boundary on.
/// Constant time, no allocation. Thread-compatible (distinct objects).
template<class Score>
class slow_judge {
  public:
    template<class Options>
    explicit slow_judge(Options const& options) noexcept
        : threshold_{options.threshold},
          warm_up_{options.warm_up},
          alerts_{{Score::least, Score::calm, quiet, options.longest}} {}

    /// Takes in a block of the course. Where that has lasted for too long, the course takes it for usual.
    void take(slow_course& course, slow_course::block const& each) {
        raw_ = score_.take(course, each, !alerts_.in_episode());
        probability_ = tail_.take(raw_, is_warm_ && !alerts_.in_episode());
        is_new_ = true;
        is_warm_ = is_warm_ || course.blocks() >= warm_up_;
        if (!is_warm_) {
            outcome_ = {};
            return;
        }
        outcome_ = alerts_.update(raw_, threshold_);
        if (outcome_.is_worn) {
            score_.give_in(course);
        }
    }

    bool in_episode() const noexcept { return alerts_.in_episode(); }

    /// The course is learned anew. There is no episode.
    void begin_anew() noexcept {
        score_ = {};
        tail_ = {};
        outcome_ = {};
        raw_ = 0;
        probability_ = 1;
        is_warm_ = false;
    }

    /// What is said of a sample: that of the block that it has ended, or of the last one.
    void tell(finding& made) noexcept {
        made.raw_score = raw_;
        made.tail_probability = probability_;
        if (is_new_) {
            made.state = outcome_.state;
            made.alert = outcome_.alert;
            made.score = outcome_.score;
        } else {
            made.alert = alerts_.ongoing();
            made.state = made.alert ? verdict_state::anomalous : verdict_state::normal;
            made.score = outcome_.score < suppressed ? outcome_.score : suppressed;
        }
        made.state = is_warm_ ? made.state : verdict_state::warming;
        is_new_ = false;
    }

    bool warm() const noexcept { return is_warm_; }
    Score const& score() const noexcept { return score_; }
    episode_alerts& alerts() noexcept { return alerts_; }
    episode_alerts const& alerts() const noexcept { return alerts_; }

    static void state(auto& self, auto&& io) {
        io(self.score_, self.alerts_, self.tail_, self.raw_, self.probability_, self.outcome_.score, self.is_warm_);
    }
    bool valid() const noexcept {
        return score_.valid() && alerts_.valid() && tail_.valid() && raw_ >= 0 && raw_ <= Score::most &&
               probability_ >= 0 && probability_ <= 1 && outcome_.score >= 0 && outcome_.score <= 1;
    }

  private:
    static constexpr std::uint32_t quiet = 6;
    static constexpr double suppressed = 0.499;

    double threshold_;
    std::uint32_t warm_up_;
    Score score_;
    episode_alerts alerts_;
    exponential_tail tail_;
    episode_alerts::outcome outcome_;
    double raw_ = 0;
    double probability_ = 1;
    bool is_new_ = false; // within one update only
    bool is_warm_ = false;
};

} // namespace orfeas::inline v0::detect::detail
