// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/correlation_lanes.hpp>
#include <orfeas/detect/detail/correlation_pace.hpp>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Mahalanobis distance from the usual, robust: by a covariance that is learned slowly, of clipped numbers, with a ridge. Far in a
/// direction in which metrics usually go together counts little, across it much.
///
/// The covariance is inverted anew after every 256 samples that are learned, sooner at first.
/// Thread-compatible (distinct objects).
class correlation_distance {
  public:
    correlation_distance(std::size_t metrics, std::uint32_t lookback)
        : metrics_{metrics},
          size_{lanes_for(metrics)},
          rate_{1 / static_cast<float>(lookback)},
          covariance_{diagonal_lanes(size_, 1)},
          sum_(size_ * size_),
          inverse_{diagonal_lanes(size_, 1 / (1 + ridge))},
          whitened_(size_),
          batch_(first_batch * size_),
          per_deviation_(size_, std::sqrt(1 + ridge)) {}

    /// Takes in standardised numbers, 0 for those that are missing. Returns the distance of those before learning them: about 1
    /// for what is usual, whatever the number of metrics.
    float take(lanes const& standard) {
        multiply(whitened_, inverse_, standard);
        float const square = vector_of(standard).dot(vector_of(whitened_)) / static_cast<float>(metrics_);
        learn(standard);
        return square > 0 ? std::sqrt(square) : 0;
    }

    /// The numbers of the last sample times the inverse of the covariance: with those numbers, the parts of the square.
    lanes const& whitened() const noexcept { return whitened_; }

    /// What brings `whitened` to deviations: each then is how far its number was from what the other numbers say of it.
    lanes const& per_deviation() const noexcept { return per_deviation_; }

    /// Takes a number of the last sample, which was 0 because it is missing, for what the others say of it, so that it says
    /// nothing of them. Exact for one; several are left out one after the other.
    void leave_out(std::size_t i) noexcept {
        auto const inverse = matrix_of(inverse_, size_);
        auto const at = static_cast<Eigen::Index>(i);
        float const number = whitened_[i] / inverse(at, at);
        vector_of(whitened_) -= number * inverse.col(at);
    }

    static void state(auto& self, auto&& io) {
        io(self.seen_, self.pace_, self.pending_, self.covariance_, self.sum_, self.batch_, self.inverse_,
           self.whitened_, self.per_deviation_);
    }
    bool valid() const noexcept {
        return pending_ < batch && all_moderate(covariance_, sum_, batch_, inverse_, whitened_, per_deviation_);
    }

  private:
    static constexpr float ridge = 0.02F;
    static constexpr float clip = 4;
    static constexpr std::uint32_t first_batch = 16;
    static constexpr std::uint32_t batch = 256;

    void learn(lanes const& standard) {
        ++seen_;
        if (!pace_.is_due()) {
            return;
        }
        std::size_t const at = pending_ % first_batch * size_;
        for (std::size_t i = 0; i < size_; i += 4) {
            four_at(batch_, at + i) = four_at(standard, i).max(-clip).min(clip);
        }
        ++pending_;
        if (pending_ % first_batch == 0) { // several at once, in a third of the time
            add_squares(sum_, size_, batch_);
        }
        if (pending_ == (seen_ <= 512 ? first_batch : batch)) {
            absorb();
            invert();
        }
    }

    /// Moves the covariance by a batch of samples.
    void absorb() noexcept {
        auto const count = static_cast<float>(pending_);
        float const samples = count * static_cast<float>(pace_.stride());
        float const first = samples / static_cast<float>(seen_ + metrics_);
        float const later = -std::expm1(-rate_ * samples);
        float const step = first > later ? first : later;
        auto sum = matrix_of(sum_, size_);
        auto covariance = matrix_of(covariance_, size_);
        covariance += step * (sum / count - covariance);
        pending_ = 0;
    }

    void invert() {
        auto work = matrix_of(sum_, size_); // which is absorbed
        work = matrix_of(covariance_, size_);
        work.diagonal().array() += ridge;
        Eigen::LLT<Eigen::Ref<Eigen::MatrixXf>> factor{work}; // in place
        auto inverse = matrix_of(inverse_, size_);
        inverse.setIdentity();
        factor.solveInPlace(inverse);
        work.setZero();
        array_of(per_deviation_) = inverse.diagonal().array().max(1e-12F).rsqrt();
    }

    std::size_t metrics_;
    std::size_t size_;
    float rate_;
    std::uint64_t seen_ = 0;
    correlation_pace pace_;
    std::uint32_t pending_ = 0; // samples in the sum
    lanes covariance_;          // the lower triangle, as of the sum
    lanes sum_;
    lanes inverse_;
    lanes whitened_;
    lanes batch_; // samples that are not yet in the sum
    lanes per_deviation_;
};

} // namespace orfeas::inline v0::detect::detail
