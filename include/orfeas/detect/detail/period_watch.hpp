// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/course_watch.hpp>
#include <orfeas/detect/detail/finding.hpp>
#include <orfeas/detect/detail/period_finder.hpp>
#include <orfeas/detect/detail/season_score.hpp>
#include <orfeas/detect/season_options.hpp>

#include <chrono>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// A course_watch for seasons whose period may have to be found: a day by the clock until then. A period whose profile says no
/// more than the level does within four of it was none.
/// Thread-compatible (distinct objects).
class period_watch {
  public:
    using options_type = season_options;
    static constexpr state_kind kind = season_score::kind;

    explicit period_watch(season_options const& options)
        : given_{options.period}, finder_{options.period.count() == 0}, watch_{with_period(options)} {}

    void take(finding& made, double value, std::chrono::nanoseconds time, double interval) {
        watch_.take(made, value, time, interval);
        if (given_.count() == 0 && course().has_unit()) {
            finder_.take(time.count(), course().in_units(value), interval);
            follow();
        }
    }

    /// What is said where there is no value.
    void pass_over(finding& made) const noexcept { watch_.pass_over(made); }

    bool warm() const noexcept { return watch_.warm(); }
    slow_course const& course() const noexcept { return watch_.course(); }
    episode_alerts& alerts() noexcept { return watch_.alerts(); }

    /// That is given or found; 0 while none is.
    std::chrono::nanoseconds period() const noexcept {
        return given_.count() > 0 ? given_ : std::chrono::nanoseconds{finder_.period()};
    }

    static void state(auto& self, auto&& io) { io(self.finder_, self.watch_, self.followed_, self.convinced_); }
    bool valid() const noexcept { return finder_.valid() && watch_.valid() && followed_ > 0; }

  private:
    static constexpr std::chrono::hours day{24};
    static constexpr std::uint64_t convincing = 4 * period_profile::slots; // blocks

    static season_options with_period(season_options options) {
        options.period = options.period.count() == 0 ? day : options.period;
        return options;
    }

    /// An alert goes on with the course that it began with.
    void follow() noexcept {
        std::int64_t const found = finder_.period();
        if (found == 0 || watch_.in_episode()) {
            return;
        }
        if (found == followed_) {
            convinced_ = course().has_profile() ? course().blocks() : convinced_;
            if (course().blocks() >= convinced_ + convincing) {
                finder_.refuse();
            }
            return;
        }
        double const off = static_cast<double>(found) / static_cast<double>(followed_) - 1;
        bool const is_same = off > -period_finder::same && off < period_finder::same;
        followed_ = found;
        if (is_same) {
            watch_.retime(std::chrono::nanoseconds{found});
        } else {
            convinced_ = 0;
            watch_.begin_anew(std::chrono::nanoseconds{found});
        }
    }

    std::chrono::nanoseconds given_;
    period_finder finder_;
    course_watch<season_score, season_options> watch_;
    std::int64_t followed_ = std::chrono::nanoseconds{day}.count();
    std::uint64_t convinced_ = 0; // blocks, when there was a profile last
};

} // namespace orfeas::inline v0::detect::detail
