// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/text_ref.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace trace = orfeas::trace;

TEST_CASE("trace: a literal is known by its address, other texts by their characters") {
    static constexpr char constant[] = "constant";
    trace::text_ref const literal{"literal"};
    CHECK(literal.is_literal());
    CHECK(literal.view() == "literal");
    CHECK(trace::text_ref{constant}.is_literal());
    std::string const owned{"owned"};
    char const* const pointer = owned.c_str();
    CHECK_FALSE(trace::text_ref{owned}.is_literal());
    CHECK_FALSE(trace::text_ref{pointer}.is_literal());
    CHECK(trace::text_ref{pointer}.view() == "owned");
    CHECK_FALSE(trace::text_ref{std::string_view{"view"}}.is_literal());
    CHECK(trace::text_ref{""}.view().empty());
    CHECK(trace::text_ref{}.view().empty());
}

static_assert(!std::is_constructible_v<trace::text_ref, int>);
