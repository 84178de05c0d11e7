// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/matcher_text.hpp>

namespace alert = orfeas::alert;
using Catch::Matchers::Contains;

TEST_CASE("matchers are read with and without braces", "[alert]") {
    auto const all = alert::matchers_from(R"(pool="a", tier!~"l2.*")");
    REQUIRE(all.size() == 2);
    CHECK(all[0].value() == "a");
    CHECK(all[1].kind() == alert::match_kind::not_pattern);
    CHECK(alert::matchers_from(R"( {pool="a", tier!~"l2.*"})") == all);
    CHECK(alert::matchers_from("").empty());
}

TEST_CASE("what are not matchers alone is refused where it is wrong", "[alert]") {
    CHECK_THROWS_WITH(alert::matchers_from("pool=a"), Contains("character 6"));
    CHECK_THROWS_WITH(alert::matchers_from("{pool=a}"), Contains("character 7"));
    CHECK_THROWS_AS(alert::matchers_from("pool=\"a\"} > 1 #"), alert::syntax_error);
    CHECK_THROWS_AS(alert::matchers_from("{} or x{"), alert::syntax_error);
}
