// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cost/month_trend.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace orfeas;
using namespace std::chrono;
using cost::month_trend;

namespace {

wall_time at(sys_days day, double hour = 0) {
    return wall_time{day} + duration_cast<wall_time::duration>(duration<double, std::ratio<3'600>>{hour});
}

/// As much each hour from `begin` up to before `end`.
void add_hours(month_trend& to, wall_time begin, wall_time end, double each_hour) {
    for (; begin < end; begin += 1h) {
        to.add(begin, each_hour);
    }
}

std::vector<std::byte> saved(month_trend const& object) {
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    object.save(out);
    return bytes;
}

/// Daily costs of one of several kinds.
class cost_stream {
  public:
    enum class kind { level, weekly, correlated, strongly_correlated };

    cost_stream(kind of, unsigned seed) : kind_{of}, random_{seed}, left_{normal_(random_)} {}

    double day(sys_days which) {
        double const phi = kind_ == kind::correlated ? 0.5 : (kind_ == kind::strongly_correlated ? 0.8 : 0);
        left_ = phi * left_ + std::sqrt(1 - phi * phi) * normal_(random_);
        weekday const of{which};
        bool const is_weekend = kind_ == kind::weekly && (of == Saturday || of == Sunday);
        return (is_weekend ? 60 : 100) + 10 * left_;
    }

  private:
    kind kind_;
    std::mt19937_64 random_;
    std::normal_distribution<> normal_{};
    double left_;
};

struct held_against {
    int covered = 0;
    int cases = 0;
    double error = 0; // of the middle, as a share of the truth
};

/// Projects months at random days and hours, after `history` known days, and holds them against what came.
held_against projections(cost_stream::kind of, int history, unsigned first_seed, unsigned seeds) {
    held_against made;
    for (unsigned seed = first_seed; seed < first_seed + seeds; ++seed) {
        std::mt19937_64 random{seed};
        cost_stream stream{of, seed + 1'000'000};
        sys_days const begin = sys_days{2026y / January / 1} + days{random() % 300};
        sys_days const today = begin + days{history};
        auto const now = at(today, static_cast<double>(random() % 24));
        year_month_day const date{today};
        sys_days const end = sys_days{date.year() / date.month() / last};
        month_trend trend;
        double truth = 0;
        for (auto day = begin; day <= end; day += days{1}) {
            double const hour = stream.day(day) / 24;
            for (int i = 0; i < 24; ++i) {
                auto const time = at(day, i);
                truth += day >= sys_days{date.year() / date.month() / 1} ? hour : 0;
                if (time < now) {
                    trend.add(time, hour);
                }
            }
        }
        auto const said = trend.outlook(now);
        if (std::isfinite(said.projected_low)) {
            made.covered += truth >= said.projected_low - 1e-6 && truth <= said.projected_high + 1e-6 ? 1 : 0;
            made.error += std::abs(said.projected_money / truth - 1);
            ++made.cases;
        }
    }
    return made;
}

} // namespace

TEST_CASE("cost: a month's cost is what was told for its days, in UTC") {
    month_trend trend;
    trend.add(at(2026y / February / 27, 23.99), 5); // how much of the first day is missing, nobody knows
    trend.add(at(2026y / February / 28, 23.99), 1);
    trend.add(at(2026y / March / 1), 2);
    trend.add(at(2026y / March / 2, 12), 4);
    trend.add(at(2026y / March / 2, 13), 8);
    for (double const none : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
        trend.add(at(2026y / March / 3), none);
    }
    auto const march = trend.outlook(at(2026y / March / 5));
    CHECK(march.year == 2026);
    CHECK(march.month == 3);
    CHECK(march.days == 31);
    CHECK(march.known_days == 2);
    CHECK(march.money_so_far == 14);
    CHECK(march.previous_money == 6);
    CHECK(march.change_ratio == 6); // 7 a known day, and 1: the first on record does not count
    auto const february = trend.outlook(at(2026y / February / 28, 23.995));
    CHECK(february.days == 28);
    CHECK(february.money_so_far == 6);
    CHECK(std::isnan(february.previous_money));
    CHECK(std::isnan(february.change_ratio));
    auto const months = trend.months(at(2026y / March / 5));
    CHECK(months == std::vector<cost::month_cost>{{2026, 2, 2, 6}, {2026, 3, 2, 14}});
    CHECK(trend.outlook(at(2028y / February / 3)).days == 29);
}

TEST_CASE("cost: a month without anything known has no cost, not 0") {
    auto const nothing = month_trend{}.outlook(at(2026y / March / 5));
    for (double const value : {nothing.money_so_far, nothing.projected_money, nothing.projected_low,
                               nothing.projected_high, nothing.previous_money, nothing.change_ratio}) {
        CHECK(std::isnan(value));
    }
    month_trend one;
    one.add(at(2026y / March / 5), 3);
    CHECK(one.outlook(at(2026y / March / 5, 20)).money_so_far == 3);
    CHECK(std::isnan(one.outlook(at(2026y / March / 5, 20)).projected_money)); // no past day
    CHECK(std::isnan(one.outlook(at(2026y / March / 7)).projected_money));     // the first may have begun late
}

TEST_CASE("cost: a constant cost is projected as it is") {
    month_trend trend;
    add_hours(trend, at(2026y / April / 1, 7), at(2026y / April / 16, 12), 2);
    auto const said = trend.outlook(at(2026y / April / 16, 12));
    CHECK(said.money_so_far == Approx((24 * 15 - 7 + 12) * 2));
    CHECK(said.projected_money == Approx((24 * 30 - 7) * 2));
    CHECK(said.projected_low == Approx(said.projected_money));
    CHECK(said.projected_high == Approx(said.projected_money));
    month_trend few;
    add_hours(few, at(2026y / April / 1, 7), at(2026y / April / 8), 2);
    CHECK(few.outlook(at(2026y / April / 8)).projected_money == Approx((24 * 30 - 7) * 2));
    CHECK(std::isnan(few.outlook(at(2026y / April / 8)).projected_low)); // six days are no band
}

TEST_CASE("cost: a day that nothing is known of is not taken for one without cost") {
    month_trend trend;
    for (int day = 1; day <= 20; ++day) {
        if (day % 3 != 0) {
            add_hours(trend, at(sys_days{2026y / April / 1} + days{day - 1}),
                      at(sys_days{2026y / April / 1} + days{day}), 1);
        }
    }
    auto const said = trend.outlook(at(2026y / April / 21));
    CHECK(said.known_days == 14);
    CHECK(said.money_so_far == Approx(14 * 24));
    CHECK(said.projected_money == Approx(24 * 24)); // ten more
}

TEST_CASE("cost: weekends that cost less are seen in what is left of the month") {
    month_trend trend;
    sys_days const begin = 2026y / February / 2; // a Monday
    for (auto day = begin; day < sys_days{2026y / March / 20}; day += days{1}) {
        weekday const of{day};
        trend.add(at(day), of == Saturday || of == Sunday ? 20 : 100);
    }
    auto const said = trend.outlook(at(2026y / March / 20)); // a Friday; 12 days are left, 4 of them of weekends
    CHECK(said.projected_money - said.money_so_far == Approx(8 * 100 + 4 * 20));
}

TEST_CASE("cost: the band of a month's cost holds in four of five cases") {
    using kind = cost_stream::kind;
    std::map<kind, char const*> const names{{kind::level, "level"},
                                            {kind::weekly, "weekly"},
                                            {kind::correlated, "correlated by 0.5"},
                                            {kind::strongly_correlated, "correlated by 0.8"}};
    int covered = 0;
    int cases = 0;
    for (auto const& [of, name] : names) {
        for (int const history : {15, 28, 50}) { // seeds 1 to 400; chosen on were others
            auto const found = projections(of, history, 1, 400);
            double const share = static_cast<double>(found.covered) / found.cases;
            INFO(name << " after " << history << " days: " << share << ", error " << found.error / found.cases);
            CHECK(share > 0.72); // 0.8 less four standard errors
            CHECK(share < 0.96);
            CHECK(found.error / found.cases < 0.05);
            covered += found.covered;
            cases += found.cases;
        }
    }
    INFO("of all " << static_cast<double>(covered) / cases);
    CHECK(covered >= 0.8 * cases);
    CHECK(covered <= 0.9 * cases);
}

TEST_CASE("cost: a clock that was wrong costs one day's figure at most") {
    month_trend trend;
    add_hours(trend, at(2026y / April / 1), at(2026y / April / 10), 1);
    trend.add(at(2031y / January / 1), 5); // a clock set years ahead
    trend.add(at(1970y / January / 1), 5);
    add_hours(trend, at(2026y / April / 10), at(2026y / April / 12), 1);
    auto const said = trend.outlook(at(2026y / April / 12));
    CHECK(said.money_so_far == Approx(11 * 24));
    CHECK(said.projected_money == Approx(30 * 24));
}

TEST_CASE("cost: a clock that was wrong by years leaves the months as they are") {
    for (auto const wrong : {months{24}, months{-24}, months{48}, months{240}, months{-480}, months{25}, months{7}}) {
        INFO(wrong.count() << " months");
        month_trend right;
        month_trend trend;
        for (auto* const each : {&right, &trend}) {
            add_hours(*each, at(2026y / March / 1), at(2026y / April / 20, 12), 1);
        }
        year_month_day const far = year_month_day{2026y / April / 20} + wrong;
        for (int hour = 12; hour < 15; ++hour) { // three hours by a wrong clock
            trend.add(at(far, hour), 1);
        }
        for (auto* const each : {&right, &trend}) {
            add_hours(*each, at(2026y / April / 20, 15), at(2026y / April / 25), 1);
        }
        auto const now = at(2026y / April / 25);
        auto const told = trend.outlook(now);
        auto const expected = right.outlook(now);
        CHECK(told.known_days >= expected.known_days - 1);
        CHECK(told.money_so_far == Approx(expected.money_so_far).margin(24));
        CHECK(told.previous_money == expected.previous_money);
        CHECK(told.projected_money == Approx(expected.projected_money).margin(30));
        CHECK(trend.months(now).size() == 2);
    }
}

TEST_CASE("cost: a day by a clock of 1970 is not the first on record for good") {
    month_trend trend;
    trend.add(at(1970y / January / 1), 0.5); // a machine that was told the time after it began
    trend.add(at(2026y / April / 10, 22), 2);
    add_hours(trend, at(2026y / April / 11), at(2026y / April / 12), 1);
    CHECK(trend.outlook(at(2026y / April / 12)).projected_money == Approx(2 + 20 * 24));
}

TEST_CASE("cost: months are told at the ends of what a clock can say") {
    month_trend trend;
    for (auto const now : {wall_time::min() + days{800}, wall_time{}, wall_time::max() - days{800}}) {
        trend.add(now, 3);
        CHECK(trend.outlook(now).money_so_far == 3);
        CHECK(trend.months(now).size() == 1);
    }
}

TEST_CASE("cost: a month's trend goes on from its state, and refuses one that was damaged") {
    month_trend whole;
    month_trend first;
    add_hours(whole, at(2026y / April / 1), at(2026y / May / 20), 1.5);
    add_hours(first, at(2026y / April / 1), at(2026y / April / 20), 1.5);
    auto const bytes = saved(first);
    month_trend second;
    state_reader in{bytes};
    REQUIRE_FALSE(second.load(in));
    add_hours(second, at(2026y / April / 20), at(2026y / May / 20), 1.5);
    CHECK(saved(second) == saved(whole));
    for (std::size_t at_byte = 0; at_byte < bytes.size(); at_byte += 11) {
        auto damaged = bytes;
        damaged[at_byte] ^= std::byte{2};
        state_reader bad{damaged};
        CHECK(second.load(bad));
    }
    CHECK(saved(second) == saved(whole));
}

TEST_CASE("cost: the month is measured, by the same names each time") {
    month_trend trend;
    std::map<std::string, double> before;
    std::map<std::string, double> after;
    auto const into = [](std::map<std::string, double>& to) {
        return [&to](measurement const& each) {
            CHECK(each.labels.size() == 1);
            to.emplace(each.name, each.value);
        };
    };
    auto const now = at(2026y / April / 12);
    auto to_before = into(before);
    trend.measure(to_before, now, "EUR");
    add_hours(trend, at(2026y / April / 1), now, 1);
    auto to_after = into(after);
    trend.measure(to_after, now, "EUR");
    CHECK(before.size() == 6);
    CHECK(after.size() == 6);
    CHECK(std::isnan(before["cost_month_money"]));
    CHECK(after["cost_month_money"] == Approx(11 * 24));
    CHECK(after["cost_month_projected_money"] == Approx(30 * 24));
}
