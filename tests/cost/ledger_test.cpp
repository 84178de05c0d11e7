// SPDX-License-Identifier: MIT
#include "cost/ledger_entries.hpp"
#include "support/catch.hpp"

#include <orfeas/cost/ledger.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace orfeas;
using cost::ledger;
using cost::ledger_entry;
using orfeas_test::some_entry;

namespace {

using entries = std::vector<ledger_entry>;

template<class Ledger>
entries opened(Ledger& from) {
    entries found;
    REQUIRE_FALSE(from.open([&](ledger_entry const& each) { found.push_back(each); }));
    return found;
}

entries first(int count) {
    entries made;
    for (int i = 0; i < count; ++i) {
        made.push_back(some_entry(i));
    }
    return made;
}

/// A ledger of so many entries, and how long it was after each.
struct full_ledger {
    std::string bytes;
    std::vector<std::size_t> ends{0};

    explicit full_ledger(int count) {
        ledger book{memory_storage{}};
        opened(book);
        for (auto const& each : first(count)) {
            REQUIRE_FALSE(book.append(each));
            ends.push_back(book.storage().bytes.size());
        }
        bytes = book.storage().bytes;
    }
};

std::string csv_of(std::string const& bytes) {
    ledger book{memory_storage{bytes}};
    opened(book);
    std::string text;
    auto const into = [&](std::string_view piece) { text.append(piece); };
    REQUIRE_FALSE(book.write_csv(into));
    return text;
}

} // namespace

TEST_CASE("cost: a ledger that is cut at any byte gives back all committed entries, and goes on") {
    constexpr int count = 5;
    full_ledger const all{count};
    auto const written = first(count);
    int whole = 0;
    for (std::size_t cut = 0; cut <= all.bytes.size(); ++cut) {
        whole += whole < count && all.ends[static_cast<std::size_t>(whole) + 1] == cut ? 1 : 0;
        auto expected = first(whole);
        ledger book{memory_storage{all.bytes.substr(0, cut)}};
        INFO("cut at " << cut);
        REQUIRE(opened(book) == expected);
        REQUIRE_FALSE(book.report().is_damaged());
        REQUIRE_FALSE(book.append(some_entry(77)));
        expected.push_back(some_entry(77));
        ledger again{book.storage()};
        REQUIRE(opened(again) == expected);
        REQUIRE(again.unreadable() == 0);
        REQUIRE(again.report().tail == record_tail::whole);
    }
}

TEST_CASE("cost: a damaged ledger loses the entry that is hit, and tells") {
    full_ledger const all{4};
    for (std::size_t at = 0; at < all.ends[3]; at += 3) { // what hits the header hits no entry
        auto bytes = all.bytes;
        bytes[at] ^= 4;
        ledger book{memory_storage{bytes}};
        auto const found = opened(book);
        INFO("byte " << at);
        REQUIRE(found.size() >= 3);
        REQUIRE(book.report().is_damaged());
        REQUIRE(book.report().missing_records == 1);
        REQUIRE(found.back() == some_entry(3));
    }
}

TEST_CASE("cost: a ledger is exported as CSV") {
    full_ledger const all{4};
    auto const text = csv_of(all.bytes);
    CHECK(text.starts_with("begin,seconds,"));
    csv_reader rows{text};
    std::vector<std::string> row;
    std::size_t count = 0;
    std::size_t columns = 0;
    for (; rows.next(row); ++count) {
        columns = count == 0 ? row.size() : columns;
        CHECK(row.size() == columns);
    }
    CHECK(rows.good());
    CHECK(count == 1 + 4 + 0 + 1 + 2 + 0); // a header, a row a service, and one a device
    CHECK(csv_of("") == cost::detail::ledger_header());
    cost::ledger closed{memory_storage{all.bytes}};
    std::string nothing;
    CHECK(closed.write_csv([&](std::string_view piece) { nothing.append(piece); }) == record_log_error::not_open);
    CHECK(nothing.empty());
}

TEST_CASE("cost: a ledger of other columns, and what is none, are refused and left alone") {
    record_log other{memory_storage{}};
    REQUIRE_FALSE(other.open());
    REQUIRE_FALSE(other.append("begin,end\r\n"));
    ledger book{other.storage()};
    auto const ignore = [](ledger_entry const&) {};
    CHECK(book.open(ignore) == cost::ledger_error::other_layout);
    CHECK(book.append(some_entry(1)) == record_log_error::not_open);
    CHECK(book.storage().bytes == other.storage().bytes);
    record_log chatter{memory_storage{}};
    REQUIRE_FALSE(chatter.open());
    REQUIRE_FALSE(chatter.append("hello"));
    ledger of_chatter{chatter.storage()};
    CHECK(of_chatter.open(ignore) == cost::ledger_error::other_layout);
    ledger of_text{memory_storage{"some text"}};
    CHECK(of_text.open(ignore) == record_log_error::foreign_log);
    CHECK(std::error_code{cost::ledger_error::other_layout}.message().find("columns") != std::string::npos);
    ledger unopened{memory_storage{}};
    CHECK(unopened.append(some_entry(1)) == record_log_error::not_open);
}
