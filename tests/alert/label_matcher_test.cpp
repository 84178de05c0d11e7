// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/label_matcher.hpp>

#include <vector>

namespace alert = orfeas::alert;
using alert::match_kind;

TEST_CASE("a matcher takes a label that is not there for an empty one", "[alert]") {
    alert::label_set const labels{{"pool", "a"}};
    auto const matches = [&](std::string name, match_kind kind, std::string value) {
        return alert::all_match({{std::move(name), kind, std::move(value)}}, labels);
    };
    CHECK(matches("pool", match_kind::equal, "a"));
    CHECK_FALSE(matches("pool", match_kind::not_equal, "a"));
    CHECK(matches("tier", match_kind::equal, ""));
    CHECK(matches("tier", match_kind::not_equal, "l1"));
    CHECK(matches("pool", match_kind::pattern, "a|b"));
    CHECK_FALSE(matches("pool", match_kind::not_pattern, ".*"));
    CHECK(alert::all_match({}, labels));
}

TEST_CASE("a matcher without a name, or of an unknown pattern, is refused", "[alert]") {
    CHECK_THROWS_AS((alert::label_matcher{"", match_kind::equal, "a"}), std::invalid_argument);
    CHECK_THROWS_AS((alert::label_matcher{"a", match_kind::pattern, "["}), std::invalid_argument);
}

TEST_CASE("matchers are told as they are written", "[alert]") {
    CHECK(to_string(std::vector<alert::label_matcher>{{"a", match_kind::equal, "x\"\\\n"},
                                                      {"b", match_kind::not_pattern, "y.*"}}) ==
          R"({a="x\"\\\n",b!~"y.*"})");
}
