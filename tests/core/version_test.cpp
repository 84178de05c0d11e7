// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/version.hpp>

#include <string>

using namespace orfeas;

TEST_CASE("core: the version's text and numbers agree") {
    auto const text = std::to_string(current_version.major) + "." + std::to_string(current_version.minor) + "." +
                      std::to_string(current_version.patch);
    CHECK(text == ORFEAS_VERSION_STRING);
}

TEST_CASE("core: versions are ordered") {
    CHECK(version{0, 9, 9} < version{1, 0, 0});
    CHECK(version{1, 2, 3} == version{1, 2, 3});
    CHECK(version{1, 10, 0} > version{1, 9, 9});
}
