// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/active_alert.hpp>

namespace alert = orfeas::alert;

TEST_CASE("an alert's id is its fingerprint in hexadecimal", "[alert]") {
    CHECK(alert::alert_id(0x0123456789abcdefU) == "0123456789abcdef");
    CHECK(alert::fingerprint_from("0123456789abcdef") == 0x0123456789abcdefU);
    CHECK(alert::fingerprint_from(alert::alert_id(~0ULL)) == ~0ULL);
    for (auto const* const wrong :
         {"", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg"}) {
        CHECK_FALSE(alert::fingerprint_from(wrong));
    }
}
