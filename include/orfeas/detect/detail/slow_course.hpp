// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/block_habit.hpp>
#include <orfeas/detect/detail/period_profile.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>

namespace orfeas::inline v0::detect::detail {

/// The slow course of a metric: its level, and its profile over a period, by the means of blocks of 1/288 of that period. Says
/// of each block how far it is from what was expected.
///
/// The profile is expected once it has been seen for more than a period and says more of the values than the level does. Samples
/// count clipped, by what blocks usually are. All numbers are in a unit that the first samples tell.
/// Constant time, no allocation; 1.8 KB. Thread-compatible (distinct objects).
class slow_course {
  public:
    /// Throws nothing; the period is positive.
    explicit slow_course(std::chrono::nanoseconds period) noexcept : block_{block_of(period)} {}

    /// A block that has just ended.
    struct block {
        double residual;     ///< from what was expected, in units, of clipped samples
        double whole;        ///< of the samples as they are
        double standardised; ///< in deviations of long means
        bool has_profile;    ///< whether it was expected by the profile
        std::size_t slot;
    };

    /// Takes in a value within 1e300 and calls `end(block)` when a block ends, perhaps twice. That says whether it is to be
    /// learned.
    template<class End>
    void take(std::int64_t time, double value, End end) {
        if (time < begin_ || time >= end_ || samples_total_ == 0) [[unlikely]] {
            close(end);
            open(time);
        }
        double const step = static_cast<double>(time) - static_cast<double>(last_time_);
        last_time_ = time;
        ++samples_total_;
        if (per_unit_ == 0) [[unlikely]] {
            find_unit(value);
        }
        double const residual = (value - centre_) * per_unit_ - expected_;
        double const most = most_residual_;
        double const bounded = residual > most ? most : residual < -most ? -most : residual;
        whole_sum_ += residual > furthest ? furthest : residual < -furthest ? -furthest : residual;
        sum_ += bounded;
        distances_ += bounded < 0 ? -bounded : bounded;
        samples_ += 1;
        if (static_cast<double>(time) + step >= static_cast<double>(end_) && step > 0) { // the next is in another one
            close(end);
        }
    }

    /// Takes the residuals of the last blocks for usual: the level and the profile move by as much.
    void accept() noexcept {
        offset_ += recent_;
        level_ += recent_;
        recent_ = 0;
    }

    /// Learns the profile anew, from what was expected on.
    void doubt() noexcept { profile_.doubt(); }

    /// The period is another one: all but the level and the unit is learned anew.
    void begin_anew(std::chrono::nanoseconds period) noexcept {
        slow_course fresh{period};
        fresh.last_time_ = last_time_;
        fresh.centre_ = centre_;
        fresh.per_unit_ = per_unit_;
        fresh.unit_ = unit_;
        fresh.unit_sum_ = unit_sum_;
        fresh.units_ = units_;
        fresh.level_ = level_;
        fresh.expected_ = level_;
        fresh.distance_ = distance_;
        fresh.samples_total_ = samples_total_;
        *this = fresh;
    }

    /// The period is known better: the profile is kept, and goes on from where it is.
    void retime(std::chrono::nanoseconds period) noexcept {
        block_ = block_of(period);
        origin_ = difference(end_, bounded_product(static_cast<std::int64_t>(slot_) + 1, block_));
    }

    bool has_profile() const noexcept { return uses_profile_; }
    bool has_unit() const noexcept { return per_unit_ > 0; }

    /// A value in units, within 1e9.
    double in_units(double value) const noexcept {
        double const made = (value - centre_) * per_unit_;
        return made > furthest ? furthest : made < -furthest ? -furthest : made;
    }

    std::uint64_t blocks() const noexcept { return blocks_; }
    std::int64_t block_length() const noexcept { return block_; }
    std::int64_t now() const noexcept { return last_time_; }
    double unit() const noexcept { return unit_; }

    /// Of the next value, and its usual deviation from that.
    double expected() const noexcept { return centre_ + expected_ * unit(); }
    double deviation() const noexcept { return 1.2533 * distance_ * unit(); }

    static void state(auto& self, auto&& io) {
        io(self.block_, self.origin_, self.profile_, self.by_level_, self.by_profile_, self.begin_, self.end_,
           self.last_time_, self.centre_, self.per_unit_, self.unit_, self.unit_sum_, self.units_, self.level_,
           self.offset_, self.expected_, self.expected_by_profile_, self.most_residual_, self.distance_, self.sum_,
           self.whole_sum_, self.recent_, self.distances_, self.samples_, self.samples_total_, self.blocks_, self.slot_,
           self.knows_slot_, self.uses_profile_);
    }
    bool valid() const noexcept {
        bool all = profile_.valid() && by_level_.valid() && by_profile_.valid() && slot_ < period_profile::slots &&
                   block_ > 0 && origin_ > limits::min() && per_unit_ >= 0 && samples_ >= 0;
        for (double const each : {centre_, per_unit_, unit_, unit_sum_, level_, offset_, expected_,
                                  expected_by_profile_, distance_, sum_, whole_sum_, recent_, distances_, samples_}) {
            all = all && is_finite(each);
        }
        return all;
    }

  private:
    static constexpr std::uint64_t least_samples = 32; // that tell the unit
    static constexpr double reach = 5;                 // of a sample, in mean distances
    static constexpr double first_reach = 20;          // in the first two laps: a job's values are far from all others
    static constexpr std::uint64_t settling = 16;      // blocks that are not clipped
    static constexpr double furthest = 1e9;            // units
    static constexpr double recent_rate = 1.0 / 12;
    static constexpr double level_rate = 1.0 / 288;
    static constexpr double offset_rate = 1.0 / 576;
    static constexpr std::uint64_t first_lap = period_profile::slots;
    static constexpr std::uint64_t least_habit = 144; // blocks by which the profile is judged
    static constexpr double gain = 0.8; // of the residuals of the level, from which on the profile is used

    static std::int64_t block_of(std::chrono::nanoseconds period) noexcept {
        auto const made = period.count() / static_cast<std::int64_t>(period_profile::slots);
        return made > 0 ? made : 1;
    }
    static std::int64_t difference(std::int64_t a, std::int64_t b) noexcept { // what does not fit is the last that does
        bool const is_low = b > 0 && a < limits::min() + b;
        bool const is_high = b < 0 && a > limits::max() + b;
        return is_low ? limits::min() : is_high ? limits::max() : a - b;
    }
    static std::int64_t bounded_product(std::int64_t number, std::int64_t block) noexcept {
        return number <= limits::min() / block ? limits::min() : number * block;
    }

    /// The mean distance of the values that are not the first one.
    void find_unit(double value) noexcept {
        if (samples_total_ == 1) {
            centre_ = value;
        }
        double const distance = std::abs(value / 2 - centre_ / 2);
        if (distance > 0) {
            units_ += 1;
            unit_sum_ += (distance - unit_sum_) / units_;
        }
        if (samples_total_ >= least_samples && unit_sum_ > 1e-305) {
            per_unit_ = 0.5 / unit_sum_;
            unit_ = 1 / per_unit_;
        }
    }

    void open(std::int64_t time) noexcept {
        std::int64_t const since = difference(time, origin_);
        std::int64_t const number = since / block_ - (since % block_ < 0 ? 1 : 0);
        constexpr auto laps = static_cast<std::int64_t>(period_profile::slots);
        slot_ = static_cast<std::size_t>((number % laps + laps) % laps);
        begin_ = difference(bounded_product(number, block_), -origin_);
        end_ = begin_ > limits::max() - block_ ? limits::max() : begin_ + block_;
        sum_ = whole_sum_ = distances_ = samples_ = 0;
        auto const known = profile_.at(slot_);
        knows_slot_ = known.is_known;
        expected_by_profile_ = known.value + offset_;
        expected_ = uses_profile_ && knows_slot_ ? expected_by_profile_ : level_;
        double const most = (blocks_ < 2 * first_lap ? first_reach : reach) * distance_;
        most_residual_ = blocks_ < settling || !(distance_ > 0) ? furthest : most;
    }

    template<class End>
    void close(End& end) {
        if (samples_ == 0) {
            return;
        }
        double const mean = sum_ / samples_;
        double const distance = distances_ / samples_;
        double const whole = whole_sum_ / samples_;
        recent_ += recent_rate * (whole - recent_);
        samples_ = 0;
        sum_ = whole_sum_ = distances_ = 0;
        ++blocks_;
        bool const by_profile = uses_profile_ && knows_slot_;
        double const least = by_profile ? profile_.distance(slot_) : 0;
        block const made{mean, whole, (by_profile ? by_profile_ : by_level_).standardised(mean, least), by_profile,
                         slot_};
        bool const learns = end(made);
        learn_habit(mean, learns);
        if (learns) {
            learn(mean);
            distance_ += (distance - distance_) * (blocks_ < 100 ? 1 / static_cast<double>(blocks_) : 0.01);
        }
    }

    /// How far blocks are from what was expected is learned of all of them.
    void learn_habit(double mean, bool learns) noexcept {
        double const value = expected_ + mean;
        by_level_.learn(value - level_, learns);
        if (knows_slot_ && blocks_ > first_lap) {
            double const from_profile = value - expected_by_profile_;
            by_profile_.learn(from_profile, learns);
            profile_.learn_distance(slot_, from_profile, by_profile_.distance());
            uses_profile_ = by_profile_.count() >= least_habit && by_profile_.distance() < gain * by_level_.distance();
        }
    }

    void learn(double mean) noexcept {
        double const value = expected_ + mean;
        double const rate = blocks_ < period_profile::slots ? 1 / static_cast<double>(blocks_) : level_rate;
        level_ += rate * (value - level_);
        if (knows_slot_ && blocks_ > first_lap) {
            offset_ += offset_rate * (value - expected_by_profile_);
        }
        profile_.learn(slot_, value - offset_);
    }

    using limits = std::numeric_limits<std::int64_t>;

    std::int64_t block_;      // nanoseconds
    std::int64_t origin_ = 0; // of the periods
    period_profile profile_;
    block_habit by_level_;
    block_habit by_profile_;
    std::int64_t begin_ = 0; // of the block
    std::int64_t end_ = 0;
    std::int64_t last_time_ = 0;
    double centre_ = 0; // of the units
    double per_unit_ = 0;
    double unit_ = 0;
    double unit_sum_ = 0;
    double units_ = 0;
    double level_ = 0;
    double offset_ = 0; // of the profile
    double expected_ = 0;
    double expected_by_profile_ = 0;
    double most_residual_ = 0;
    double distance_ = 0; // mean one of a sample from what is expected
    double sum_ = 0;      // of the block
    double whole_sum_ = 0;
    double distances_ = 0;
    double recent_ = 0; // mean residual of the last blocks
    double samples_ = 0;
    std::uint64_t samples_total_ = 0;
    std::uint64_t blocks_ = 0;
    std::size_t slot_ = 0;
    bool knows_slot_ = false;
    bool uses_profile_ = false;
};

} // namespace orfeas::inline v0::detect::detail
