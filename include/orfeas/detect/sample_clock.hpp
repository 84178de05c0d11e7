// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace orfeas::inline v0::detect {

/// How a sample's time stands to that of the one before it.
enum class arrival : std::uint8_t {
    first,
    on_time,   ///< after the last one, and soon enough
    after_gap, ///< later than several intervals: some are missing
    duplicate, ///< at the same time
    backward,  ///< before the last one
};

/// Learns how far apart the samples of a stream usually are, and tells gaps, duplicates and steps back.
///
/// Detectors judge samples in the order in which they come. A duplicate or a sample from before is judged like any other: a
/// clock that was set back loses no value. Time serves to see gaps and the time of day only.
/// Thread-compatible (distinct objects).
class sample_clock {
  public:
    using duration = std::chrono::nanoseconds;

    /// An interval of 0 is learned from the samples; `gap_intervals` is how many of them make a gap.
    explicit constexpr sample_clock(duration interval = duration::zero(), double gap_intervals = 3) noexcept
        : interval_{interval}, is_learned_{interval == duration::zero()}, gap_intervals_{gap_intervals} {}

    /// Takes in the time of the next sample. `missing()` then tells how many did not come.
    constexpr arrival observe(duration time) noexcept {
        missing_ = 0;
        arrival const seen = judge(time);
        last_ = time;
        has_last_ = true;
        return seen;
    }

    /// How many samples are missing before the last one; 0 unless it came after a gap.
    constexpr std::uint64_t missing() const noexcept { return missing_; }

    /// The usual time between two samples; 0 before the second.
    constexpr duration interval() const noexcept { return interval_; }

    constexpr void reset() noexcept {
        *this = sample_clock{is_learned_ ? duration::zero() : interval_, gap_intervals_};
    }

    static constexpr void state(auto& self, auto&& io) {
        io(self.interval_, self.last_, self.has_last_, self.missing_, self.intervals_);
    }
    constexpr bool valid() const noexcept { return interval_ >= duration::zero(); }

  private:
    static constexpr std::uint32_t settling = 8; // intervals that are averaged; later ones count as 1/16

    constexpr arrival judge(duration time) noexcept {
        if (!has_last_) {
            return arrival::first;
        }
        if (time == last_) {
            return arrival::duplicate;
        }
        if (time < last_) {
            return arrival::backward;
        }
        // times may be anything: their difference may not fit
        auto const passed = static_cast<double>(time.count()) - static_cast<double>(last_.count());
        auto const usual = static_cast<double>(interval_.count());
        bool const is_gap = interval_ > duration::zero() && passed > gap_intervals_ * usual;
        if (is_gap) {
            double const missing = passed / usual - 0.5; // rounded, less the one that came
            missing_ = missing > 1e9 ? 1'000'000'000U : static_cast<std::uint64_t>(missing);
        }
        learn(passed);
        return is_gap ? arrival::after_gap : arrival::on_time;
    }

    /// A gap counts as twice the interval at most, so that one does not make the next one usual.
    constexpr void learn(double passed) noexcept {
        if (!is_learned_) {
            return;
        }
        auto const usual = static_cast<double>(interval_.count());
        constexpr auto most = static_cast<double>(std::numeric_limits<std::int64_t>::max() / 4);
        double const bounded = intervals_ > 0 && passed > 2 * usual ? 2 * usual : passed;
        intervals_ += intervals_ < settling ? 1 : 0;
        double const next = usual + (bounded - usual) * (intervals_ < settling ? 1.0 / intervals_ : 0.5 / settling);
        interval_ = duration{static_cast<std::int64_t>(next < 1 ? 1 : next > most ? most : next)};
    }

    duration interval_;
    bool is_learned_;
    double gap_intervals_;
    duration last_{};
    bool has_last_ = false;
    std::uint64_t missing_ = 0;
    std::uint32_t intervals_ = 0;
};

} // namespace orfeas::inline v0::detect
