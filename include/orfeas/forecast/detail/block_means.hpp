// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace orfeas::inline v0::forecast::detail {

/// The mean of a block of time.
struct block_mean {
    double time = 0; ///< mean time of its values, in seconds
    double value = 0;
    double count = 0;

    static void state(auto& self, auto&& io) { io(self.time, self.value, self.count); }
};

/// The last stretch of a stream as means of 30 to 60 blocks of equal length. Blocks are short at first and join in pairs as
/// the stream grows, until they are as long as the lookback asks for; from then on the oldest leave.
/// Thread-compatible (distinct objects).
class block_means {
  public:
    static constexpr std::size_t capacity = 60;

    explicit block_means(double lookback_seconds) noexcept
        : longest_{lookback_seconds / static_cast<double>(capacity)}, length_{longest_} {
        for (int i = 0; i < 24; ++i) { // a 24 h lookback begins with blocks of 86 µs
            length_ /= 2;
        }
    }

    void add(double seconds, double value) noexcept {
        std::uint64_t block = block_of(seconds);
        while (size_ == capacity && block != block_ && length_ < longest_) {
            join();
            block = block_of(seconds);
        }
        if (size_ == 0 || block != block_) {
            open();
        }
        block_ = block;
        auto& last = means_[size_ - 1];
        last.count += 1;
        last.time += (seconds - last.time) / last.count;
        last.value += (value - last.value) / last.count;
        forget(seconds - longest_ * static_cast<double>(capacity));
    }

    /// Oldest first; the newest is in the making.
    std::span<block_mean const> list() const noexcept { return std::span{means_}.first(size_); }

    static void state(auto& self, auto&& io) { io(self.length_, self.means_, self.size_, self.block_); }
    bool valid() const noexcept { return size_ <= capacity && length_ > 0 && length_ <= longest_; }

  private:
    std::uint64_t block_of(double seconds) const noexcept {
        double const whole = seconds / length_;
        return static_cast<std::uint64_t>(whole < 1e18 ? whole : 1e18);
    }

    void open() noexcept {
        if (size_ == capacity) {
            drop(1);
        }
        means_[size_++] = {};
    }

    void drop(std::size_t oldest) noexcept {
        for (std::size_t i = oldest; i < size_; ++i) {
            means_[i - oldest] = means_[i];
        }
        size_ -= static_cast<std::uint32_t>(oldest);
    }

    void forget(double before) noexcept {
        std::size_t old = 0;
        while (old + 1 < size_ && means_[old].time < before) {
            ++old;
        }
        if (old > 0) {
            drop(old);
        }
    }

    /// Blocks of twice the length; those without values leave no trace.
    void join() noexcept {
        length_ *= 2;
        std::uint32_t kept = 0;
        for (std::uint32_t i = 0; i < size_; ++i) {
            bool const same = kept > 0 && block_of(means_[kept - 1].time) == block_of(means_[i].time);
            if (!same) {
                means_[kept++] = means_[i];
                continue;
            }
            auto& into = means_[kept - 1];
            double const count = into.count + means_[i].count;
            into.time += (means_[i].time - into.time) * means_[i].count / count;
            into.value += (means_[i].value - into.value) * means_[i].count / count;
            into.count = count;
        }
        size_ = kept;
        block_ = size_ > 0 ? block_of(means_[size_ - 1].time) : 0;
    }

    double longest_;
    double length_;
    std::array<block_mean, capacity> means_{};
    std::uint32_t size_ = 0;
    std::uint64_t block_ = 0; // of the newest mean
};

} // namespace orfeas::inline v0::forecast::detail
