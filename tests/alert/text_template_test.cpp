// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/text_template.hpp>

#include <limits>
#include <string>

namespace alert = orfeas::alert;
using alert::text_template;
using Catch::Matchers::Contains;

TEST_CASE("a template holds value, threshold and labels", "[alert]") {
    text_template const made{
        "{{ $labels.pool }}{{$labels.tier}} is {{ $value }} > {{ $threshold | humanizePercentage }}"};
    CHECK(made.render({{"pool", "a"}}, 0.91, 0.85) == "a is 0.91 > 85%");
    CHECK(made.with_threshold(0.5) == "{{ $labels.pool }}{{$labels.tier}} is {{ $value }} > 50%");
    CHECK(text_template{}.render({}, 1, 1).empty());
    CHECK(text_template{"plain"}.render({}, 1, 1) == "plain");
}

TEST_CASE("numbers look as Prometheus makes them look", "[alert]") {
    auto const told = [](std::string format, double value) {
        return text_template{"{{ $value" + (format.empty() ? "" : " | " + format) + " }}"}.render({}, value, 0);
    };
    CHECK(told("", 0.1) == "0.1");
    CHECK(told("", 123456) == "123456");
    CHECK(told("", 12345678) == "1.2345678e+07");
    CHECK(told("", 0.00001) == "1e-05");
    CHECK(told("", std::numeric_limits<double>::infinity()) == "+Inf");
    CHECK(told("humanize", 1234567) == "1.235M");
    CHECK(told("humanize", 0.0021) == "2.1m");
    CHECK(told("humanize", 0) == "0");
    CHECK(told("humanize1024", 1536) == "1.5ki");
    CHECK(told("humanizePercentage", 0.12345) == "12.35%");
    CHECK(told("humanizeDuration", 5025) == "1h 23m 45s");
    CHECK(told("humanizeDuration", 90'000) == "1d 1h 0m 0s");
    CHECK(told("humanizeDuration", -61) == "-1m 1s");
    CHECK(told("humanizeDuration", 1.5) == "1.5s");
    CHECK(told("humanizeDuration", 0.0015) == "1.5ms");
}

TEST_CASE("a template that cannot be filled is refused where it is wrong", "[alert]") {
    CHECK_THROWS_WITH(text_template{"a {{ $value"}, Contains("character 3"));
    CHECK_THROWS_WITH(text_template{"{{ $labels. }}"}, Contains("known"));
    CHECK_THROWS_WITH(text_template{"{{ if $value }}"}, Contains("only $value"));
    CHECK_THROWS_WITH(text_template{"{{ $value | printf \"%f\" }}"}, Contains("humanizeDuration"));
}
