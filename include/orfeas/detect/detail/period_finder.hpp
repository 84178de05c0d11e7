// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/period_peaks.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Finds the period of a metric by the autocorrelation of what it has been.
///
/// Means of the values are kept in a ring of 512, as fine as the samples at first; when it is full and shows no period, each two
/// are made one, so that ever longer periods can be seen. The highest peak of the autocorrelation is a candidate, and found when
/// the period after it was like the one before. It is looked for again from then on: its length gets more exact, a longer period
/// that says clearly more takes its place, and one that is gone is looked for anew from the finest means on. A period that is
/// nearly one of the clock's is taken for that.
///
/// One lag is looked at a sample, some 0.3 us. Allocates at construction only, 3 KB. Thread-compatible (distinct objects).
class period_finder {
  public:
    static constexpr double same = 0.03; ///< of a period: what is as near is that

    /// One that is not `active` finds nothing and takes no room.
    explicit period_finder(bool active) : ring_(active ? capacity : 0), correlation_(active ? most_lag + 1 : 0) {}

    /// Takes in a value in units of about its usual steps, within 1e9; `interval` is the usual time between samples in
    /// nanoseconds, 0 while unknown.
    void take(std::int64_t time, double value, double interval) noexcept {
        if (ring_.empty() || !(interval > 0 && interval < coarsest)) {
            return;
        }
        place(time, interval);
        sum_ += static_cast<float>(value);
        in_bucket_ += 1;
        if (lag_ > 0) {
            look_at_lag();
        }
    }

    /// In nanoseconds; 0 while none is found.
    std::int64_t period() const noexcept { return period_; }

    /// What was found is none: it is not what is found next.
    void refuse() noexcept {
        auto const refused = static_cast<double>(period_);
        begin_anew();
        refused_ = refused;
    }

    static void state(auto& self, auto&& io) {
        io(self.ring_, self.correlation_, self.head_, self.size_, self.begin_, self.width_, self.finest_, self.sum_,
           self.in_bucket_, self.lag_, self.pushes_, self.fruitless_, self.mean_, self.reach_, self.candidate_,
           self.candidate_height_, self.confirm_in_, self.period_, self.told_by_, self.refused_, self.misses_);
    }
    bool valid() const noexcept {
        bool all = head_ < capacity && size_ <= capacity && lag_ <= size_ * 2 / 5 && in_bucket_ >= 0 && width_ >= 0 &&
                   width_ < coarsest && is_finite(finest_) && candidate_ <= most_lag && period_ >= 0;
        for (auto const* numbers : {&ring_, &correlation_}) {
            for (float const each : *numbers) {
                all = all && each > -HUGE_VALF && each < HUGE_VALF;
            }
        }
        for (float const each : {sum_, in_bucket_, mean_, reach_}) {
            all = all && each > -HUGE_VALF && each < HUGE_VALF;
        }
        for (double const each : {candidate_, candidate_height_, told_by_, refused_}) {
            all = all && is_finite(each) && each >= 0;
        }
        return all;
    }

  private:
    static constexpr std::size_t capacity = 512;
    static constexpr std::size_t most_lag = capacity * 2 / 5; // two and a half periods are seen at least
    static constexpr std::size_t least_size = capacity / 2;
    static constexpr std::uint32_t patience = capacity / 8;   // buckets between two searches
    static constexpr std::uint32_t most_fruitless = 8;        // searches of the coarsest ring until it begins anew
    static constexpr std::int64_t longest_gap = capacity / 8; // buckets that are filled with the last one
    static constexpr double coarsest = 1e15;                  // nanoseconds: samples of so many days have no period
    static constexpr double widest = 3'600e9;                 // nanoseconds: periods of a week are within the lags
    static constexpr double least_samples = 72; // of a period that is not the clock's: it is told too roughly
    static constexpr double least_buckets = 16; // a period that was found
    static constexpr float clip = 3;            // mean distances
    static constexpr double gone = 0.15;        // correlation
    static constexpr std::uint32_t most_misses = 4;
    static constexpr double drift = 5e-4; // of a period: what the profile follows by itself

    float at(std::size_t newest) const noexcept { // 0 is the newest
        return ring_[(head_ + 2 * capacity - 1 - newest) % capacity];
    }

    /// Ends buckets that lie before a sample.
    void place(std::int64_t time, double interval) noexcept {
        if (width_ == 0) {
            width_ = finest_ = interval;
            begin_ = time;
        }
        double const passed = static_cast<double>(time) - static_cast<double>(begin_);
        if (std::abs(passed) >= static_cast<double>(longest_gap) * width_) {
            forget();
            begin_ = time;
            return;
        }
        if (passed < width_ || in_bucket_ == 0) { // a sample from before counts to the present bucket
            return;
        }
        float const mean = sum_ / in_bucket_;
        auto const ended = static_cast<std::int64_t>(passed / width_);
        sum_ = in_bucket_ = 0;
        begin_ += static_cast<std::int64_t>(static_cast<double>(ended) * width_);
        for (std::int64_t i = 0; i < ended; ++i) {
            push(mean);
        }
    }

    void push(float mean) noexcept {
        ring_[head_] = mean;
        head_ = (head_ + 1) % capacity;
        size_ += size_ < capacity ? 1U : 0U;
        ++pushes_;
        if (confirm_in_ > 0 && --confirm_in_ == 0) {
            confirm();
        }
        if (lag_ == 0 && confirm_in_ == 0 && size_ >= least_size && pushes_ >= patience) {
            begin_search();
        }
    }

    /// Buckets are as they were; what is in them is not.
    void forget() noexcept {
        head_ = size_ = 0;
        sum_ = in_bucket_ = 0;
        lag_ = 0;
        pushes_ = confirm_in_ = 0;
    }

    void begin_anew() noexcept {
        forget();
        period_ = 0;
        width_ = refused_ = 0;
        fruitless_ = misses_ = 0;
    }

    /// Clips what is far from the mean, so that a few wild values hide no period.
    void begin_search() noexcept {
        float mean = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            mean += at(i);
        }
        mean /= static_cast<float>(size_);
        float distance = 0;
        for (std::size_t i = 0; i < size_; ++i) {
            distance += std::abs(at(i) - mean);
        }
        mean_ = mean;
        reach_ = clip * distance / static_cast<float>(size_);
        pushes_ = 0;
        if (distance > 0) {
            correlation_[0] = 1;
            lag_ = 1;
        } else if (size_ == capacity) {
            coarsen();
        }
    }

    /// The correlation of the `count` buckets from the `from`th newest on with those `lag` before them.
    double alike(std::size_t from, std::size_t count, std::size_t lag) const noexcept {
        std::size_t a = (head_ + 2 * capacity - from - count) % capacity;
        std::size_t b = (a + capacity - lag) % capacity;
        auto const in = [this](float value) {
            float const off = value - mean_;
            return off > reach_ ? reach_ : off < -reach_ ? -reach_ : off;
        };
        float common = 0;
        float one = 0;
        float other = 0;
        for (std::size_t i = 0; i < count; ++i) {
            float const x = in(ring_[a]);
            float const y = in(ring_[b]);
            common += x * y;
            one += x * x;
            other += y * y;
            a = a + 1 == capacity ? 0 : a + 1;
            b = b + 1 == capacity ? 0 : b + 1;
        }
        double const power = std::sqrt(static_cast<double>(one) * static_cast<double>(other));
        return power > 0 ? static_cast<double>(common) / power : 0;
    }

    void look_at_lag() noexcept {
        correlation_[lag_] = static_cast<float>(alike(0, size_ - lag_, lag_));
        if (++lag_ > size_ * 2 / 5) {
            conclude(period_peaks{std::span<float const>{correlation_}.first(lag_)});
            lag_ = 0;
        }
    }

    void conclude(period_peaks const& peaks) noexcept {
        auto const best = peaks.highest();
        bool const is_refused = refused_ > 0 && is_same(best.lag * width_, refused_);
        if (period_ > 0) {
            recheck(peaks, best);
        } else if (best.height > 0 && !is_refused) {
            suspect(best);
        }
        if (confirm_in_ == 0 && size_ == capacity) {
            coarsen();
        }
    }

    static bool is_same(double a, double b) noexcept { return std::abs(a - b) <= same * b; }

    void suspect(period_peaks::peak const& best) noexcept {
        candidate_ = best.lag;
        candidate_height_ = best.height;
        confirm_in_ = static_cast<std::uint32_t>(best.lag) + 1;
    }

    /// A whole period later: was it as the one before?
    void confirm() noexcept {
        auto const lag = static_cast<std::size_t>(candidate_ + 0.5);
        if (size_ < 2 * lag) {
            return;
        }
        if (alike(0, lag, lag) >= std::max(period_peaks::least, candidate_height_ / 2)) {
            double const found = candidate_ * width_;
            std::int64_t const clock = clock_period(found, doubt(found, 1));
            bool const is_short = found < least_samples * finest_;
            told_by_ = 1;
            misses_ = 0;
            period_ = clock > 0 ? clock : is_short ? 0 : in_nanoseconds(found);
        }
    }

    /// Whether the period is still there, and how long it is as told by many of them.
    void recheck(period_peaks const& peaks, period_peaks::peak const& best) noexcept {
        double const known = static_cast<double>(period_);
        double const lag = known / width_;
        double const height = peaks.near(lag);
        bool const says_more = !is_same(best.lag, lag) && best.height > height + period_peaks::margin &&
                               1 - best.height < (1 - height) / 2;
        if (says_more && best.lag > lag) {
            suspect(best);
            return;
        }
        misses_ = says_more || height < gone ? misses_ + 1 : 0; // a shorter one is seen better in finer means
        if (misses_ >= most_misses) {
            begin_anew();
            return;
        }
        if (height < period_peaks::least) {
            return;
        }
        auto const exact = peaks.by_multiples(lag);
        double const made = exact.lag * width_;
        if (is_same(made, known) && exact.times > told_by_) {
            told_by_ = exact.times;
            std::int64_t const clock = clock_period(made, doubt(made, exact.times));
            std::int64_t const next = clock > 0 ? clock : in_nanoseconds(made);
            period_ = std::abs(static_cast<double>(next) - known) > drift * known ? next : period_;
        }
    }

    static std::int64_t in_nanoseconds(double period) noexcept {
        return static_cast<std::int64_t>(period < 4e18 ? period : 4e18);
    }

    /// How far off a period may be that is told by so many of them.
    double doubt(double period, double times) const noexcept { return (0.3 * width_ + 0.015 * period) / times; }

    void coarsen() noexcept {
        bool const may =
            period_ == 0 ? 2 * width_ <= widest : static_cast<double>(period_) >= 2 * least_buckets * width_;
        if (!may) {
            fruitless_ += period_ == 0 ? 1 : 0;
            if (fruitless_ >= most_fruitless) {
                begin_anew();
            }
            return;
        }
        // the oldest is at head_, as the ring is full
        std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(head_), ring_.end());
        for (std::size_t i = 0; i < capacity / 2; ++i) {
            ring_[i] = (ring_[2 * i] + ring_[2 * i + 1]) / 2;
        }
        head_ = size_ = capacity / 2;
        width_ *= 2;
    }

    std::vector<float> ring_;        // means, of `size_` buckets before `head_`
    std::vector<float> correlation_; // by lag
    std::size_t head_ = 0;
    std::size_t size_ = 0;
    std::int64_t begin_ = 0; // of the present bucket
    double width_ = 0;       // of a bucket, in nanoseconds
    double finest_ = 0;      // width
    float sum_ = 0;          // of the present bucket
    float in_bucket_ = 0;
    std::size_t lag_ = 0; // that is looked at next; 0 while there is no search
    std::uint32_t pushes_ = 0;
    std::uint32_t fruitless_ = 0;
    float mean_ = 0; // of the ring when the search began
    float reach_ = 0;
    double candidate_ = 0; // lag
    double candidate_height_ = 0;
    std::uint32_t confirm_in_ = 0; // buckets
    std::int64_t period_ = 0;
    double told_by_ = 0; // so many periods in a row
    double refused_ = 0;
    std::uint32_t misses_ = 0; // searches without it
};

} // namespace orfeas::inline v0::detect::detail
