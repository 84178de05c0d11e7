// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/dynamic_library.hpp>

using namespace orfeas;

TEST_CASE("core: a library that is there gives its entry points") {
    auto const library = dynamic_library::try_open("libm.so.6");
    REQUIRE(library.has_value());
    auto const cosine = library->symbol<double (*)(double)>("cos");
    REQUIRE(cosine != nullptr);
    CHECK(cosine(0.0) == 1.0);
    CHECK(library->symbol<void (*)()>("no_such_entry_point") == nullptr);
}

TEST_CASE("core: a library that is not there is no error") {
    CHECK_FALSE(dynamic_library::try_open("libno_such_library.so.7").has_value());
}
