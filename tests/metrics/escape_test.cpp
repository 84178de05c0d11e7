// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/measurement.hpp>
#include <orfeas/metrics/escape.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace orfeas;

namespace {

std::string escaped(std::string_view text, metrics::text_place place) {
    std::string out;
    metrics::append_escaped(out, text, place);
    return out;
}

} // namespace

TEST_CASE("metrics: backslashes and line feeds are escaped, quotes where they would end the value") {
    CHECK(escaped("a\\b\"c\nd", metrics::text_place::label_value) == R"(a\\b\"c\nd)");
    CHECK(escaped("a\\b\"c\nd", metrics::text_place::help) == R"(a\\b"c\nd)");
    CHECK(escaped("", metrics::text_place::label_value).empty());
}

TEST_CASE("metrics: bytes that are not UTF-8 become replacement characters, one each") {
    struct example {
        std::string given;
        std::string written;
    };
    std::string const bad = "\xEF\xBF\xBD";
    std::vector<example> const examples{
        {"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"}, // é € and an emoji
        {"\x80", bad},                               // a continuation without a lead
        {"\xC3", bad},                               // cut
        {"\xE2\x82z", bad + bad + "z"},              // cut by another character
        {"\xC0\xAF", bad + bad},                     // overlong, two bytes
        {"\xE0\x80\xAF", bad + bad + bad},           // overlong, three bytes
        {"\xF0\x80\x80\xAF", bad + bad + bad + bad}, // overlong, four bytes
        {"\xED\xA0\x80", bad + bad + bad},           // a surrogate
        {"\xF4\x90\x80\x80", bad + bad + bad + bad}, // above U+10FFFF
        {"\xF8\x88\x80\x80\x80", bad + bad + bad + bad + bad},
    };
    for (auto const& [given, written] : examples) {
        CHECK(escaped(given, metrics::text_place::label_value) == written);
        CHECK(escaped(given, metrics::text_place::help) == written);
    }
}

TEST_CASE("metrics: labels are names and escaped values in quotes, with commas between them") {
    std::string out = "{";
    metrics::append_labels(out, std::vector<label>{});
    CHECK(out == "{");
    metrics::append_labels(out, std::vector<label>{{"path", "C:\\x"}, {"b", ""}});
    CHECK(out == R"({path="C:\\x",b="")");
}
