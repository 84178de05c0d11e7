// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/label_matcher.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace orfeas::inline v0::alert::detail {

enum class node_kind : std::uint8_t { number, selector, window, absent, aggregate, negate, binary };

enum class operation : std::uint8_t {
    add,
    subtract,
    multiply,
    divide,
    greater,
    less,
    greater_equal,
    less_equal,
    equal,
    not_equal,
    both,
    either,
    unless
};

constexpr bool is_arithmetic(operation of) noexcept {
    return of <= operation::divide;
}
constexpr bool is_comparison(operation of) noexcept {
    return of > operation::divide && of < operation::both;
}

/// What is made of the values that a series had within a window.
enum class window_function : std::uint8_t { rate, increase, average, minimum, maximum, predict };

enum class aggregation : std::uint8_t { sum, average, minimum, maximum, count };

/// Which labels count: all, only those that are listed, or all but those.
enum class label_choice : std::uint8_t { all, listed, not_listed };

/// One part of an expression, with what it is made of.
struct expression_node {
    node_kind kind = node_kind::number;
    std::size_t offset = 0; // in the source

    double number = 0;                   // number; of window_function::predict the seconds ahead
    std::string metric;                  // selector, window
    std::vector<label_matcher> matchers; // selector, window

    window_function function = window_function::rate;
    std::chrono::nanoseconds window{0};

    aggregation how = aggregation::sum;
    operation op = operation::add;
    label_choice choice = label_choice::all; // aggregate: grouping (all means one group); binary: matching
    std::vector<std::string> labels;         // of the choice, sorted

    std::vector<expression_node> parts;

    bool is_scalar() const noexcept {
        return kind == node_kind::number || (kind == node_kind::negate && parts[0].is_scalar()) ||
               (kind == node_kind::binary && parts[0].is_scalar() && parts[1].is_scalar());
    }
};

} // namespace orfeas::inline v0::alert::detail
