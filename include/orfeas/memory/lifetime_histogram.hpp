// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::memory {

/// How long allocations lived: bucket b counts those of [2^b, 2^(b+1)) nanoseconds, the first also 0 and the last
/// (39 hours) all that lived longer. O(1) to record.
/// Thread-compatible (distinct objects).
class lifetime_histogram {
  public:
    static constexpr std::size_t bucket_count = 48;

    static constexpr std::size_t bucket_of(std::uint64_t nanoseconds) noexcept {
        auto const bucket = static_cast<std::size_t>(std::bit_width(nanoseconds | 1U)) - 1;
        return bucket < bucket_count ? bucket : bucket_count - 1;
    }

    void record(std::uint64_t nanoseconds) noexcept { ++counts_[bucket_of(nanoseconds)]; }

    std::uint64_t total() const noexcept {
        std::uint64_t sum = 0;
        for (auto const each : counts_) {
            sum += each;
        }
        return sum;
    }

    /// A time that a share `q` (0 to 1) of the allocations did not outlive: the upper end of the bucket that it falls in,
    /// so at most twice the exact one. 0 when nothing was recorded.
    std::uint64_t quantile_ns(double q) const noexcept {
        auto const all = total();
        auto const wanted = q * static_cast<double>(all);
        std::uint64_t below = 0;
        for (std::size_t bucket = 0; all > 0 && bucket < bucket_count; ++bucket) {
            below += counts_[bucket];
            if (below > 0 && static_cast<double>(below) >= wanted) {
                return std::uint64_t{2} << bucket;
            }
        }
        return 0;
    }

    std::uint64_t& operator[](std::size_t bucket) noexcept { return counts_[bucket]; }
    std::uint64_t operator[](std::size_t bucket) const noexcept { return counts_[bucket]; }

    auto begin() const noexcept { return counts_.begin(); }
    auto end() const noexcept { return counts_.end(); }

    friend bool operator==(lifetime_histogram const&, lifetime_histogram const&) = default;

  private:
    std::array<std::uint64_t, bucket_count> counts_{};
};

} // namespace orfeas::inline v0::memory
