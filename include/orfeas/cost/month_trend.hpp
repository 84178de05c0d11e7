// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/cost/detail/day_projection.hpp>
#include <orfeas/cost/price.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace orfeas::inline v0::cost {

/// What a calendar month (UTC) costs. Money is in units of the currency.
struct month_outlook {
    std::int64_t year = 0;
    std::uint64_t month = 0;      ///< 1 to 12
    std::uint64_t days = 0;       ///< of the month
    std::uint64_t known_days = 0; ///< of the month so far, of which a cost was told
    double money_so_far = absent; ///< sum of what was told for this month; absent when nothing was
    double projected_money =
        absent; ///< money_so_far, and the expected cost of the rest of the month; absent without a past day
    double projected_low = absent;  ///< the month's cost lies in [low, high] with probability `level`
    double projected_high = absent; ///< absent before eight days are known
    double level = 0.8;
    double previous_money = absent; ///< what was told for the month before; absent when nothing was
    double change_ratio = absent;   ///< mean cost of a known, past day of this month / that of the month before, less 1

    static void fields(auto& self, auto&& field) {
        field("year", self.year, unit::none, "of the month");
        field("month", self.month, unit::none, "1 to 12");
        field("days", self.days, unit::none, "days of the month");
        field("known_days", self.known_days, unit::none, "days of the month whose cost is known");
        field("money_so_far", self.money_so_far, unit::none, "cost of the month so far");
        field("projected_money", self.projected_money, unit::none, "expected cost of the whole month");
        field("projected_low", self.projected_low, unit::none, "lower end of the band of the whole month's cost");
        field("projected_high", self.projected_high, unit::none, "upper end of the band of the whole month's cost");
        field("level", self.level, unit::ratio, "probability of the band");
        field("previous_money", self.previous_money, unit::none, "cost of the month before");
        field("change_ratio", self.change_ratio, unit::ratio, "cost of a day against the month before");
    }
};

/// A past month.
struct month_cost {
    std::int64_t year = 0;
    std::uint64_t month = 0; ///< 1 to 12
    std::uint64_t known_days = 0;
    double money = absent;

    friend bool operator==(month_cost const&, month_cost const&) = default;
};

/// Costs by day and month (UTC), and what the month will have cost at its end.
///
/// The rest of the month is projected from the last 28 days before today whose cost is known: their mean, by day of the week
/// where that makes a difference, and how the last day differed, as far as such differences have lasted. The band follows
/// from their spread and their correlation. A day that nothing was told of is not known; it is no day without cost. Of the
/// first day on record the begin may be missing, so nothing is projected from it, and no change is told by it.
///
/// Costs are told in the order of time, about. What a clock tells that was wrong for a while, by years even, costs one day's figure
/// at most: a month whose place it took is found again by its days. 70 days and 24 months are kept; 2 KB, no allocation but in the questions.
/// Thread-compatible (distinct objects).
class month_trend {
  public:
    static constexpr state_kind kind{"month_trend", 1};
    static constexpr std::size_t kept_days = 70;
    static constexpr std::size_t kept_months = 24;
    static constexpr std::int64_t looked_at_days = 28;

    /// Something that took place at `time` cost that much. What is not finite or below 0 is not taken in.
    void add(wall_time time, double money) noexcept {
        if (!is_finite(money) || money < 0) {
            return;
        }
        auto const day = day_of(time);
        auto& of_day = days_[slot(day, kept_days)];
        auto& of_month = months_[slot(month_of(time), kept_months)];
        if (of_month.known == 0 || of_month.number != month_of(time)) {
            of_month = month_by_days(month_of(time));
        }
        if (of_day.known == 0 || of_day.number != day) {
            of_day = {day};
            of_day.known = 1;
            ++of_month.known;
        }
        of_day.money += money;
        of_month.money += money;
        first_day_ = !has_first_day_ || day < first_day_ ? day : first_day_;
        has_first_day_ = true;
    }

    /// How the month of `now` stands.
    month_outlook outlook(wall_time now) const {
        using namespace std::chrono;
        year_month_day const today{floor<days>(now)};
        year_month_day_last const end{today.year() / today.month() / last};
        month_outlook made;
        made.year = int{today.year()};
        made.month = unsigned{today.month()};
        made.days = unsigned{end.day()};
        if (auto const* const current = find(month_of(now))) {
            made.money_so_far = current->money;
            made.known_days = current->known;
            project(made, now, sys_days{end}.time_since_epoch().count());
        }
        if (auto const* const before = find(month_of(now) - 1)) {
            made.previous_money = before->money;
        }
        auto const first = sys_days{today.year() / today.month() / 1}.time_since_epoch().count();
        auto const month_before = year_month{today.year(), today.month()} - std::chrono::months{1};
        auto const first_before = sys_days{month_before / 1}.time_since_epoch().count();
        auto const whole = first_day(day_of(now)) + 1;
        double const before = mean_of_days(std::max(first_before, whole), first);
        made.change_ratio = before > 0 ? mean_of_days(std::max(first, whole), day_of(now)) / before - 1 : absent;
        return made;
    }

    /// The months that are kept, up to that of `now`, oldest first; those that nothing was told of are left out.
    std::vector<month_cost> months(wall_time now) const {
        std::vector<month_cost> made;
        auto const newest = month_of(now);
        for (auto number = newest - static_cast<std::int64_t>(kept_months) + 1; number <= newest; ++number) {
            if (auto const* const each = find(number)) {
                made.push_back({number / 12, static_cast<std::uint64_t>(number % 12 + 1), each->known, each->money});
            }
        }
        return made;
    }

    /// Reports the month of `now`, in the currency that the costs were told in.
    void measure(measurement_sink sink, wall_time now, std::string_view currency) const {
        auto const month = outlook(now);
        std::array<label, 1> const labels{{{"currency", currency}}};
        auto const gauge = [&](std::string_view name, unit of, double value, std::string_view help) {
            sink({name, measurement_kind::gauge, of, value, labels, help});
        };
        gauge("cost_month_money", unit::none, month.money_so_far, "cost of the calendar month (UTC) so far");
        gauge("cost_month_projected_money", unit::none, month.projected_money, "expected cost of the whole month");
        gauge("cost_month_projected_low_money", unit::none, month.projected_low, "lower end of its band of 80 %");
        gauge("cost_month_projected_high_money", unit::none, month.projected_high, "upper end of its band of 80 %");
        gauge("cost_previous_month_money", unit::none, month.previous_money, "cost of the month before");
        gauge("cost_month_change_ratio", unit::ratio, month.change_ratio, "cost of a day against the month before");
    }

    void save(state_writer& out) const { save_state(out, kind, 0, *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, 0, *this); }

    static void state(auto& self, auto&& io) { io(self.days_, self.months_, self.first_day_, self.has_first_day_); }
    bool valid() const noexcept {
        auto const is_sound = [](entry const& each) { return is_finite(each.money) && each.money >= 0; };
        return std::all_of(days_.begin(), days_.end(), is_sound) &&
               std::all_of(months_.begin(), months_.end(), is_sound);
    }

  private:
    struct entry {
        std::int64_t number = 0;
        std::uint64_t known = 0; // days; 0: nothing was told
        double money = 0;

        static void state(auto& self, auto&& io) { io(self.number, self.known, self.money); }
    };

    static std::int64_t day_of(wall_time time) noexcept {
        return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
    }
    /// Months since January of the year 0.
    static std::int64_t month_of(wall_time time) noexcept {
        std::chrono::year_month_day const date{std::chrono::floor<std::chrono::days>(time)};
        return std::int64_t{int{date.year()}} * 12 + static_cast<std::int64_t>(unsigned{date.month()}) - 1;
    }
    static std::size_t slot(std::int64_t number, std::size_t count) noexcept {
        auto const size = static_cast<std::int64_t>(count);
        return static_cast<std::size_t>((number % size + size) % size);
    }

    entry const* find(std::int64_t month) const noexcept {
        auto const& at = months_[slot(month, kept_months)];
        return at.known > 0 && at.number == month ? &at : nullptr;
    }

    /// A month that is begun, or that a month of a wrong clock has taken the place of: what its kept days say.
    entry month_by_days(std::int64_t number) const noexcept {
        entry made{number};
        for (auto const& each : days_) {
            if (each.known > 0 && month_of(wall_time{std::chrono::days{each.number}}) == number) {
                made.money += each.money;
                ++made.known;
            }
        }
        return made;
    }

    /// The first day on record, of which the begin may be missing; that of a clock that was wrong for long does not count.
    std::int64_t first_day(std::int64_t today) const noexcept {
        auto const oldest_kept = today - static_cast<std::int64_t>(kept_days) + 1;
        auto made = first_day_;
        for (auto day = oldest_kept; made < oldest_kept && day <= today; ++day) {
            auto const& at = days_[slot(day, kept_days)];
            made = at.known > 0 && at.number == day ? day : made;
        }
        return made;
    }

    /// The known days from `begin` up to before `end`.
    std::vector<detail::day_value> known(std::int64_t begin, std::int64_t end) const {
        std::vector<detail::day_value> made;
        for (auto day = begin; day < end; ++day) {
            auto const& at = days_[slot(day, kept_days)];
            if (at.known > 0 && at.number == day) {
                made.push_back({day, at.money});
            }
        }
        return made;
    }

    double mean_of_days(std::int64_t begin, std::int64_t end) const {
        double sum = 0;
        auto const all = known(begin, end);
        for (auto const& each : all) {
            sum += each.money;
        }
        return all.empty() ? absent : sum / static_cast<double>(all.size());
    }

    void project(month_outlook& made, wall_time now, std::int64_t last_day) const {
        auto const today = day_of(now);
        auto const past = known(std::max(today - looked_at_days, first_day(today) + 1), today);
        if (past.empty()) {
            return;
        }
        using std::chrono::duration;
        double const gone =
            duration<double>{now - std::chrono::floor<std::chrono::days>(now)} / duration<double>{86'400};
        std::vector<detail::day_share> rest{{today, 1 - gone}};
        for (auto day = today + 1; day <= last_day; ++day) {
            rest.push_back({day, 1});
        }
        auto const sum = detail::day_projection{past}.sum(rest);
        made.projected_money = made.money_so_far + std::max(0.0, sum.mean);
        made.projected_low =
            sum.half_width >= 0 ? made.money_so_far + std::max(0.0, sum.mean - sum.half_width) : absent;
        made.projected_high = made.money_so_far + std::max(0.0, sum.mean + sum.half_width);
        made.projected_high = sum.half_width >= 0 ? made.projected_high : absent;
    }

    std::array<entry, kept_days> days_{};
    std::array<entry, kept_months> months_{};
    std::int64_t first_day_ = 0;
    bool has_first_day_ = false;
};
static_assert(saves_state<month_trend>);

} // namespace orfeas::inline v0::cost
