// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/detail/saved_alerts.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/alert/notifier_options.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/records.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

namespace orfeas::inline v0::alert::detail {

/// What people know of one alert, and whether they are to be told more: cooldown, flapping, reminders.
/// Thread-compatible (distinct objects).
class telling {
  public:
    /// What to say now of an alert that fires and that nothing keeps quiet; `was_quiet` if something did until now.
    std::optional<news_kind> news(active_alert const& of, bool was_quiet, wall_time now,
                                  notifier_options const& by) const noexcept {
        if (!is_open_) {
            bool const is_worse = told_once_ && of.at > told_;
            return now >= quiet_until_ || is_worse ? std::optional{news_kind::fired} : std::nullopt;
        }
        if (of.at > told_) {
            return news_kind::worsened;
        }
        if (of.at < told_) {
            return now >= quiet_until_ ? std::optional{news_kind::eased} : std::nullopt;
        }
        bool const is_due = was_quiet || now - last_ >= by.repeat_interval;
        return is_due ? std::optional{news_kind::reminder} : std::nullopt;
    }

    /// Somebody is told of an alert that fires.
    void tell(active_alert const& of, wall_time now, notifier_options const& by) {
        if (!is_open_) { // it may have come back long before this may be told
            flaps_ = resolved_at_ && of.fired_at.value_or(now) - *resolved_at_ < by.flap_window ? flaps_ + 1 : 0;
            eased_at_.reset();
        } else if (of.at > told_ && eased_at_) {
            flaps_ = now - *eased_at_ < by.flap_window ? flaps_ + 1 : 0;
        } else if (of.at < told_) {
            eased_at_ = now;
        }
        worst_ = is_open_ && worst_ > of.at ? worst_ : of.at;
        is_open_ = told_once_ = true;
        told_ = of.at;
        last_ = now;
        quiet_until_ = now + cooldown(of.at, by);
    }

    /// The alert is over. Whether that is to be told: if it was told that it fires.
    bool resolve(wall_time now) noexcept {
        bool const was_open = is_open_;
        is_open_ = false;
        resolved_at_ = now; // also where nobody was told that it was back: it flaps
        return was_open;
    }

    /// Whether nothing of the past matters any more, once the alert is over.
    bool is_forgotten(wall_time now, notifier_options const& by) const noexcept {
        return !is_open_ && now >= quiet_until_ && (!resolved_at_ || now - *resolved_at_ >= by.flap_window);
    }

    bool is_open() const noexcept { return is_open_; }
    severity worst() const noexcept { return worst_; } ///< that was told of since it fired
    std::uint32_t flaps() const noexcept { return flaps_; }

    /// The clock was set: cooldowns and windows go on for as long as they would have.
    void shift(wall_time::duration by) noexcept {
        last_ += by;
        quiet_until_ += by;
        for (auto* const each : {&resolved_at_, &eased_at_}) {
            if (*each) {
                **each += by;
            }
        }
    }

    void save(record_writer& out) const {
        out.number(is_open_);
        out.number(told_once_);
        out.number(told_);
        out.number(worst_);
        out.number(flaps_);
        put_time(out, last_);
        put_time(out, quiet_until_);
        put_time(out, resolved_at_);
        put_time(out, eased_at_);
    }
    void load(record_reader& in) {
        is_open_ = in.number<std::uint8_t>() != 0;
        told_once_ = in.number<std::uint8_t>() != 0;
        told_ = take_enum(in, severity::critical);
        worst_ = take_enum(in, severity::critical);
        flaps_ = in.number<std::uint32_t>();
        last_ = take_time(in);
        quiet_until_ = take_time(in);
        resolved_at_ = take_optional_time(in);
        eased_at_ = take_optional_time(in);
    }

  private:
    std::chrono::nanoseconds cooldown(severity of, notifier_options const& by) const noexcept {
        auto const plain = of == severity::critical  ? by.critical_cooldown
                           : of == severity::warning ? by.warning_cooldown
                                                     : by.info_cooldown;
        if (plain.count() == 0) {
            return {}; // times a growth that may be infinite it would be no number
        }
        auto const longest = std::chrono::duration<double>{by.longest_cooldown > plain ? by.longest_cooldown : plain};
        auto const grown = std::chrono::duration<double>{plain} * std::pow(by.flap_multiplier, flaps_);
        return std::chrono::duration_cast<std::chrono::nanoseconds>(grown < longest ? grown : longest);
    }

    bool is_open_ = false; // told that it fires, and not yet that it is over
    bool told_once_ = false;
    severity told_ = severity::info;
    severity worst_ = severity::info;
    std::uint32_t flaps_ = 0;
    wall_time last_{};
    wall_time quiet_until_{};
    std::optional<wall_time> resolved_at_;
    std::optional<wall_time> eased_at_; // when that was told, since it fired
};

} // namespace orfeas::inline v0::alert::detail
