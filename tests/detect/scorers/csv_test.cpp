// SPDX-License-Identifier: MIT
#include "../../../benchmarks/detect/csv.hpp"
#include "../../../benchmarks/detect/nab_data.hpp"
#include "support/catch.hpp"

#include <stdexcept>

using namespace bench::detect;

TEST_CASE("detect: CSV lines and fields are taken one by one") {
    csv_cursor cursor{"a.csv", "x,y\r\n1.5,-2e3\nlast"};
    CHECK(cursor.line() == "x,y");
    auto line = cursor.line().value();
    CHECK(cursor.number(csv_cursor::field(line)) == 1.5);
    CHECK(cursor.number(csv_cursor::field(line)) == -2'000);
    CHECK(line.empty());
    CHECK(cursor.line() == "last");
    CHECK_FALSE(cursor.line().has_value());
}

TEST_CASE("detect: what is no number or time is named with its line") {
    csv_cursor cursor{"a.csv", "1\nx\n"};
    cursor.line();
    cursor.line();
    CHECK_THROWS_WITH(cursor.number("x"), "a.csv:2: expected a number, not 'x'");
    CHECK_THROWS_AS(cursor.number("1 "), std::runtime_error);
    CHECK_THROWS_AS(cursor.index("-1"), std::runtime_error);
    CHECK_THROWS_AS(cursor.seconds("2014-04-10"), std::runtime_error);
}

TEST_CASE("detect: times are seconds since 1970") {
    csv_cursor const cursor{"a.csv", ""};
    CHECK(cursor.seconds("1970-01-01 00:00:00") == 0);
    CHECK(cursor.seconds("1969-12-31 23:59:59") == -1);
    CHECK(cursor.seconds("2014-04-10 07:15:00.000000") == 1'397'114'100);
    CHECK(cursor.seconds("2024-02-29 12:00:00") == 1'709'208'000);
}

TEST_CASE("detect: windows are read by file") {
    auto const all = windows_by_file(R"({"a/x.csv": [], "b/y.csv": [["1", "2"], ["3", "4"]]})");
    REQUIRE(all.size() == 2);
    CHECK(all.at("a/x.csv").empty());
    CHECK(all.at("b/y.csv") == std::vector<std::string_view>{"1", "2", "3", "4"});
}
