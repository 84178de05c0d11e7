// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/series.hpp>

#include <string>

using namespace orfeas;

namespace {

std::string key_of(std::string_view name, std::vector<label> const& labels) {
    std::string key;
    observe::append_series_key(key, name, labels);
    return key;
}

} // namespace

TEST_CASE("observe: a series is keyed by its name and labels") {
    CHECK(key_of("up", {}) == "up");
    CHECK(key_of("cache_bytes", {{"component", "meshes"}}) == R"(cache_bytes{component="meshes"})");
    CHECK(key_of("x", {{"a", "1"}, {"b", "2"}}) == R"(x{a="1",b="2"})");
}

TEST_CASE("observe: label values are escaped in keys") {
    CHECK(key_of("x", {{"path", "a\\b\"c\nd"}}) == R"(x{path="a\\b\"c\nd"})");
}

TEST_CASE("observe: the rate of a counter drops _total from its name") {
    CHECK(observe::rate_name("cache_hits_total") == "cache_hits_per_second");
    CHECK(observe::rate_name("ticks") == "ticks_per_second");
}
