// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace orfeas::inline v0::cost::detail {

/// A day with what it cost. Days are counted from the Unix epoch.
struct day_value {
    std::int64_t day = 0;
    double money = 0;
};

/// A day to come, or the rest of one.
struct day_share {
    std::int64_t day = 0;
    double share = 1;
};

/// A sum of days to come.
struct day_sum {
    double mean = 0;
    double half_width = 0; ///< of the band that holds the sum in 80 % of the cases; NaN where it is not known
};

constexpr std::size_t weekday_of(std::int64_t day) noexcept {
    return static_cast<std::size_t>(((day % 7) + 7) % 7);
}

/// Student's 0.9 quantile, to 1 % from two degrees of freedom on (Cornish and Fisher's expansion).
inline double student_quantile(double freedom) noexcept {
    constexpr double z = 1.2815515655446004;
    constexpr double z3 = z * z * z;
    constexpr double z5 = z3 * z * z;
    constexpr double z7 = z5 * z * z;
    return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom) +
           (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom * freedom * freedom);
}

/// Projects the cost of days from that of past days, oldest first: a mean, or one for each day of the week where Schwarz's
/// criterion says that this explains more than chance; what was left on the last day fades as it used to (first-order
/// autocorrelation). The band takes in the spread of days, that of the estimated means, the correlation of both, and how the means
/// of weeks differ.
class day_projection {
  public:
    static constexpr std::size_t least_days = 8; ///< for a band

    explicit day_projection(std::span<day_value const> past) : past_{past} {
        fit(false);
        if (past.size() >= 14) {
            double const plain = criterion();
            fit(true);
            if (!is_weekly_ || criterion() >= plain) {
                fit(false);
            }
        }
        correlate();
    }

    /// The sum over days to come, first one first; there is at least one past day.
    day_sum sum(std::span<day_share const> days) const {
        day_sum made;
        auto const& last = past_.back();
        std::array<double, 7> by_weekday{};
        for (auto const& each : days) {
            auto const distance = static_cast<double>(each.day - last.day);
            made.mean += each.share * (mean_of(each.day) + (last.money - mean_of(last.day)) * std::pow(r_, distance));
            by_weekday[is_weekly_ ? weekday_of(each.day) : 0] += each.share;
        }
        double const freedom = (static_cast<double>(past_.size()) - parameters()) * (1 - band_r_) / (1 + band_r_);
        double const variance = squares_ / (static_cast<double>(past_.size()) - parameters());
        double of_means = 0;
        for (std::size_t i = 0; i < by_weekday.size(); ++i) {
            of_means += counts_[i] > 0 ? by_weekday[i] * by_weekday[i] / counts_[i] : 0;
        }
        of_means *= is_weekly_ ? 1 : (1 + band_r_) / (1 - band_r_);
        double const by_days =
            student_quantile(std::max(2.0, freedom)) * std::sqrt(variance * (of_days(days) + of_means));
        made.half_width = past_.size() < least_days ? std::nan("") : std::max(by_days, by_weeks(days));
        return made;
    }

  private:
    double parameters() const noexcept { return is_weekly_ ? 7 : 1; }
    double mean_of(std::int64_t day) const noexcept { return means_[is_weekly_ ? weekday_of(day) : 0]; }

    void fit(bool is_weekly) {
        is_weekly_ = is_weekly;
        means_ = {};
        counts_ = {};
        for (auto const& each : past_) {
            auto const at = is_weekly ? weekday_of(each.day) : 0;
            means_[at] += each.money;
            ++counts_[at];
        }
        for (std::size_t i = 0; i < means_.size(); ++i) {
            is_weekly_ = is_weekly_ && counts_[i] >= 2;
            means_[i] /= std::max(1.0, counts_[i]);
        }
        squares_ = 0;
        for (auto const& each : past_) {
            double const left = each.money - means_[is_weekly ? weekday_of(each.day) : 0];
            squares_ += left * left;
        }
    }

    /// The half width of the band by how means of weeks differ, which shows a level that moves; 0 before there are four weeks.
    double by_weeks(std::span<day_share const> days) const noexcept {
        constexpr std::size_t week = 7;
        std::size_t const weeks = past_.size() / week;
        if (weeks < 4) {
            return 0;
        }
        auto const past = past_.last(weeks * week);
        auto const number = static_cast<double>(weeks);
        double sum = 0;
        double squares = 0;
        for (std::size_t i = 0; i < weeks; ++i) {
            double mean = 0;
            for (auto const& each : past.subspan(i * week, week)) {
                mean += (each.money - mean_of(each.day)) / week;
            }
            sum += mean;
            squares += mean * mean;
        }
        double shares = 0;
        for (auto const& each : days) {
            shares += each.share;
        }
        double const of_a_day = week * std::max(0.0, squares - sum * sum / number) / (number - 1);
        double const total = of_a_day * (shares + shares * shares / static_cast<double>(past_.size()));
        return student_quantile(number - 1) * std::sqrt(total);
    }

    double criterion() const noexcept {
        auto const n = static_cast<double>(past_.size());
        return n * std::log(squares_ / n + 1e-300) + parameters() * std::log(n);
    }

    /// Correlation of what is left on a day with that on the next, corrected for its bias; none below 0.
    void correlate() noexcept {
        double products = 0;
        for (std::size_t i = 1; i < past_.size(); ++i) {
            auto const& a = past_[i - 1];
            auto const& b = past_[i];
            products += b.day == a.day + 1 ? (a.money - mean_of(a.day)) * (b.money - mean_of(b.day)) : 0;
        }
        auto const n = static_cast<double>(past_.size());
        bool const is_known = past_.size() >= least_days && squares_ > 0;
        r_ = is_known ? std::clamp((products / squares_ * n + 1) / (n - 3), 0.0, 0.9) : 0;
        band_r_ = std::max(r_, 0.5 * (1 - n / 28));
    }

    /// Variance of the sum of what will be left on the days, in units of that of one day.
    double of_days(std::span<day_share const> days) const noexcept {
        double sum = 0;
        double ahead = 0; // what an impulse on this day adds to this day and those after it
        for (auto at = days.rbegin(); at != days.rend(); ++at) {
            ahead = std::sqrt(at->share) + band_r_ * ahead;
            sum += ahead * ahead;
        }
        return sum * (1 - band_r_ * band_r_);
    }

    std::span<day_value const> past_;
    std::array<double, 7> means_{};
    std::array<double, 7> counts_{};
    double squares_ = 0;
    double r_ = 0;
    double band_r_ = 0; // not less than what a short past cannot rule out
    bool is_weekly_ = false;
};

} // namespace orfeas::inline v0::cost::detail
