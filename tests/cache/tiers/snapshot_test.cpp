// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/tiers/snapshot.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using orfeas::cache::detail::append_snapshot_record;
using orfeas::cache::detail::snapshot_reader;

namespace {

using records = std::vector<std::pair<std::string, std::string>>;

records const three{{"a", "first"}, {"", std::string(1'000, '\0')}, {"c", ""}};

std::string snapshot_of(records const& all) {
    std::string made;
    for (auto const& [key, envelope] : all) {
        append_snapshot_record(made, key, envelope);
    }
    return made;
}

records read(std::string const& snapshot, std::uint64_t* unreadable = nullptr) {
    records all;
    snapshot_reader reader{snapshot};
    while (auto const record = reader.next()) {
        all.emplace_back(record->key, record->envelope);
    }
    if (unreadable != nullptr) {
        *unreadable = reader.unreadable();
    }
    return all;
}

} // namespace

TEST_CASE("cache: a snapshot gives its records back in their order") {
    CHECK(read(snapshot_of(three)) == three);
    CHECK(read("").empty());
}

TEST_CASE("cache: of a snapshot that was cut off at any byte the whole records are read") {
    auto const whole = snapshot_of(three);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::uint64_t unreadable = 0;
        auto const got = read(whole.substr(0, size), &unreadable);
        REQUIRE(got.size() < three.size());
        REQUIRE(std::equal(got.begin(), got.end(), three.begin()));
        std::size_t const read_bytes = snapshot_of(got).size();
        REQUIRE(unreadable == (read_bytes == size ? 0 : 1));
    }
}

TEST_CASE("cache: a changed byte costs its record, or where it is a length what follows, and nothing is made up") {
    auto const whole = snapshot_of(three);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
        std::uint64_t unreadable = 0;
        for (auto const& each : read(damaged, &unreadable)) {
            REQUIRE(std::find(three.begin(), three.end(), each) != three.end());
        }
        REQUIRE(unreadable > 0);
    }
}
