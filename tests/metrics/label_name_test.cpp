// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/metrics/label_name.hpp>

namespace metrics = orfeas::metrics;

namespace {

template<metrics::label_name Name>
struct named {};

template<char const (&Text)[4]>
concept is_name = requires { typename named<metrics::label_name{Text}>; };

constexpr char good[] = "_a1";
constexpr char bad[] = "a-1";
constexpr char leading[] = "1ab";
static_assert(is_name<good>);
static_assert(!is_name<bad>);
static_assert(!is_name<leading>);

} // namespace

TEST_CASE("metrics: the name of a label may be a template argument, marked as unbounded") {
    constexpr metrics::label_name name{"method"};
    CHECK(name.view() == "method");
    CHECK_FALSE(name.is_unbounded);
    CHECK(metrics::unbounded<"path">.view() == "path");
    CHECK(metrics::unbounded<"path">.is_unbounded);
}
