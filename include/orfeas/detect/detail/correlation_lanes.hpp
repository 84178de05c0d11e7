// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

#include <Eigen/Core>

#include <algorithm>
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
using const_lane_matrix = Eigen::Map<Eigen::MatrixXf const, Eigen::Aligned16>;

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
inline const_lane_matrix matrix_of(lanes const& values, std::size_t size) noexcept {
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

/// Whether a number without a unit is such as they become.
inline bool is_moderate(float value) noexcept {
    return is_finite(static_cast<double>(value)) && value >= -1e12F && value <= 1e12F;
}
inline bool all_moderate(lanes const& values) noexcept {
    return std::all_of(values.begin(), values.end(), is_moderate);
}
template<class... Lists>
bool all_moderate(lanes const& first, Lists const&... others) noexcept {
    return all_moderate(first) && (all_moderate(others) && ...);
}

/// Numbers of four metrics: a register. One pass over these costs a fraction of one pass for each operation.
using four = Eigen::Array4f;

inline Eigen::Map<four, Eigen::Aligned16> four_at(lanes& values, std::size_t at) noexcept {
    return Eigen::Map<four, Eigen::Aligned16>{values.data() + at};
}
inline Eigen::Map<four const, Eigen::Aligned16> four_at(lanes const& values, std::size_t at) noexcept {
    return Eigen::Map<four const, Eigen::Aligned16>{values.data() + at};
}

/// Finds the three largest of numbers that are at least 0. Thread-compatible (distinct objects).
class largest_three {
  public:
    [[gnu::always_inline]] void take(four const& each) noexcept {
        four const below_first = each.min(first_);
        first_ = first_.max(each);
        four const below_second = below_first.min(second_);
        second_ = second_.max(below_first);
        third_ = third_.max(below_second);
    }

    float mean() const noexcept {
        triple const left = larger(column(0), column(1));
        triple const right = larger(column(2), column(3));
        triple const all = larger(left, right);
        return (all.first + all.second + all.third) / 3;
    }

  private:
    struct triple { // largest first
        float first;
        float second;
        float third;
    };

    triple column(Eigen::Index at) const noexcept { return {first_[at], second_[at], third_[at]}; }

    static float max(float a, float b) noexcept { return a > b ? a : b; }
    static float min(float a, float b) noexcept { return a < b ? a : b; }

    static triple larger(triple const& a, triple const& b) noexcept {
        return {max(a.first, b.first), max(min(a.first, b.first), max(a.second, b.second)),
                max(max(min(a.first, b.second), min(a.second, b.first)), max(a.third, b.third))};
    }

    four first_ = four::Zero(); // the largest in each of four columns, and the next
    four second_ = four::Zero();
    four third_ = four::Zero();
};

/// Makes sixteen rows of a matrix times `numbers`, from `at` on. They are one sum each: fewer would wait for each other.
inline void multiply_rows(lanes& made, lanes const& matrix, lanes const& numbers, std::size_t at) noexcept {
    std::size_t const size = numbers.size();
    four a = four::Zero();
    four b = four::Zero();
    four c = four::Zero();
    four d = four::Zero();
    for (std::size_t j = 0; j < size; ++j) {
        four const each = four::Constant(numbers[j]);
        std::size_t const from = j * size + at;
        a += four_at(matrix, from) * each;
        b += four_at(matrix, from + 4) * each;
        c += four_at(matrix, from + 8) * each;
        d += four_at(matrix, from + 12) * each;
    }
    four_at(made, at) = a;
    four_at(made, at + 4) = b;
    four_at(made, at + 8) = c;
    four_at(made, at + 12) = d;
}

/// Makes a square matrix times `numbers`. For these few rows it takes a third of the instructions of Eigen's product.
inline void multiply(lanes& made, lanes const& matrix, lanes const& numbers) noexcept {
    constexpr std::size_t rows = 16;
    std::size_t const size = numbers.size();
    if (size < rows) {
        vector_of(made).noalias() = matrix_of(matrix, size) * vector_of(numbers);
        return;
    }
    for (std::size_t at = 0; at < size - rows; at += rows) {
        multiply_rows(made, matrix, numbers, at);
    }
    multiply_rows(made, matrix, numbers, size - rows); // some of them once more
}

/// Adds the products of each number of `column` and each of `row` to a matrix.
inline void add_products(lanes& matrix, lanes const& column, lanes const& row) noexcept {
    std::size_t const size = row.size();
    for (std::size_t j = 0; j < size; j += 4) { // four columns at once
        four const a = four::Constant(row[j]);
        four const b = four::Constant(row[j + 1]);
        four const c = four::Constant(row[j + 2]);
        four const d = four::Constant(row[j + 3]);
        for (std::size_t i = 0; i < size; i += 4) {
            four const each = four_at(column, i);
            four_at(matrix, j * size + i) += each * a;
            four_at(matrix, (j + 1) * size + i) += each * b;
            four_at(matrix, (j + 2) * size + i) += each * c;
            four_at(matrix, (j + 3) * size + i) += each * d;
        }
    }
}

/// Adds the products of each pair of numbers of samples that lie behind each other: to the lower triangle of a matrix alone,
/// and to some numbers beside its diagonal.
inline void add_squares(lanes& matrix, std::size_t size, lanes const& samples) noexcept {
    for (std::size_t j = 0; j < size; j += 4) {
        for (std::size_t i = j; i < size; i += 4) {
            four a = four_at(matrix, j * size + i);
            four b = four_at(matrix, (j + 1) * size + i);
            four c = four_at(matrix, (j + 2) * size + i);
            four d = four_at(matrix, (j + 3) * size + i);
            for (std::size_t at = 0; at < samples.size(); at += size) {
                four const each = four_at(samples, at + i);
                float const* const other = samples.data() + at + j;
                a += each * other[0];
                b += each * other[1];
                c += each * other[2];
                d += each * other[3];
            }
            four_at(matrix, j * size + i) = a;
            four_at(matrix, (j + 1) * size + i) = b;
            four_at(matrix, (j + 2) * size + i) = c;
            four_at(matrix, (j + 3) * size + i) = d;
        }
    }
}

/// A step that first averages and then forgets at a rate.
constexpr float step_after(std::uint64_t seen, float rate) noexcept {
    float const first = 1 / static_cast<float>(seen < 1 ? 1 : seen);
    return first > rate ? first : rate;
}

} // namespace orfeas::inline v0::detect::detail
