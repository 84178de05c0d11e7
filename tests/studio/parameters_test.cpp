// SPDX-License-Identifier: MIT
#include "pipeline/parameters.hpp"
#include "support/catch.hpp"

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace {

using query = std::vector<std::pair<std::string, std::string>>;

orfeas::option_error error_of(query const& from) {
    try {
        static_cast<void>(studio::parse_parameters(from));
    } catch (orfeas::option_error const& e) {
        return e;
    }
    FAIL("accepted");
    throw std::logic_error{"unreachable"};
}

} // namespace

TEST_CASE("studio: parameters are read from a query") {
    CHECK(studio::parse_parameters(query{}) == studio::parameters{});
    auto const read = studio::parse_parameters(query{
        {"width_mm", "120.5"}, {"relief_mm", "0.1"}, {"base_mm", "2e0"}, {"resolution", "1024"}, {"format", "glb"}});
    studio::parameters const expected{120.5, 0.1, 2, 1024, studio::mesh_format::glb};
    CHECK(read == expected);
}

TEST_CASE("studio: a wrong parameter is named with its value and what is allowed") {
    struct wrong {
        char const* name;
        char const* value;
        char const* allowed;
    };
    for (auto const& each : {wrong{"width_mm", "9.99", "between 10 and 500"},
                             wrong{"width_mm", "500.01", "between 10 and 500"},
                             wrong{"width_mm", "nan", "between 10 and 500"},
                             wrong{"width_mm", "inf", "between 10 and 500"},
                             wrong{"width_mm", "-80", "between 10 and 500"},
                             wrong{"width_mm", "1e999", "between 10 and 500"},
                             wrong{"width_mm", "80mm", "between 10 and 500"},
                             wrong{"width_mm", " 80", "between 10 and 500"},
                             wrong{"width_mm", "0x50", "between 10 and 500"},
                             wrong{"width_mm", "", "between 10 and 500"},
                             wrong{"relief_mm", "0", "between 0.1 and 50"},
                             wrong{"base_mm", "21", "between 0.4 and 20"},
                             wrong{"resolution", "15", "between 16 and 1024"},
                             wrong{"resolution", "1025", "between 16 and 1024"},
                             wrong{"resolution", "64.5", "between 16 and 1024"},
                             wrong{"resolution", "-64", "between 16 and 1024"},
                             wrong{"resolution", "4294967360", "between 16 and 1024"},
                             wrong{"format", "obj", "one of 'stl', 'glb'"},
                             wrong{"format", "STL", "one of 'stl', 'glb'"},
                             wrong{"Format", "stl", "one of width_mm, relief_mm, base_mm, resolution, format"},
                             wrong{"", "", "one of width_mm, relief_mm, base_mm, resolution, format"}}) {
        CAPTURE(each.name, each.value);
        auto const error = error_of({{each.name, each.value}});
        CHECK(error.field() == each.name);
        CHECK(error.value() == each.value);
        CHECK(error.allowed() == each.allowed);
    }
    CHECK(error_of({{"width_mm", "80"}, {"width_mm", "80"}}).allowed() == "given once");
}

TEST_CASE("studio: a refused value changes nothing") {
    studio::parameters kept;
    CHECK_THROWS_AS(studio::set_parameter(kept, "resolution", "7"), orfeas::option_error);
    CHECK(kept == studio::parameters{});
}

TEST_CASE("studio: parameters set by code are checked") {
    studio::parameters asked;
    CHECK_NOTHROW(studio::check(asked));
    asked.base_mm = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(studio::check(asked), orfeas::option_error);
    asked.base_mm = 1;
    asked.resolution = 8;
    CHECK_THROWS_WITH(studio::check(asked), "resolution is '8', but must be between 16 and 1024");
}

TEST_CASE("studio: parameters have one spelling, which reads back") {
    studio::parameters const asked{80, 2.5, 1.6, 64, studio::mesh_format::glb};
    CHECK(studio::to_query(asked) == "width_mm=80&relief_mm=2.5&base_mm=1.6&resolution=64&format=glb");
    CHECK(studio::to_query(studio::parse_parameters(query{{"width_mm", "8e1"}})) ==
          studio::to_query(studio::parameters{}));
}
