// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/metrics/labels.hpp>

#include <array>
#include <span>
#include <vector>

namespace metrics = orfeas::metrics;
using orfeas::label;

namespace {

std::vector<label> taken(metrics::label_list labels) {
    return {labels.begin(), labels.end()};
}

} // namespace

TEST_CASE("metrics: labels are given in braces or as any contiguous range") {
    std::vector<label> const expected{{"a", "1"}, {"b", "2"}};
    CHECK(taken({}).empty());
    CHECK(taken({{"a", "1"}, {"b", "2"}}) == expected);
    CHECK(taken(expected) == expected);
    CHECK(taken(std::span{expected}) == expected);
    CHECK(taken(std::array{label{"a", "1"}, label{"b", "2"}}) == expected);
}
