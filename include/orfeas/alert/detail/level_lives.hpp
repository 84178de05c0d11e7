// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/detail/condition_life.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/core/records.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <optional>

namespace orfeas::inline v0::alert::detail {

/// The lives of an alert's levels, each a condition of its own: the alert is as severe as the highest that fires. A level
/// that fires holds until the value is back beyond its `clear`. A rule without levels has one condition.
/// Thread-compatible (distinct objects).
class level_lives {
  public:
    /// Whether a value would begin an alert.
    static bool begins(rule const& by, std::optional<double> value) noexcept {
        return value && (by.levels.empty() || is_beyond(by, *value, by.levels.front().threshold));
    }

    void step(rule const& by, std::optional<double> value, wall_time now) {
        if (!value && by.on_absence == without_value::stays && is_firing()) {
            return;
        }
        if (by.levels.empty()) {
            lives_[0].step(value.has_value(), now, by.pending_for, by.keep_firing_for);
            return;
        }
        for (std::size_t i = 0; i < by.levels.size() && i < lives_.size(); ++i) {
            auto const& each = by.levels[i];
            bool const is_on = lives_[i].phase() == life_phase::firing;
            double const edge = is_on ? each.clear.value_or(each.threshold) : each.threshold;
            lives_[i].step(value && is_beyond(by, *value, edge), now, by.pending_for, by.keep_firing_for);
        }
    }

    bool is_firing() const noexcept { return highest(life_phase::firing) < lives_.size(); }
    bool is_over() const noexcept { return !is_firing() && highest(life_phase::pending) == lives_.size(); }

    /// Writes into an alert what its levels make of it. Not when it is over.
    void tell(rule const& by, active_alert& to) const {
        auto const at = highest(is_firing() ? life_phase::firing : life_phase::pending);
        auto const& life = lives_[at];
        to.state = is_firing() ? alert_state::firing : alert_state::pending;
        to.at = by.levels.empty() ? by.at : by.levels[at].at;
        to.threshold = by.levels.empty() ? std::numeric_limits<double>::quiet_NaN() : by.levels[at].threshold;
        to.active_at = earliest_active();
        to.is_recovering = life.is_kept();
        if (is_firing()) {
            to.fired_at = to.fired_at.value_or(life.fired_at());
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

    std::array<condition_life, 3> lives_; // one a severity
};

} // namespace orfeas::inline v0::alert::detail
