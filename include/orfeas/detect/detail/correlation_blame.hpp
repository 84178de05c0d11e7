// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/correlation_lanes.hpp>
#include <orfeas/detect/verdict.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Names the metrics with the largest parts in a score, as adding all of them to a blame_list would, in a tenth of its time: a
/// tournament in groups of four, without a branch that depends on the parts. Thread-compatible (distinct objects).
class correlation_blame {
  public:
    explicit correlation_blame(std::size_t metrics) : keys_(lanes_for(metrics)), best_of_(keys_.size() / group) {}

    /// Parts are at least 0.
    void name(blame_list& made, lanes const& parts) noexcept {
        float const sum = array_of(parts).sum();
        if (!(sum > 0)) {
            return;
        }
        for (std::size_t i = 0; i < keys_.size();
             ++i) { // in the order of the parts, of equal ones the first metric first
            keys_[i] = std::uint64_t{std::bit_cast<std::uint32_t>(parts[i])} << 32U | ~static_cast<std::uint32_t>(i);
        }
        for (std::size_t i = 0; i < best_of_.size(); ++i) {
            best_of_[i] = best_in(i);
        }
        for (auto& share : made.shares) {
            std::uint64_t best = 0;
            for (std::uint64_t const each : best_of_) {
                best = each > best ? each : best;
            }
            float const part = std::bit_cast<float>(static_cast<std::uint32_t>(best >> 32U));
            if (!(part / sum > 0)) {
                return;
            }
            std::uint32_t const metric = ~static_cast<std::uint32_t>(best);
            share = {metric, part / sum};
            ++made.count;
            keys_[metric] = 0;
            best_of_[metric / group] = best_in(metric / group);
        }
    }

  private:
    static constexpr std::size_t group = 4;

    std::uint64_t best_in(std::size_t at) const noexcept {
        std::uint64_t const* const key = keys_.data() + at * group;
        std::uint64_t const a = key[0] > key[1] ? key[0] : key[1];
        std::uint64_t const b = key[2] > key[3] ? key[2] : key[3];
        return a > b ? a : b;
    }

    std::vector<std::uint64_t> keys_;
    std::vector<std::uint64_t> best_of_; // each group
};

} // namespace orfeas::inline v0::detect::detail
