// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <bit>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// How far a short mean is from where it usually is: -log10 of the two-sided Gaussian tail, at most 20.
/// Constant time, no allocation. Thread-compatible (distinct objects).
class mean_shift {
  public:
    double take(double mean) noexcept {
        double const step = mean - centre_;
        double const surprise = count_ > 1 && variance_ > 0 ? tail(step * step / variance_) : 0;
        double const rate = count_ < 1'999 ? 1 / static_cast<double>(count_ + 1) : slowest;
        centre_ += rate * step;
        variance_ = (1 - rate) * (variance_ + rate * step * step);
        ++count_;
        return surprise;
    }

    static void state(auto& self, auto&& io) { io(self.centre_, self.variance_, self.count_); }
    bool valid() const noexcept { return is_finite(centre_) && variance_ >= 0 && is_finite(variance_); }

  private:
    static constexpr double slowest = 5e-4;
    static constexpr double most = 20;

    /// -log10 of the chance that the square of a standard Gaussian is larger, within 0.09: exp(-y^2) / sqrt(1 + pi y^2) for
    /// erfc(y), which is exact at 0 and at infinity.
    static double tail(double square) noexcept {
        if (square > 100) {
            return most;
        }
        auto const half = static_cast<float>(square / 2);
        double const surprise = (half + 0.5F * log_from_1(1 + 3.14159265F * half)) * 0.43429448F;
        return surprise < most ? surprise : most;
    }

    /// The logarithm of a value of at least 1, within 2e-5: of the exponent, and by a polynomial for the rest. In a third of the
    /// time of std::log.
    static float log_from_1(float value) noexcept {
        auto const bits = std::bit_cast<std::uint32_t>(value);
        auto const exponent = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 127);
        float const m = std::bit_cast<float>((bits & 0x7f'ffffU) | 0x3f80'0000U) - 1; // of 0 to 1
        float const rest =
            m * (0.99946072F + m * (-0.49150815F + m * (0.28807602F + m * (-0.13417628F + m * 0.03129487F))));
        return exponent * 0.69314718F + rest;
    }

    double centre_ = 0;
    double variance_ = 0;
    std::uint64_t count_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
