// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/alert_identities.hpp>
#include <orfeas/detect/tail_threshold.hpp>
#include <orfeas/detect/verdict.hpp>

#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Makes alerts of alert scores, at a threshold that is given or that the scores' own tail says (`tail_threshold`).
///
/// The automatic threshold keeps within bounds: below `least` no score is strange, above `most` each is, whatever the stream's
/// habit. An episode lasts from a score in the upper 2 % until `quiet` scores below it, or for `longest` samples: what lasts
/// is the new normal. It is one alert from its first score above the threshold on. What is learned and where episodes lie does not
/// depend on the threshold, so raising it never adds an alert.
/// Thread-compatible (distinct objects).
class correlation_alerts {
  public:
    static constexpr double least = 4.5;
    static constexpr double most = 10;

    struct outcome {
        verdict_state state = verdict_state::normal;
        alert_ref alert{};
        double score = 0;
        double tail_probability = 1;
    };

    /// A fixed threshold of 0 is an automatic one.
    correlation_alerts(double fixed_threshold, std::uint64_t warm_up) : fixed_{fixed_threshold}, warm_up_{warm_up} {}

    /// `chance` is how often the automatic threshold may be exceeded.
    outcome update(double alert, double chance) {
        ++seen_;
        outcome made;
        made.tail_probability = tail_.probability(alert);
        double const threshold = followed(chance);
        made.score = score_of(alert, threshold);
        if (seen_ > warm_up_) {
            follow(made, alert);
        } else {
            made.state = verdict_state::warming;
        }
        if (made.state != verdict_state::anomalous && made.score >= 0.5) {
            made.score = below; // no alert, so below the boundary: within the warm-up, or what lasts too long
        }
        if (seen_ > settling) { // the first scores are high: nothing is usual yet
            tail_.learn(alert);
        }
        return made;
    }

    /// The alert score from which on there is an alert.
    double threshold_at(double chance) const {
        if (fixed_ > 0) {
            return fixed_;
        }
        return bounded(tail_.threshold_for(chance));
    }

    /// What an open alert is at a sample without values: it continues. Empty when none is open.
    alert_ref ongoing() const noexcept { return is_alert_ ? alert_ref{open_id_, alert_phase::continues} : alert_ref{}; }

    /// As in alert_identities.
    alert_ref silence(bool is_silent) noexcept { return identities_.silence(is_silent); }

    /// Forgets the stream. Alerts keep counting up.
    void reset() {
        auto identities = identities_;
        identities.reset();
        *this = correlation_alerts{fixed_, warm_up_};
        identities_ = identities;
    }

    static void state(auto& self, auto&& io) {
        io(self.seen_, self.tail_, self.identities_.last, self.open_id_, self.identities_.silent, self.in_episode_,
           self.is_alert_, self.calm_, self.lasted_);
    }
    bool valid() const noexcept { return tail_.valid(); }

  private:
    static constexpr double below = 0.499;
    static constexpr double usual_share = 0.02;
    static constexpr std::uint64_t settling = 200;
    static constexpr std::uint32_t quiet = 10;
    static constexpr std::uint32_t longest = 1'500;

    static tail_threshold_options tail_options() {
        tail_threshold_options made;
        made.warm_up = 300;
        return made;
    }

    static double bounded(double own) noexcept { return own < least ? least : own > most ? most : own; }

    /// `threshold_at` of a chance that is mostly that of the last sample.
    double followed(double chance) {
        if (fixed_ > 0) {
            return fixed_;
        }
        if (chance != chance_.probability()) {
            chance_ = tail_threshold::asked{chance};
        }
        return bounded(tail_.threshold_for(chance_));
    }

    void follow(outcome& made, double alert) {
        bool const is_high = alert >= tail_.threshold_for(usual_);
        if (!in_episode_ && is_high) {
            in_episode_ = true;
            calm_ = lasted_ = 0;
        }
        if (!in_episode_) {
            return;
        }
        ++lasted_;
        calm_ = is_high ? 0 : calm_ + 1;
        bool const ends = calm_ >= quiet || lasted_ >= longest;
        if (!is_alert_ && made.score >= 0.5 && !ends) {
            is_alert_ = true;
            open_id_ = identities_.next();
            made.alert = {open_id_, alert_phase::starts};
            made.state = verdict_state::anomalous;
        } else if (is_alert_) {
            made.alert = {open_id_, ends ? alert_phase::ends : alert_phase::continues};
            made.state = ends ? verdict_state::recovering : verdict_state::anomalous;
            is_alert_ = !ends;
        }
        in_episode_ = !ends;
    }

    double fixed_;
    std::uint64_t warm_up_;
    std::uint64_t seen_ = 0;
    tail_threshold tail_ = tail_threshold{tail_options()};
    tail_threshold::asked usual_{usual_share};
    tail_threshold::asked chance_{1};
    alert_identities identities_;
    std::uint64_t open_id_ = 0;
    bool in_episode_ = false;
    bool is_alert_ = false;
    std::uint32_t calm_ = 0;
    std::uint32_t lasted_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
