// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/expression.hpp>

#include <random>
#include <string>

using Catch::Matchers::Contains;
using orfeas::alert::expression;
using orfeas::alert::syntax_error;

TEST_CASE("an expression is read as PromQL reads it", "[alert]") {
    using namespace orfeas::alert::detail;
    auto const sum = expression{"a + b * 2 > 3 and c unless d or e"}.root();
    CHECK(sum.op == operation::either);
    CHECK(sum.parts[0].op == operation::unless);
    CHECK(sum.parts[0].parts[0].op == operation::both);
    CHECK(sum.parts[0].parts[0].parts[0].op == operation::greater);
    CHECK(sum.parts[0].parts[0].parts[0].parts[0].op == operation::add);
    CHECK(expression{"rate(x[1h30m])"}.root().window == std::chrono::minutes{90});
    CHECK(expression{"sum by (b, a) (x)"}.root().labels == std::vector<std::string>{"a", "b"});
    CHECK(expression{"sum(x) WITHOUT (a)"}.root().choice == label_choice::not_listed);
    CHECK(expression{"x{a='it\\'s',} # why\n > 1e3"}.root().parts[0].matchers[0].value() == "it's");
    CHECK(expression{"predict_linear(x[5m], 2*60)"}.root().number == 120);
    CHECK(expression{"-x > -(1 - 3)"}.root().parts[0].kind == node_kind::negate);
}

TEST_CASE("what is not known is refused by name and place", "[alert]") {
    CHECK_THROWS_WITH(expression{""}, Contains("character 1") && Contains("missing"));
    CHECK_THROWS_WITH(expression{"x > "}, Contains("character 5"));
    CHECK_THROWS_WITH(expression{"histogram_quantile(0.9, x)"}, Contains("'histogram_quantile' is not known"));
    CHECK_THROWS_WITH(expression{"x offset 5m > 1"}, Contains("'offset'"));
    CHECK_THROWS_WITH(expression{"x > bool 1"}, Contains("'bool'"));
    CHECK_THROWS_WITH(expression{"x * on(a) group_left y"}, Contains("group_left"));
    CHECK_THROWS_WITH(expression{"x[5m]"}, Contains("window"));
    CHECK_THROWS_WITH(expression{"rate(x[5])"}, Contains("duration"));
    CHECK_THROWS_WITH(expression{"rate(x[0s])"}, Contains("duration"));
    CHECK_THROWS_WITH(expression{"rate(x[5m10h])"}, Contains("duration"));
    CHECK_THROWS_WITH(expression{"1 + 1"}, Contains("never changes"));
    CHECK_THROWS_WITH(expression{"x and 1"}, Contains("not numbers"));
    CHECK_THROWS_WITH(expression{"1 > 2"}, Contains("two numbers"));
    CHECK_THROWS_WITH(expression{"{a=\"b\"}"}, Contains("name of a metric"));
    CHECK_THROWS_WITH(expression{"x{__name__=\"b\"}"}, Contains("__name__"));
    CHECK_THROWS_WITH(expression{"x{a=b}"}, Contains("in quotes"));
    CHECK_THROWS_WITH(expression{"x{a=~\"[0-9]\"}"}, Contains("character 6"));
    CHECK_THROWS_WITH(expression{"x{a=\"b}"}, Contains("closing quote"));
    CHECK_THROWS_WITH(expression{"x > 1 1"}, Contains("not expected"));
    CHECK_THROWS_WITH(expression{"x > 1.2.3"}, Contains("neither a number"));
    CHECK_THROWS_WITH(expression{"x % 2"}, Contains("'%'"));
    CHECK_THROWS_WITH(expression{std::string(1'000, '(') + "x"}, Contains("within one another"));
    std::string chain{"x"};
    for (int i = 0; i < 100'000; ++i) {
        chain.append("+x");
    }
    CHECK_THROWS_WITH(expression{chain}, Contains("character 2002: more than 1000 operators"));
}

TEST_CASE("an expression names the metrics that it looks at, each once", "[alert]") {
    CHECK(expression{"b / a or sum by (x) (rate(c[5m])) > 1 and absent(b{x=\"y\"})"}.metrics() ==
          std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("any text is read or refused", "[alert]") {
    std::mt19937 random{11};
    constexpr std::string_view words[] = {
        "x",     "sum", "by", "(",      ")", "{",  "}",  "[", "]",  "5m",  "1",      "rate", ">",  "and", "a",   "=",
        "\"b\"", ",",   "-",  "absent", "/", "on", "or", "#", "=~", "1e9", "unless", "'",    "\\", ":",   "\xff"};
    int read = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (auto count = random() % 12; count > 0; --count) {
            text.append(words[random() % std::size(words)]).append(random() % 2, ' ');
        }
        try {
            expression const made{text};
            ++read;
        } catch (syntax_error const& problem) {
            REQUIRE(problem.offset() <= text.size());
        }
    }
    CHECK(read > 100);
}
