// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/incoming_fields.hpp>

#include <string>

namespace trace = orfeas::trace;

namespace {

std::string const first = "00-12345678901234567890123456789012-1234567890123456-01";
std::string const other = "00-12345678901234567890123456789013-1234567890123457-01";

} // namespace

TEST_CASE("trace: a request's fields name its parent, whatever the case of their names") {
    trace::incoming_fields said;
    said.add("Host", "example.org");
    said.add("TraceParent", first);
    said.add("TRACESTATE", "foo=1");
    said.add("traceparents", "nonsense");
    auto const parent = said.parent();
    REQUIRE(parent.has_value());
    CHECK(to_string(parent->ids().trace) == "12345678901234567890123456789012");
    CHECK(parent->tracestate() == "foo=1");
}

TEST_CASE("trace: several fields of tracestate and of baggage are one list") {
    trace::incoming_fields said;
    said.add("tracestate", "foo=1,bar=2");
    said.add("traceparent", first);
    said.add("tracestate", "");
    said.add("baggage", "a=1");
    said.add("tracestate", "rojo=3");
    said.add("Baggage", "b=%32;x,,c");
    CHECK(said.parent()->tracestate() == "foo=1,bar=2,rojo=3");
    CHECK(said.baggage().values.text() == "a=1,b=2;x");
    CHECK(said.baggage().malformed == 1);
}

TEST_CASE("trace: a request with two traceparents, or without one, names no parent") {
    trace::incoming_fields said;
    CHECK_FALSE(said.parent().has_value());
    said.add("tracestate", "foo=1");
    CHECK_FALSE(said.parent().has_value());
    said.add("traceparent", first);
    CHECK(said.parent().has_value());
    for (auto const& second : {other, first, std::string{}}) {
        auto both = said;
        both.add("traceparent", second);
        CHECK_FALSE(both.parent().has_value());
    }
}
