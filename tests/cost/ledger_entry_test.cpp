// SPDX-License-Identifier: MIT
#include "cost/ledger_entries.hpp"
#include "support/catch.hpp"

#include <orfeas/cost/detail/ledger_rows.hpp>

#include <chrono>
#include <string>

using namespace orfeas;
using namespace orfeas::cost;
using namespace std::chrono_literals;

namespace {

std::string rows_of(ledger_entry const& entry) {
    std::string text;
    cost::detail::append_rows(text, entry);
    return text;
}

} // namespace

TEST_CASE("cost: an entry is rows of CSV, and comes back bit by bit") {
    for (int i = 0; i < 300; ++i) {
        auto const entry = orfeas_test::some_entry(i);
        auto const back = cost::detail::parse_rows(rows_of(entry));
        REQUIRE(back);
        REQUIRE(*back == entry);
    }
}

TEST_CASE("cost: rows have a column for each header, times in UTC, and nothing where nothing is known") {
    ledger_entry entry{orfeas_test::hour(26), 3'600s, "EUR", {}};
    entry.used.service.requests = 3;
    entry.used.service.cache_hits = 2;                                    // worth what nobody knows
    entry.used.devices.push_back({{"0", "L4", ""}, {.busy_seconds = 5}}); // without a price
    CHECK(cost::detail::ledger_header() ==
          "begin,seconds,currency,index,name,uuid,busy_seconds,idle_seconds,unrated_seconds,unobserved_seconds,"
          "priced_seconds,priced_rated_seconds,money,idle_money,requests,generated_bytes,cache_hits,cache_misses,"
          "valued_hits,loads,load_money,saved_money\r\n");
    CHECK(rows_of(entry) == "2026-04-01T02:00:00Z,3600,EUR,,,,,,,,,,,,3,0,2,0,0,0,,\r\n"
                            "2026-04-01T02:00:00Z,3600,EUR,0,L4,,5,0,0,0,0,0,,,0,0,,,,,,\r\n");
    CHECK(*cost::detail::parse_rows(rows_of(entry)) == entry);
}

TEST_CASE("cost: rows that are no entry are refused") {
    auto const whole = rows_of(orfeas_test::some_entry(2));
    auto const line = whole.substr(0, whole.find('\n') + 1);
    auto const with = [&](std::string const& from, std::string const& to) {
        auto text = whole;
        auto const at = text.find(from);
        REQUIRE(at != std::string::npos);
        return text.replace(at, from.size(), to);
    };
    CHECK_FALSE(cost::detail::parse_rows(""));
    CHECK_FALSE(cost::detail::parse_rows("x"));
    CHECK_FALSE(cost::detail::parse_rows(with("\r\n", ",7\r\n"))); // a column more
    CHECK_FALSE(cost::detail::parse_rows(with("2026-", "2026/")));
    CHECK_FALSE(cost::detail::parse_rows(with("-03-31T02", "-02-31T02"))); // no such day
    CHECK_FALSE(cost::detail::parse_rows(with("T02:", "T24:")));
    CHECK_FALSE(cost::detail::parse_rows(with(",3600,", ",0,")));
    CHECK_FALSE(cost::detail::parse_rows(with(",3600,", ",3601,"))); // of one row only
    CHECK_FALSE(cost::detail::parse_rows(with("EUR,,,,,,,,,,,,", "EUR,,,,,,,,,,,,x")));
    CHECK_FALSE(cost::detail::parse_rows(whole + "\"open"));
    CHECK(cost::detail::parse_rows(line));
}

TEST_CASE("cost: times in UTC come back, also before the epoch and in leap years") {
    using namespace std::chrono;
    for (auto const day :
         {sys_days{2024y / 2 / 29}, sys_days{1969y / 12 / 31}, sys_days{1970y / 1 / 1}, sys_days{2099y / 7 / 4}}) {
        wall_time const time = wall_time{day} + 23h + 59min + 58s;
        INFO(cost::detail::utc_text(time));
        CHECK(*cost::detail::parse_utc(cost::detail::utc_text(time)) == time);
    }
    for (char const* text :
         {"2026-1-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:60:00Z", "2026-01-01 00:00:00Z",
          "-026-01-01T00:00:00Z", "2026-01-01T00:00:60Z", "2026-13-01T00:00:00Z"}) {
        INFO(text);
        CHECK_FALSE(cost::detail::parse_utc(text));
    }
}
