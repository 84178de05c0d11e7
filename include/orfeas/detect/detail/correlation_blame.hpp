// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/correlation_lanes.hpp>
#include <orfeas/detect/verdict.hpp>

#include <Eigen/Core>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Names the metrics with the largest parts in a score, as adding all of them to a blame_list would, in a tenth of its time: by
/// networks that sort two columns of eight at once, without a branch that depends on the parts. Thread-safe: it has no state.
class correlation_blame {
  public:
    /// Parts are at least 0.
    static void name(blame_list& made, lanes const& parts) noexcept {
        float const sum = array_of(parts).sum();
        if (!(sum > 0)) {
            return;
        }
        columns best = keys_of(parts, 0);
        sort(best);
        for (std::size_t at = 2 * rows; at < parts.size(); at += 2 * rows) {
            columns next = keys_of(parts, at);
            sort(next);
            best = largest(best, next);
        }
        columns swapped;
        for (std::size_t i = 0; i < rows; ++i) {
            swapped[i] = two{best[i][1], best[i][0]};
        }
        for (auto const& row : largest(best, swapped)) {
            auto const key = std::bit_cast<std::uint64_t>(row[0]);
            float const share = std::bit_cast<float>(static_cast<std::uint32_t>(key >> 32U)) / sum;
            if (!(share > 0)) {
                return;
            }
            made.shares[made.count++] = {~static_cast<std::uint32_t>(key), share};
        }
    }

  private:
    static constexpr std::size_t rows = blame_list::capacity;
    static_assert(rows == 8, "the networks are of eight");

    /// A key is a part, and behind it the metric, as bits of a number of 8 bytes: so the largest are found by comparing numbers.
    using two = Eigen::Array2d;
    using columns = std::array<two, rows>;

    /// Of equal parts the first metric has the largest key.
    static double key_of(lanes const& parts, std::size_t i) noexcept {
        std::uint64_t const part = i < parts.size() ? std::bit_cast<std::uint32_t>(parts[i]) : 0;
        return std::bit_cast<double>(part << 32U | ~static_cast<std::uint32_t>(i));
    }

    static columns keys_of(lanes const& parts, std::size_t at) noexcept {
        columns made;
        for (std::size_t i = 0; i < rows; ++i) {
            made[i] = two{key_of(parts, at + 2 * i), key_of(parts, at + 2 * i + 1)};
        }
        return made;
    }

    [[gnu::always_inline]] static void order(two& a, two& b) noexcept {
        two const larger = a.max(b);
        b = a.min(b);
        a = larger;
    }

    /// Largest first. Those of a line do not depend on each other.
    [[gnu::always_inline]] static void sort(columns& of) noexcept {
        order(of[0], of[2]), order(of[1], of[3]), order(of[4], of[6]), order(of[5], of[7]);
        order(of[0], of[4]), order(of[1], of[5]), order(of[2], of[6]), order(of[3], of[7]);
        order(of[0], of[1]), order(of[2], of[3]), order(of[4], of[5]), order(of[6], of[7]);
        order(of[2], of[4]), order(of[3], of[5]);
        order(of[1], of[4]), order(of[3], of[6]);
        order(of[1], of[2]), order(of[3], of[4]), order(of[5], of[6]);
    }

    /// The largest eight of two sorted columns, sorted.
    static columns largest(columns const& a, columns const& b) noexcept {
        columns of;
        for (std::size_t i = 0; i < rows; ++i) {
            of[i] = a[i].max(b[rows - 1 - i]);
        }
        order(of[0], of[4]), order(of[1], of[5]), order(of[2], of[6]), order(of[3], of[7]);
        order(of[0], of[2]), order(of[1], of[3]), order(of[4], of[6]), order(of[5], of[7]);
        order(of[0], of[1]), order(of[2], of[3]), order(of[4], of[5]), order(of[6], of[7]);
        return of;
    }
};

} // namespace orfeas::inline v0::detect::detail
