// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <Eigen/Core>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Numbers of one sample, one a metric, and square matrices of them. They lie in vectors, which a saved state can hold, of a
/// size rounded up to whole registers: what is behind the last metric is 0, and stays so.
using lanes = std::vector<float>;

/// How many numbers hold one for each metric.
constexpr std::size_t lanes_for(std::size_t metrics) noexcept {
    return (metrics + 3) / 4 * 4;
}

using lane_array = Eigen::Map<Eigen::ArrayXf, Eigen::Aligned16>;
using const_lane_array = Eigen::Map<Eigen::ArrayXf const, Eigen::Aligned16>;
using lane_vector = Eigen::Map<Eigen::VectorXf, Eigen::Aligned16>;
using const_lane_vector = Eigen::Map<Eigen::VectorXf const, Eigen::Aligned16>;
using lane_matrix = Eigen::Map<Eigen::MatrixXf, Eigen::Aligned16>;

inline lane_array array_of(lanes& values) noexcept {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}
inline const_lane_array array_of(lanes const& values) noexcept {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}
inline lane_vector vector_of(lanes& values) noexcept {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}
inline const_lane_vector vector_of(lanes const& values) noexcept {
    return {values.data(), static_cast<Eigen::Index>(values.size())};
}
inline lane_matrix matrix_of(lanes& values, std::size_t size) noexcept {
    auto const side = static_cast<Eigen::Index>(size);
    return {values.data(), side, side};
}

/// A matrix of `size` rows with `value` on its diagonal.
inline lanes diagonal_lanes(std::size_t size, float value) {
    lanes made(size * size);
    for (std::size_t i = 0; i < size; ++i) {
        made[i * size + i] = value;
    }
    return made;
}

/// Whether no number of several lists is infinite or not-a-number.
template<class... Lists>
bool all_finite(Lists const&... lists) noexcept {
    auto const is_sound = [](auto const& list) {
        for (auto const each : list) {
            if (!is_finite(static_cast<double>(each))) {
                return false;
            }
        }
        return true;
    };
    return (is_sound(lists) && ...);
}

/// The mean of the three largest of numbers that are at least 0.
inline float top_three(lanes const& values) noexcept {
    using four = Eigen::Array4f;
    four first = four::Zero(); // the largest in each of four columns, and the next
    four second = first;
    four third = first;
    for (std::size_t i = 0; i < values.size(); i += 4) {
        four const each = Eigen::Map<four const, Eigen::Aligned16>{values.data() + i};
        four const below_first = each.min(first);
        first = first.max(each);
        four const below_second = below_first.min(second);
        second = second.max(below_first);
        third = third.max(below_second);
    }
    float top = 0;
    float next = 0;
    float last = 0;
    for (four const& each : {first, second, third}) {
        for (Eigen::Index column = 0; column < 4; ++column) {
            float const value = each[column];
            float const below_top = value < top ? value : top;
            top = value > top ? value : top;
            float const below_next = below_top < next ? below_top : next;
            next = below_top > next ? below_top : next;
            last = below_next > last ? below_next : last;
        }
    }
    return (top + next + last) / 3;
}

/// A step that first averages and then forgets at a rate.
constexpr float step_after(std::uint64_t seen, float rate) noexcept {
    float const first = 1 / static_cast<float>(seen < 1 ? 1 : seen);
    return first > rate ? first : rate;
}

} // namespace orfeas::inline v0::detect::detail
