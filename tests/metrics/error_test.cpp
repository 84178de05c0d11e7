// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/metrics/error.hpp>

#include <string>

TEST_CASE("metrics: a registration error names the metric and the problem") {
    orfeas::metrics::registration_error const error{"a-b", "is no name"};
    CHECK(std::string{error.what()} == "metric 'a-b': is no name");
    CHECK(error.metric() == "a-b");
}
