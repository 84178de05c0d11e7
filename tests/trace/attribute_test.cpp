// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/attribute.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace trace = orfeas::trace;
using type = trace::attribute_ref::type_of;

TEST_CASE("trace: a value keeps its kind") {
    CHECK(trace::attribute_ref{true}.type() == type::boolean);
    CHECK(trace::attribute_ref{true}.boolean());
    CHECK_FALSE(trace::attribute_ref{false}.boolean());
    CHECK(trace::attribute_ref{-7}.integer() == -7);
    CHECK(trace::attribute_ref{'a'}.integer() == 97);
    CHECK(trace::attribute_ref{0.5F}.real() == 0.5);
    CHECK(trace::attribute_ref{"literal"}.text() == "literal");
    CHECK(trace::attribute_ref{std::string{"owned"}}.type() == type::text);
}

TEST_CASE("trace: unsigned numbers that no signed one can hold become doubles") {
    constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
    CHECK(trace::attribute_ref{largest}.type() == type::real);
    CHECK(trace::attribute_ref{largest}.real() == 18446744073709551615.0);
    CHECK(trace::attribute_ref{largest / 2}.type() == type::integer);
    CHECK(trace::attribute_ref{largest / 2}.integer() == std::numeric_limits<std::int64_t>::max());
    CHECK(trace::attribute_ref{std::numeric_limits<std::uint32_t>::max()}.integer() == 4294967295);
}

static_assert(trace::attribute_type<int> && trace::attribute_type<bool> && trace::attribute_type<std::string>);
static_assert(!trace::attribute_type<void*>);
