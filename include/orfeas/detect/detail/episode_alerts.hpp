// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/alert_identities.hpp>
#include <orfeas/detect/verdict.hpp>

#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Makes alerts of a raw score by episodes: stretches in which it is high. Each is one alert, from the first score of it that
/// reaches the boundary on.
///
/// Where episodes lie depends on `least` and not on the boundary, so raising that never adds an alert. An episode that lasts
/// for `longest` ends: what lasts is the new normal.
/// Thread-compatible (distinct objects).
class episode_alerts {
  public:
    struct settings {
        double least;          ///< score from which on there is an episode; no boundary is lower
        double calm;           ///< score below which an episode calms down
        std::uint32_t quiet;   ///< calm scores in a row that end an episode
        std::uint32_t longest; ///< scores of an episode at most
    };

    struct outcome {
        verdict_state state = verdict_state::normal;
        alert_ref alert{};
        double score = 0;
        bool is_first = false; ///< of an episode
        bool is_worn = false;  ///< the episode ends since it has lasted too long
    };

    explicit episode_alerts(settings const& how) noexcept : how_{how} {}

    bool in_episode() const noexcept { return in_episode_; }

    /// Scores of the present episode so far; 0 outside of one.
    std::uint32_t lasted() const noexcept { return in_episode_ ? lasted_ : 0; }

    outcome update(double raw, double boundary) noexcept {
        outcome made;
        made.score = score_of(raw, boundary);
        if (!in_episode_ && raw < how_.least) [[likely]] {
            return made;
        }
        made.is_first = !in_episode_;
        if (!in_episode_) {
            in_episode_ = true;
            is_alert_ = false;
            calm_ = lasted_ = 0;
        }
        ++lasted_;
        calm_ = raw < how_.calm ? calm_ + 1 : 0;
        made.is_worn = lasted_ >= how_.longest;
        bool const ends = made.is_worn || calm_ >= how_.quiet;
        if (!is_alert_ && raw >= boundary && !ends) {
            is_alert_ = true;
            open_id_ = identities_.next();
            worst_ = raw;
            made.alert = {open_id_, alert_phase::starts};
            made.state = verdict_state::anomalous;
        } else if (is_alert_) {
            made.alert = {open_id_, ends ? alert_phase::ends : alert_phase::continues};
            made.state = ends ? verdict_state::recovering : verdict_state::anomalous;
        }
        if (made.alert.phase != alert_phase::starts) { // what was told is told again only where it gets worse
            bool const is_worse = is_alert_ && !ends && raw > worse * worst_;
            worst_ = is_worse ? raw : worst_;
            made.score = is_worse || made.score < suppressed ? made.score : suppressed;
        }
        in_episode_ = !ends;
        return made;
    }

    /// What an open alert is at a sample that brings no score: it continues. Empty when none is open.
    alert_ref ongoing() const noexcept {
        return in_episode_ && is_alert_ ? alert_ref{open_id_, alert_phase::continues} : alert_ref{};
    }

    /// As in alert_identities.
    alert_ref silence(bool is_silent) noexcept { return identities_.silence(is_silent); }

    /// Forgets the stream. Alerts keep counting up.
    void reset() noexcept {
        auto identities = identities_;
        identities.reset();
        *this = episode_alerts{how_};
        identities_ = identities;
    }

    static void state(auto& self, auto&& io) {
        io(self.identities_.last, self.open_id_, self.identities_.silent, self.worst_, self.in_episode_, self.is_alert_,
           self.calm_, self.lasted_);
    }
    bool valid() const noexcept { return worst_ >= 0; }

  private:
    static constexpr double suppressed = 0.499;
    static constexpr double worse = 2; // times what was told last

    settings how_;
    alert_identities identities_;
    std::uint64_t open_id_ = 0;
    double worst_ = 0; // of the open alert
    std::uint32_t calm_ = 0;
    std::uint32_t lasted_ = 0;
    bool in_episode_ = false;
    bool is_alert_ = false;
};

} // namespace orfeas::inline v0::detect::detail
