// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/severity.hpp>

namespace alert = orfeas::alert;

TEST_CASE("severities are in order and have names", "[alert]") {
    using enum alert::severity;
    CHECK(info < warning);
    CHECK(warning < critical);
    for (auto const each : {info, warning, critical}) {
        CHECK(alert::severity_from(to_string(each)) == each);
    }
    CHECK_FALSE(alert::severity_from("page"));
}
