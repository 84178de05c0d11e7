// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/text_pattern.hpp>

#include <random>
#include <regex>
#include <string>

using orfeas::alert::text_pattern;

TEST_CASE("a pattern matches whole texts", "[alert]") {
    CHECK(text_pattern{"gpu"}.matches("gpu"));
    CHECK_FALSE(text_pattern{"gpu"}.matches("gpu0"));
    CHECK(text_pattern{"gpu.*"}.matches("gpu"));
    CHECK_FALSE(text_pattern{"gpu.+"}.matches("gpu"));
    CHECK(text_pattern{"gpu.+"}.matches("gpu0"));
    CHECK(text_pattern{"a|b|"}.matches(""));
    CHECK(text_pattern{"(?:l1|l2)_(hot|cold).*"}.matches("l2_cold_a"));
    CHECK_FALSE(text_pattern{"(?:l1|l2)_(hot|cold).*"}.matches("l3_cold"));
    CHECK(text_pattern{"a\\.b"}.matches("a.b"));
    CHECK_FALSE(text_pattern{"a\\.b"}.matches("axb"));
    CHECK(text_pattern{"."}.matches("é"));
    CHECK_FALSE(text_pattern{".*"}.matches("two\nlines"));
}

TEST_CASE("patterns that mean more are refused where they do", "[alert]") {
    CHECK_THROWS_WITH(text_pattern{"gpu[0-9]"}, Catch::Matchers::Contains("character 4"));
    CHECK_THROWS_WITH(text_pattern{"a*"}, Catch::Matchers::Contains("'.*'"));
    CHECK_THROWS_WITH(text_pattern{"(a"}, Catch::Matchers::Contains("without its ')'"));
    CHECK_THROWS_WITH(text_pattern{"a)"}, Catch::Matchers::Contains("without its '('"));
    CHECK_THROWS_WITH(text_pattern{"\\d"}, Catch::Matchers::Contains("backslash"));
    std::string many;
    for (int i = 0; i < 12; ++i) {
        many += "(a|b)";
    }
    CHECK_THROWS_WITH(text_pattern{many}, Catch::Matchers::Contains("too many"));
    CHECK_THROWS_WITH(text_pattern{std::string(100, '(')}, Catch::Matchers::Contains("within one another"));
}

TEST_CASE("a pattern is what a regular expression is", "[alert]") {
    std::mt19937 random{7};
    auto const pick = [&](std::string_view from) { return std::string{from[random() % from.size()]}; };
    for (int i = 0; i < 2'000; ++i) {
        std::string source;
        for (auto count = random() % 6; count > 0; --count) {
            constexpr std::string_view more[] = {".", ".*", ".+", "(a|bc)", "|", "(a.*|b)"};
            source += random() % 2 == 0 ? pick("abc") : std::string{more[random() % 6]};
        }
        text_pattern const ours{source};
        std::regex const theirs{"(?:" + source + ")"};
        for (int k = 0; k < 20; ++k) {
            std::string text;
            for (auto count = random() % 7; count > 0; --count) {
                text += pick("abc");
            }
            INFO(source << " on " << text);
            REQUIRE(ours.matches(text) == std::regex_match(text, theirs));
        }
    }
}
