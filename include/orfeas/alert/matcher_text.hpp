// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/expression.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/syntax_error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::alert {

/// Reads matchers as they stand in an expression, with or without the braces: `pool="a", tier!~"l2.*"`. Throws syntax_error.
inline std::vector<label_matcher> matchers_from(std::string_view text) {
    auto const first = text.find_first_not_of(" \t\n");
    bool const has_braces = first != std::string_view::npos && text[first] == '{';
    std::string const source = has_braces ? "x" + std::string{text} : "x{" + std::string{text} + "}";
    try {
        expression const read{source};
        if (read.root().kind != detail::node_kind::selector) {
            throw syntax_error{0, "matchers alone are expected here"};
        }
        return read.root().matchers;
    } catch (syntax_error const& problem) {
        std::size_t const before = has_braces ? 1 : 2;
        throw syntax_error{problem.offset() < before ? 0 : problem.offset() - before, problem.problem()};
    }
}

} // namespace orfeas::inline v0::alert
