// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/correlation_lanes.hpp>
#include <orfeas/detect/detail/correlation_pace.hpp>

#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Expects of each metric what all metrics of the last sample say of it: vector autoregression of order 1, learned by recursive
/// least squares with slow forgetting.
///
/// It begins by expecting the usual of every metric and is slow to believe otherwise (`trust`). It learns clipped numbers and
/// clipped errors.
/// Thread-compatible (distinct objects).
class correlation_regression {
  public:
    correlation_regression(std::size_t metrics, std::uint32_t lookback)
        : size_{lanes_for(metrics)},
          rate_{1 / (memory * static_cast<double>(lookback))},
          weights_(size_ * size_),
          inverse_{diagonal_lanes(size_, trust)},
          last_(size_),
          clipped_(size_),
          gain_(size_),
          projected_(size_),
          expected_(size_),
          error_(size_) {}

    /// What each metric is expected to be, once there was a sample before.
    lanes const& expected() const noexcept { return expected_; }
    /// How far the numbers given to `judge` were from it; 0 at the first sample and after `interrupt`.
    lanes const& error() const noexcept { return error_; }

    /// Compares standardised numbers to what is expected of them, those with a weight of 1; others have 0.
    void judge(lanes const& standard, lanes const& weights) noexcept {
        multiply(expected_, weights_, last_);
        float const known = has_last_ ? 1.0F : 0.0F;
        array_of(error_) = (array_of(standard) - array_of(expected_)) * array_of(weights) * known;
    }

    /// Learns from the errors, each up to its limit, and keeps the numbers for the next sample.
    void learn(lanes const& standard, lanes const& limits) noexcept {
        if (has_last_ && pace_.is_due()) {
            step(limits);
        }
        vector_of(last_) = vector_of(standard);
        has_last_ = true;
    }

    /// Samples are missing: the next one does not follow the last.
    void interrupt() noexcept { has_last_ = false; }

    static void state(auto& self, auto&& io) {
        io(self.learned_, self.pace_, self.has_last_, self.weights_, self.inverse_, self.last_, self.expected_,
           self.error_);
    }
    bool valid() const noexcept { return all_moderate(weights_, inverse_, last_, expected_, error_); }

  private:
    static constexpr double memory = 20; // lookbacks
    static constexpr float trust = 0.03F;
    static constexpr float most = 1;
    static constexpr float clip = 4;
    static constexpr std::uint64_t batch = 256;

    void step(lanes const& limits) noexcept {
        auto projected = vector_of(projected_);
        auto clipped = vector_of(clipped_);
        clipped = vector_of(last_).cwiseMax(-clip).cwiseMin(clip);
        multiply(projected_, inverse_, clipped_);
        vector_of(gain_) = projected / (1 + clipped.dot(projected));
        array_of(clipped_) = array_of(error_).max(-array_of(limits)).min(array_of(limits));
        add_products(weights_, clipped_, gain_);
        projected = -projected;
        add_products(inverse_, gain_, projected_);
        if (++learned_ % batch == 0) {
            forget();
        }
    }

    /// Forgets for a batch at once. Rounding must not make the matrix unsymmetric.
    void forget() noexcept {
        auto inverse = matrix_of(inverse_, size_);
        auto const grown = static_cast<float>(std::exp(rate_ * static_cast<double>(batch * pace_.stride())));
        for (Eigen::Index i = 0; i < inverse.rows(); ++i) {
            for (Eigen::Index j = 0; j < i; ++j) {
                float const mean = (inverse(i, j) + inverse(j, i)) * 0.5F * grown;
                inverse(i, j) = inverse(j, i) = mean;
            }
            inverse(i, i) *= grown;
        }
        for (Eigen::Index i = 0; i < inverse.rows(); ++i) {
            if (!(inverse(i, i) <= most)) {
                bound(i);
            }
        }
    }

    /// Nothing is known of a direction without samples, and no less with time.
    void bound(Eigen::Index i) noexcept {
        auto inverse = matrix_of(inverse_, size_);
        float const factor = inverse(i, i) < 1e30F ? std::sqrt(most / inverse(i, i)) : 0;
        inverse.row(i) *= factor;
        inverse.col(i) *= factor;
        inverse(i, i) = most;
    }

    std::size_t size_;
    double rate_;
    std::uint64_t learned_ = 0;
    correlation_pace pace_;
    bool has_last_ = false;
    lanes weights_;
    lanes inverse_; // of the squares of what was seen
    lanes last_;
    lanes clipped_;
    lanes gain_;
    lanes projected_;
    lanes expected_;
    lanes error_;
};

} // namespace orfeas::inline v0::detect::detail
