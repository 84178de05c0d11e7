// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace orfeas::inline v0::alert::detail {

/// The values that a series had within the last `window`, both ends included, as a range vector of Prometheus has them.
/// Of more than `most` values, so many lie next to each other in one place that there is room for the window; the newest is
/// always kept as it was.
/// Thread-compatible (distinct objects).
class window_values {
  public:
    static constexpr std::size_t most = 600;

    explicit window_values(std::chrono::nanoseconds window) : window_{window}, spacing_{window / (most / 2)} {}

    void add(wall_time time, double value) {
        forget(time);
        double const restarted = count_ > 0 && value < newest().last ? newest().last : 0;
        if (count_ > 0 && is_crowded_ && time - newest().first_time < spacing_) {
            merge(newest(), time, value, restarted);
            return;
        }
        if (count_ == most) {
            is_crowded_ = true;
            thin_out();
        }
        push({time, time, value, value, value, value, value, 1, restarted, 0});
    }

    /// What lies before the window is forgotten.
    void forget(wall_time now) {
        while (count_ > 0 && at(0).last_time < now - window_) {
            begin_ = (begin_ + 1) % places_.size();
            --count_;
        }
    }

    void shift(wall_time::duration by) noexcept {
        for (std::size_t i = 0; i < count_; ++i) {
            at(i).first_time += by;
            at(i).last_time += by;
        }
    }

    /// By how much a counter has grown within the window that ends at `now`, as if to both ends of it: none of fewer than two
    /// values. The extrapolation is that of Prometheus (`extrapolatedRate` of 2.42).
    std::optional<double> increase(wall_time now) const {
        auto const count = values();
        if (count < 2) {
            return std::nullopt;
        }
        double grown = newest().last - at(0).first;
        for (std::size_t i = 0; i < count_; ++i) {
            grown += at(i).restarted_within + (i > 0 ? at(i).restarted_before : 0);
        }
        double to_start = seconds(at(0).first_time - (now - window_));
        double const to_end = seconds(now - newest().last_time);
        double const sampled = seconds(newest().last_time - at(0).first_time);
        double const between = sampled / (count - 1);
        if (grown > 0 && at(0).first >= 0) {
            double const to_zero = sampled * (at(0).first / grown);
            to_start = to_zero < to_start ? to_zero : to_start;
        }
        double const near = between * 1.1;
        double reach = sampled;
        reach += to_start < near ? to_start : between / 2;
        reach += to_end < near ? to_end : between / 2;
        return grown * (reach / sampled);
    }

    std::optional<double> rate(wall_time now) const {
        auto const grown = increase(now);
        return grown ? std::optional{*grown / seconds(window_)} : std::nullopt;
    }

    std::optional<double> average() const {
        double sum = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            sum += at(i).sum;
        }
        return count_ > 0 ? std::optional{sum / values()} : std::nullopt;
    }

    std::optional<double> minimum() const {
        std::optional<double> found;
        for (std::size_t i = 0; i < count_; ++i) {
            found = !found || at(i).minimum < *found ? at(i).minimum : *found;
        }
        return found;
    }

    std::optional<double> maximum() const {
        std::optional<double> found;
        for (std::size_t i = 0; i < count_; ++i) {
            found = !found || at(i).maximum > *found ? at(i).maximum : *found;
        }
        return found;
    }

    /// Where the line of least squares through the values is, so many seconds after `now`; none of fewer than two values.
    std::optional<double> predict(wall_time now, double ahead) const {
        double const count = values();
        if (count < 2) {
            return std::nullopt;
        }
        double sum_t = 0;
        double sum_v = 0;
        double sum_tv = 0;
        double sum_tt = 0;
        double const origin = at(0).first; // what all values have in common would cost digits
        bool is_constant = true;
        for (std::size_t i = 0; i < count_; ++i) {
            auto const& each = at(i);
            double const t = (seconds(each.first_time - now) + seconds(each.last_time - now)) / 2;
            double const v = each.sum - each.count * origin;
            sum_t += each.count * t;
            sum_v += v;
            sum_tv += t * v;
            sum_tt += each.count * t * t;
            is_constant = is_constant && each.minimum == origin && each.maximum == origin;
        }
        if (is_constant) {
            return origin;
        }
        double const slope = (sum_tv - sum_t * sum_v / count) / (sum_tt - sum_t * sum_t / count);
        return origin + sum_v / count - slope * sum_t / count + slope * ahead;
    }

  private:
    /// One value, or several next to each other.
    struct place {
        wall_time first_time;
        wall_time last_time;
        double first;
        double last;
        double sum;
        double minimum;
        double maximum;
        double count;
        double restarted_before; // what a counter had before it restarted, between the last place and this
        double restarted_within;
    };

    static double seconds(std::chrono::nanoseconds of) noexcept { return std::chrono::duration<double>{of}.count(); }

    static void merge(place& into, wall_time time, double value, double restarted) noexcept {
        into.last_time = time;
        into.last = value;
        into.sum += value;
        into.minimum = value < into.minimum ? value : into.minimum;
        into.maximum = value > into.maximum ? value : into.maximum;
        into.count += 1;
        into.restarted_within += restarted;
    }

    double values() const noexcept {
        double sum = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            sum += at(i).count;
        }
        return sum;
    }

    place const& at(std::size_t i) const noexcept { return places_[(begin_ + i) % places_.size()]; }
    place& at(std::size_t i) noexcept { return places_[(begin_ + i) % places_.size()]; }
    place const& newest() const noexcept { return at(count_ - 1); }
    place& newest() noexcept { return at(count_ - 1); }

    void push(place const& made) {
        if (count_ == places_.size()) {
            std::vector<place> larger(places_.empty() ? 8 : places_.size() * 2 < most ? places_.size() * 2 : most);
            for (std::size_t i = 0; i < count_; ++i) {
                larger[i] = at(i);
            }
            places_ = std::move(larger);
            begin_ = 0;
        }
        ++count_;
        newest() = made;
    }

    /// Two places that lie within one spacing become one.
    void thin_out() {
        std::size_t kept = 0;
        for (std::size_t i = 1; i < count_; ++i) {
            auto const each = at(i);
            auto& last = at(kept);
            if (each.last_time - last.first_time < spacing_) {
                last.restarted_within += each.restarted_before + each.restarted_within;
                last.last_time = each.last_time;
                last.last = each.last;
                last.sum += each.sum;
                last.minimum = each.minimum < last.minimum ? each.minimum : last.minimum;
                last.maximum = each.maximum > last.maximum ? each.maximum : last.maximum;
                last.count += each.count;
            } else {
                at(++kept) = each;
            }
        }
        count_ = kept + 1;
    }

    std::chrono::nanoseconds window_;
    std::chrono::nanoseconds spacing_; // within which values share a place, once there are too many
    bool is_crowded_ = false;
    std::vector<place> places_; // a ring
    std::size_t begin_ = 0;
    std::size_t count_ = 0;
};

} // namespace orfeas::inline v0::alert::detail
