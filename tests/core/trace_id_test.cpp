// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/trace_id.hpp>

using namespace orfeas;

TEST_CASE("core: ids are written as lower-case hexadecimal and read back") {
    trace_id const trace{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736};
    CHECK(to_string(trace) == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(parse_trace_id(to_string(trace)) == trace);
    span_id const span{0x00f067aa0ba902b7};
    CHECK(to_string(span) == "00f067aa0ba902b7");
    CHECK(parse_span_id(to_string(span)) == span);
}

TEST_CASE("core: an id of zeros is none") {
    CHECK_FALSE(trace_id{});
    CHECK_FALSE(span_id{});
    CHECK(trace_id{0, 1});
    CHECK_FALSE(parse_trace_id("00000000000000000000000000000000").has_value());
    CHECK_FALSE(parse_span_id("0000000000000000").has_value());
}

TEST_CASE("core: what is no id is not read") {
    for (auto const* text :
         {"", "4bf92f3577b34da6a3ce929d0e0e473", "4bf92f3577b34da6a3ce929d0e0e47366",
          "4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e473g", "4bf92f3577b34da6-3ce929d0e0e4736"}) {
        INFO(text);
        CHECK_FALSE(parse_trace_id(text).has_value());
        CHECK_FALSE(parse_span_id(text).has_value());
    }
}
