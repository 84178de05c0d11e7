// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/detail/condition_life.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/records.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>

namespace orfeas::inline v0::alert::detail {

/// The lives of an alert's levels, each a condition of its own, one a severity: the alert is as severe as the highest that fires.
/// A level that fires holds until the value is back beyond its `clear`. A rule without levels has one condition. The rule may be
/// another one each time: what it has no level for is over.
/// Thread-compatible (distinct objects).
class level_lives {
  public:
    /// Whether a value would begin an alert.
    static bool begins(rule const& by, std::optional<double> value) noexcept {
        return value && (by.levels.empty() || is_beyond(by, *value, by.levels.front().threshold));
    }

    void step(rule const& by, std::optional<double> value, wall_time now) {
        end_unknown(by);
        if (!value && by.on_absence == without_value::stays && is_firing()) {
            return;
        }
        if (by.levels.empty()) {
            lives_[0].step(value.has_value(), now, by.pending_for, by.keep_firing_for);
            return;
        }
        for (auto const& each : by.levels) {
            auto& life = lives_[place_of(each.at)];
            bool const is_on = life.phase() == life_phase::firing;
            double const edge = is_on ? each.clear.value_or(each.threshold) : each.threshold;
            life.step(value && is_beyond(by, *value, edge), now, by.pending_for, by.keep_firing_for);
        }
    }

    bool is_firing() const noexcept { return highest(life_phase::firing) < lives_.size(); }
    bool is_over() const noexcept { return !is_firing() && highest(life_phase::pending) == lives_.size(); }

    /// Writes into an alert what its levels make of it, by the rule of the last step. Not when it is over.
    void tell(rule const& by, active_alert& to) const {
        auto const at = highest(is_firing() ? life_phase::firing : life_phase::pending);
        auto const& life = lives_[at];
        auto const level = std::find_if(by.levels.begin(), by.levels.end(),
                                        [at](auto const& each) { return place_of(each.at) == at; });
        to.state = is_firing() ? alert_state::firing : alert_state::pending;
        to.at = level == by.levels.end() ? by.at : level->at;
        to.threshold = level == by.levels.end() ? std::numeric_limits<double>::quiet_NaN() : level->threshold;
        to.active_at = earliest_active();
        to.is_recovering = life.is_kept();
        if (is_firing()) {
            to.fired_at = to.fired_at.value_or(life.fired_at());
        }
    }

    void shift(wall_time::duration by) noexcept {
        for (auto& each : lives_) {
            each.shift(by);
        }
    }

    void save(record_writer& out) const {
        for (auto const& each : lives_) {
            each.save(out);
        }
    }
    void load(record_reader& in) {
        for (auto& each : lives_) {
            each.load(in);
        }
    }

  private:
    static std::size_t place_of(severity of) noexcept { return static_cast<std::size_t>(of); }

    /// Ends the lives of levels that the rule does not have, or no longer.
    void end_unknown(rule const& by) {
        for (std::size_t i = 0; i < lives_.size(); ++i) {
            bool const is_known =
                by.levels.empty() ? i == 0 : std::any_of(by.levels.begin(), by.levels.end(), [i](auto const& each) {
                    return place_of(each.at) == i;
                });
            if (!is_known && lives_[i].phase() != life_phase::inactive) {
                lives_[i] = {};
            }
        }
    }

    static bool is_beyond(rule const& by, double value, double edge) noexcept {
        return by.bad == bad_side::above ? value > edge : value < edge;
    }

    std::size_t highest(life_phase phase) const noexcept {
        for (std::size_t i = lives_.size(); i-- > 0;) {
            if (lives_[i].phase() == phase) {
                return i;
            }
        }
        return lives_.size();
    }

    wall_time earliest_active() const noexcept {
        auto made = wall_time::max();
        for (auto const& each : lives_) {
            made = each.phase() != life_phase::inactive && each.active_at() < made ? each.active_at() : made;
        }
        return made;
    }

    std::array<condition_life, 3> lives_; // by severity; without levels the first
};

} // namespace orfeas::inline v0::alert::detail
