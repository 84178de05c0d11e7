// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/serve/dashboard_options.hpp>

using namespace orfeas;

TEST_CASE("serve: the subscriber limit comes from code or environment, within its range") {
    CHECK(serve::dashboard_options{}.subscribers >= 100);
    CHECK(from_environment<serve::dashboard_options>({}, {"ORFEAS_SERVE_SUBSCRIBERS=5"}).subscribers == 5);
    CHECK_THROWS_AS(from_environment<serve::dashboard_options>({}, {"ORFEAS_SERVE_SUBSCRIBERS=100001"}), option_error);
    CHECK_THROWS_AS(from_environment<serve::dashboard_options>({}, {"ORFEAS_SERVE_SUBSCRIBER=5"}), option_error);
}
