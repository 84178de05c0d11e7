// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/saved_alerts.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/records.hpp>

#include <chrono>
#include <cstdint>

namespace orfeas::inline v0::alert::detail {

enum class life_phase : std::uint8_t { inactive, pending, firing };

/// The life of one condition: pending once it holds, firing when it has held for `pending_for`, and for `keep_firing_for`
/// after it last held; the algorithm of Prometheus (rules/alerting.go of 2.42).
/// Thread-compatible (distinct objects).
class condition_life {
  public:
    life_phase phase() const noexcept { return phase_; }
    bool is_kept() const noexcept { return phase_ == life_phase::firing && kept_since_ != wall_time{}; }
    wall_time active_at() const noexcept { return active_at_; } ///< when it began to hold
    wall_time fired_at() const noexcept { return fired_at_; }

    void step(bool holds, wall_time now, std::chrono::nanoseconds pending_for,
              std::chrono::nanoseconds keep_firing_for) {
        if (!holds && phase_ != life_phase::inactive) {
            end(now, keep_firing_for);
        } else if (holds) {
            kept_since_ = {};
            if (phase_ == life_phase::inactive) {
                phase_ = life_phase::pending;
                active_at_ = now;
            }
        }
        if (phase_ == life_phase::pending && now - active_at_ >= pending_for) {
            phase_ = life_phase::firing;
            fired_at_ = now;
        }
    }

    /// The clock was set: what was at a time was at another one.
    void shift(wall_time::duration by) noexcept {
        for (auto* const each : {&active_at_, &fired_at_, &kept_since_}) {
            *each += *each == wall_time{} ? wall_time::duration{0} : by; // else it has not been yet
        }
    }

    void save(record_writer& out) const {
        out.number(phase_);
        for (auto const each : {active_at_, fired_at_, kept_since_}) {
            put_time(out, each);
        }
    }
    void load(record_reader& in) {
        auto const phase = in.number<std::uint8_t>();
        phase_ = phase <= static_cast<std::uint8_t>(life_phase::firing) ? life_phase{phase} : life_phase::inactive;
        active_at_ = take_time(in);
        fired_at_ = take_time(in);
        kept_since_ = take_time(in);
    }

  private:
    void end(wall_time now, std::chrono::nanoseconds keep_firing_for) noexcept {
        if (phase_ == life_phase::firing && keep_firing_for.count() > 0) {
            kept_since_ = kept_since_ == wall_time{} ? now : kept_since_;
            if (now - kept_since_ < keep_firing_for) {
                return;
            }
        }
        *this = {};
    }

    life_phase phase_ = life_phase::inactive;
    wall_time active_at_{};
    wall_time fired_at_{};
    wall_time kept_since_{};
};

} // namespace orfeas::inline v0::alert::detail
