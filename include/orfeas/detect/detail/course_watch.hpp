// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/episode_alerts.hpp>
#include <orfeas/detect/detail/finding.hpp>
#include <orfeas/detect/detail/slow_course.hpp>
#include <orfeas/detect/detail/slow_judge.hpp>
#include <orfeas/detect/verdict.hpp>

#include <chrono>

namespace orfeas::inline v0::detect::detail {

/// A slow course with one judge of it. While that has an episode, nothing is learned.
/// Thread-compatible (distinct objects).
template<class Score, class Options>
class course_watch {
  public:
    using options_type = Options;
    static constexpr state_kind kind = Score::kind;

    explicit course_watch(Options const& options)
        : course_{options.period}, judge_{options}, full_{3.0 * options.warm_up} {}

    void take(finding& made, double value, std::chrono::nanoseconds time, double) {
        if (!has_value_) {
            has_value_ = true;
            made.expected = value;
        } else {
            made.expected = course_.expected();
            made.deviation = course_.deviation();
        }
        course_.take(time.count(), value, [&](slow_course::block const& each) {
            judge_.take(course_, each);
            return !judge_.in_episode();
        });
        judge_.tell(made);
        made.confidence = confidence();
    }

    /// What is said where there is no value.
    void pass_over(finding& made) const noexcept {
        made.alert = judge_.alerts().ongoing();
        made.state = made.alert      ? verdict_state::anomalous
                     : judge_.warm() ? verdict_state::normal
                                     : verdict_state::warming;
        made.confidence = confidence();
        made.expected = course_.expected();
        made.deviation = course_.deviation();
    }

    /// Another period than that of the options.
    void begin_anew(std::chrono::nanoseconds period) noexcept {
        course_.begin_anew(period);
        judge_.begin_anew();
    }
    void retime(std::chrono::nanoseconds period) noexcept { course_.retime(period); }

    bool in_episode() const noexcept { return judge_.in_episode(); }
    bool warm() const noexcept { return judge_.warm(); }
    slow_course const& course() const noexcept { return course_; }
    Score const& score() const noexcept { return judge_.score(); }
    episode_alerts& alerts() noexcept { return judge_.alerts(); }

    static void state(auto& self, auto&& io) { io(self.course_, self.judge_, self.has_value_); }
    bool valid() const noexcept { return course_.valid() && judge_.valid(); }

  private:
    double confidence() const noexcept {
        auto const seen = static_cast<double>(course_.blocks());
        return seen >= full_ ? 1 : seen / full_;
    }

    slow_course course_;
    slow_judge<Score> judge_;
    double full_; // blocks until the confidence is full
    bool has_value_ = false;
};

} // namespace orfeas::inline v0::detect::detail
