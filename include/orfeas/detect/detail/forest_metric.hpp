// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// What a forest knows of one metric: the values that its first tree keeps, in order, how widely the metric usually varies, and
/// how often it has varied at all. Thread-compatible (distinct objects).
class forest_metric {
  public:
    forest_metric(std::size_t capacity, double decay) : decay_{decay}, sorted_(capacity) {}

    /// Takes in a value: how far it is from the usual one. Its `weight()` and `evidence()` then count for itself.
    void observe(double value) noexcept {
        double const off = size_ > 0 ? bounded(value - quantile(0.5)) : 0;
        double const distance = off < 0 ? -off : off;
        different_ = different_ * (1 - decay_) + (distance > 0 ? 1 : 0);
        reach_ = std::max(reach_ * (1 - decay_), distance);
        moved_ += distance > 0 || moved_ > 0 ? 1 : 0;
        if (moved_ > 0) {
            double const step = std::max(1 / static_cast<double>(moved_), decay_);
            double const most = moved_ > 1 ? clip * spread() : distance;
            spread_ += (std::min(distance, most) - spread_) * step;
        }
    }

    void join(double value) noexcept {
        auto const end = sorted_.begin() + size_++;
        auto const at = std::upper_bound(sorted_.begin(), end, value);
        std::copy_backward(at, end, end + 1);
        *at = value;
    }
    /// Removes a value that joined.
    void leave(double value) noexcept {
        auto const end = sorted_.begin() + size_--;
        auto const at = std::lower_bound(sorted_.begin(), end - 1, value); // the last, if none before it
        std::copy(at + 1, end, at);
    }

    /// The value that a share of the kept ones do not exceed; 0 before there are any.
    double quantile(double share) const noexcept {
        return size_ == 0 ? 0 : sorted_[static_cast<std::size_t>(share * (size_ - 1) + 0.5)];
    }

    /// What a difference of values is multiplied by to compare it to those of other metrics. Above 0 and finite.
    double weight() const noexcept { return 1 / std::max(spread(), smallest); }

    /// What a score is multiplied by, in [0, 1]: next to 0 where the metric has hardly ever had another value.
    double evidence() const noexcept { return different_ / (different_ + few_differences); }

    static void state(auto& self, auto&& io) {
        io(self.size_, self.moved_, self.different_, self.reach_, self.spread_, self.sorted_);
    }
    bool valid() const noexcept {
        bool all = size_ >= 0 && static_cast<std::size_t>(size_) <= sorted_.size() && is_sound(different_) &&
                   is_sound(reach_) && is_sound(spread_);
        for (double const each : sorted_) {
            all = all && is_finite(each);
        }
        return all && std::is_sorted(sorted_.begin(), sorted_.begin() + size_);
    }
    std::size_t size() const noexcept { return static_cast<std::size_t>(size_); }

  private:
    static constexpr double few_differences = 5; // for these, scores are halved
    static constexpr double floor = 0.02;        // of the reach: a spread below it counts as that
    static constexpr double clip = 4;
    static constexpr double smallest = 1e-290;
    static constexpr double largest = 1e300;

    static bool is_sound(double x) noexcept { return is_finite(x) && x >= 0; }
    static double bounded(double x) noexcept { return x > largest ? largest : x < -largest ? -largest : x; }

    double spread() const noexcept { return std::max(spread_, floor * reach_); }

    double decay_;
    std::int32_t size_ = 0;
    std::uint64_t moved_ = 0; // samples since the first different value
    double different_ = 0;    // values other than the median, older ones counting less
    double reach_ = 0;        // the largest distance from it lately
    double spread_ = 0;       // the mean of clipped distances
    std::vector<double> sorted_;
};

} // namespace orfeas::inline v0::detect::detail
