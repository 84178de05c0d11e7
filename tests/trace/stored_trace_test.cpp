// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/stored_trace.hpp>

namespace trace = orfeas::trace;

TEST_CASE("trace: an attribute of a stored span is found by its key") {
    trace::stored_span span;
    CHECK(span.find("key") == nullptr);
    span.attributes = {{"flag", false}, {"key", std::string{"value"}}};
    REQUIRE(span.find("key") != nullptr);
    CHECK(*span.find("key") == trace::attribute_value{std::string{"value"}});
    CHECK(*span.find("flag") == trace::attribute_value{false});
    CHECK(span.find("ke") == nullptr);
}
