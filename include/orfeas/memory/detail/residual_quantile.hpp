// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/window.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// The last errors of a forecast in order of time and of size.
/// Allocates in the constructor only; linear in the capacity a value.
/// Thread-compatible (distinct objects).
class residual_quantile {
  public:
    explicit residual_quantile(std::uint32_t capacity) : recent_{capacity} { sorted_.reserve(capacity); }

    void push(double error) {
        if (recent_.size() == recent_.capacity()) {
            sorted_.erase(sorted_.begin() + static_cast<std::ptrdiff_t>(first_not_below(recent_.front())));
        }
        sorted_.insert(sorted_.begin() + static_cast<std::ptrdiff_t>(first_not_below(error)), error);
        recent_.push(error);
    }

    /// The conformal quantile: the ceil((n + 1) * share)-th smallest of n errors, or the largest when that is beyond.
    double quantile(double share) const {
        if (sorted_.empty()) {
            return 0;
        }
        auto const rank = static_cast<std::size_t>(std::ceil(static_cast<double>(sorted_.size() + 1) * share));
        return sorted_[rank < sorted_.size() ? rank - 1 : sorted_.size() - 1];
    }

  private:
    std::size_t first_not_below(double error) const {
        std::size_t low = 0;
        std::size_t high = sorted_.size();
        while (low < high) {
            std::size_t const middle = (low + high) / 2;
            (sorted_[middle] < error ? low : high) = sorted_[middle] < error ? middle + 1 : middle;
        }
        return low;
    }

    window<double> recent_;
    std::vector<double> sorted_;
};

} // namespace orfeas::inline v0::memory::detail
