// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace orfeas::inline v0::forecast::detail {

/// The largest value of the last twelve blocks of time but the newest two, which are in the making.
/// Thread-compatible (distinct objects).
class recent_peaks {
  public:
    static constexpr double none = std::numeric_limits<double>::lowest();

    explicit recent_peaks(double block_seconds) noexcept : length_{block_seconds} { peaks_.fill(none); }

    void add(double seconds, double value) noexcept {
        double const whole = seconds / length_;
        auto const block = static_cast<std::uint64_t>(whole < 1e18 ? whole : 1e18);
        for (std::uint64_t i = block_; i < block && i < block_ + blocks; ++i) {
            peaks_[(i + 1) % blocks] = none;
        }
        if (block > block_ + blocks) {
            peaks_.fill(none);
        }
        block_ = block;
        double& peak = peaks_[block % blocks];
        peak = value > peak ? value : peak;
    }

    /// `none` before there was one.
    double former() const noexcept {
        double most = none;
        for (std::size_t age = 2; age < blocks; ++age) {
            double const each = peaks_[(block_ + blocks - age) % blocks];
            most = each > most ? each : most;
        }
        return most;
    }

    static void state(auto& self, auto&& io) { io(self.peaks_, self.block_); }
    bool valid() const noexcept { return block_ <= 1'000'000'000'000'000'000U; }

  private:
    static constexpr std::size_t blocks = 14;

    double length_;
    std::array<double, blocks> peaks_{};
    std::uint64_t block_ = 0;
};

} // namespace orfeas::inline v0::forecast::detail
