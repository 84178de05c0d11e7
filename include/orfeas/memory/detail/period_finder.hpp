// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Keeps the last values of a series and finds the lag at which its steps repeat best: the smallest mean of
/// |y(t) - y(t - lag)|, y being the differences between neighbours, so that neither a trend nor a single jump hides the
/// period. All lags are judged by the same steps, the last two longest lags: a short lag is not preferred because it saw
/// a plateau only. (The difference function of pitch detection: Ross 1974; de Cheveigne and Kawahara 2002.)
/// The sums slide and are whole numbers, hence exact however long the series. Linear in the longest lag a value.
/// Thread-compatible (distinct objects).
class period_finder {
  public:
    static constexpr std::uint32_t longest = 1024; ///< lags stay below

    explicit period_finder(std::uint32_t longest_lag)
        : lags_{longest_lag},
          mask_{capacity_for(longest_lag) - 1},
          values_(mask_ + 1),
          steps_(mask_ + 1),
          sums_(longest_lag + 1) {
        ORFEAS_ASSERT(longest_lag >= 2 && longest_lag < longest, "a period of 2 to 1023 steps");
    }

    /// Values are below 2^49, so that no sum overflows.
    void push(std::int64_t value) {
        std::int64_t const step = count_ == 0 ? 0 : value - back(0);
        values_[count_ & mask_] = value;
        steps_[count_ & mask_] = step;
        ++count_;
        slide();
    }

    std::uint64_t count() const noexcept { return count_; }

    /// Values that `back` reaches.
    std::size_t kept() const noexcept { return count_ <= mask_ ? static_cast<std::size_t>(count_) : mask_ + 1; }

    /// The value `steps` before the newest.
    std::int64_t back(std::size_t steps) const noexcept { return values_[(count_ - 1 - steps) & mask_]; }

    /// The mean change between what was and what is, one `lag` later; only for lags that have been seen once in full.
    double score(std::uint32_t lag) const noexcept {
        return static_cast<double>(sums_[lag]) / static_cast<double>(terms(lag));
    }

    /// The shortest lag of those that repeat best; 0 while there are too few values.
    std::uint32_t best() const noexcept { return best_; }

  private:
    static constexpr double clearly = 0.8;

    static std::size_t capacity_for(std::uint32_t lag) {
        std::size_t capacity = 8;
        while (capacity < std::size_t{4} * lag) {
            capacity *= 2;
        }
        return capacity;
    }

    /// Steps compared so far: the first step has no difference.
    std::uint64_t terms(std::uint32_t lag) const noexcept {
        std::uint64_t const seen = count_ > lag + 1 ? count_ - lag - 1 : 0;
        return seen < 2ULL * lags_ ? seen : 2ULL * lags_;
    }

    std::int64_t step(std::uint64_t steps) const noexcept { return steps_[(count_ - 1 - steps) & mask_]; }
    static std::int64_t distance(std::int64_t a, std::int64_t b) noexcept { return a < b ? b - a : a - b; }

    /// One term in, one out for every lag, then the first of the lags that is clearly better than all shorter ones.
    void slide() {
        auto const last = count_ < 2 ? 0 : count_ - 2 < lags_ ? static_cast<std::uint32_t>(count_ - 2) : lags_;
        std::uint64_t const width = 2ULL * lags_;
        for (std::uint32_t lag = 1; lag <= last; ++lag) {
            sums_[lag] += distance(step(0), step(lag));
        }
        for (std::uint32_t lag = 1; lag <= last && count_ > width + lag + 1; ++lag) {
            sums_[lag] -= distance(step(width), step(width + lag));
        }
        best_ = 0;
        double best_sum = 0;
        double best_terms = 1;
        for (std::uint32_t lag = 2; lag <= last && count_ > 2ULL * lag; ++lag) { // means compared without division
            auto const sum = static_cast<double>(sums_[lag]);
            auto const count = static_cast<double>(terms(lag));
            if (best_ == 0 || sum * best_terms < clearly * best_sum * count) {
                best_ = lag;
                best_sum = sum;
                best_terms = count;
            }
        }
    }

    std::uint32_t lags_;
    std::size_t mask_;
    std::vector<std::int64_t> values_;
    std::vector<std::int64_t> steps_;
    std::vector<std::int64_t> sums_;
    std::uint64_t count_ = 0;
    std::uint32_t best_ = 0;
};

} // namespace orfeas::inline v0::memory::detail
