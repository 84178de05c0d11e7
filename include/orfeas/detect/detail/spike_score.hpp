// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <cstdint>
#include <initializer_list>

namespace orfeas::inline v0::detect::detail {

/// How far a value is from what the values right before it let expect: a level that follows them, and the correlation of
/// neighbours (AR(1)). In deviations of that distance, learned from clipped ones.
///
/// The deviation is at least a quarter of the usual step of values that differ from the one before, so that in a line that is
/// nearly always flat a single other value is no more than 4.
/// Constant time, no allocation. Thread-compatible (distinct objects).
class spike_score {
  public:
    /// Begins with the first value, which is then taken in.
    void begin(double value) noexcept {
        level_ = learned_ = last_ = value;
        count_ = 1;
    }

    /// Takes in a value within 1e300. With `learns` false the deviation and the correlation stay.
    double take(double value, bool learns) noexcept {
        double const expected = this->expected();
        double const error = value - expected;
        double const distance = error < 0 ? -error : error;
        double const sigma = deviation();
        double const per_sigma = sigma > smallest ? 1 / sigma : 0;
        double const score = distance * per_sigma;
        double const most = clip * sigma;
        bool const is_clipped = count_ > settling && distance > most;
        double const bounded = !is_clipped ? error : error < 0 ? -most : most;
        if (learns || count_ <= settling) {
            learn(value, is_clipped ? most : distance);
        }
        lag_ += count_ < lag_from ? 0 : lag_rate * bounded;
        ++count_;
        move(expected + bounded, learns, per_sigma);
        last_ = value;
        return score < highest ? score : highest;
    }

    /// Of the next value.
    double expected() const noexcept { return level_ + phi_ * (learned_ - level_) + lag_; }
    double deviation() const noexcept {
        double const own = gaussian * error_;
        double const least = least_share * step_;
        return own > least ? own : least;
    }

    /// The correlation of neighbours, 0 to 0.98.
    double correlation() const noexcept { return phi_; }

    /// Takes the last value for the usual level.
    void accept() noexcept {
        level_ = learned_ = last_;
        lag_ = 0;
    }

    static void state(auto& self, auto&& io) {
        io(self.level_, self.lag_, self.learned_, self.last_, self.error_, self.step_, self.square_, self.product_,
           self.phi_, self.count_);
    }
    bool valid() const noexcept {
        bool all = error_ >= 0 && step_ >= 0 && phi_ >= 0 && phi_ < 1;
        for (double const each : {level_, lag_, learned_, last_, error_, step_, square_, product_}) {
            all = all && is_finite(each);
        }
        return all;
    }

  private:
    static constexpr double highest = 1e15;
    static constexpr double smallest = 1e-300; // a deviation whose inverse is finite
    static constexpr double gaussian = 1.2533; // deviation over mean distance
    static constexpr double least_share = 0.25;
    static constexpr double clip = 3.5;
    static constexpr double level_rate = 1.0 / 16;
    static constexpr double lag_rate = 1.0 / 128;
    static constexpr std::uint64_t lag_from = 100;
    static constexpr double slowest = 1.0 / 1'000;
    static constexpr std::uint64_t settling = 32;

    double rate() const noexcept { return count_ < 1'000 ? 1 / static_cast<double>(count_) : slowest; }

    void learn(double value, double distance) noexcept {
        double const r = rate();
        error_ += r * (distance - error_);
        double const step = value < last_ ? last_ - value : value - last_;
        if (step > 0) {
            double const bounded = step_ > 0 && step > 4 * step_ ? 4 * step_ : step;
            step_ += (step_ > 0 ? r : 1) * (bounded - step_);
        }
    }

    /// The level follows the value as it was learned.
    void move(double value, bool learns, double per_unit) noexcept {
        double const before = learned_ - level_;
        double const now = value - level_;
        double const rate_now = count_ < 16 ? 1 / static_cast<double>(count_) : level_rate;
        level_ += rate_now * now;
        learned_ = value;
        if (!learns) {
            return;
        }
        // free of scale, so that no square overflows
        double const r = rate();
        double const a = furthest_of(now * per_unit);
        double const b = furthest_of(before * per_unit);
        product_ += r * (a * b - product_);
        square_ += r * (b * b - square_);
        if (count_ % 16 == 0 || count_ < 100) {
            double const ratio = square_ > 0 ? product_ / square_ : 0;
            phi_ = ratio < 0 ? 0 : ratio > 0.98 ? 0.98 : ratio;
        }
    }

    static double furthest_of(double u) noexcept { return u > 1e6 ? 1e6 : u < -1e6 ? -1e6 : u; }

    double level_ = 0;
    double lag_ = 0;     // mean error: how far the level is behind a slow course
    double learned_ = 0; // the last value, clipped
    double last_ = 0;
    double error_ = 0; // mean distance from what was expected
    double step_ = 0;  // mean step that is not 0
    double square_ = 0;
    double product_ = 0;
    double phi_ = 0;
    std::uint64_t count_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
