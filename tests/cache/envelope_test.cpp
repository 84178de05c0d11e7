// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/envelope.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace cache = orfeas::cache;
using namespace std::chrono_literals;
using cache::envelope_fault;
using cache::envelope_flags;
using cache::envelope_header;
using cache::envelope_view;
using cache::tag_stamp;
using orfeas::wall_time;

namespace {

wall_time const noon{std::chrono::milliseconds{1'700'000'000'123}};

std::string enclosed(std::string_view payload, std::vector<tag_stamp> const& tags = {},
                     envelope_flags flags = envelope_flags::none) {
    std::string bytes;
    cache::append_envelope(
        bytes,
        {.flags = flags, .created = noon, .soft_deadline = noon + 10min, .hard_deadline = noon + 1h, .tags = tags},
        payload);
    return bytes;
}

/// The bytes with a checksum that fits them again: what another release may have written.
std::string resealed(std::string bytes) {
    bytes.resize(bytes.size() - 8);
    auto const sum = orfeas::stable_hash64(bytes);
    for (int byte = 0; byte < 8; ++byte) {
        bytes.push_back(static_cast<char>(sum >> (8 * byte) & 0xff));
    }
    return bytes;
}

} // namespace

TEST_CASE("cache: an envelope gives back what was put into it") {
    std::vector<tag_stamp> const tags{{1, 2}, {0xffffffffffffffffU, 0x0123456789abcdefU}};
    auto const bytes = enclosed("the payload", tags, envelope_flags::compressed | envelope_flags::negative);
    envelope_view const view{bytes};
    REQUIRE(view.valid());
    CHECK(view.payload() == "the payload");
    CHECK(view.payload().data() > bytes.data()); // a view into the bytes, not a copy
    CHECK(view.payload().data() < bytes.data() + bytes.size());
    CHECK(view.created() == noon);
    CHECK(view.soft_deadline() == noon + 10min);
    CHECK(view.hard_deadline() == noon + 1h);
    CHECK(cache::has_flags(view.flags(), envelope_flags::compressed));
    CHECK(cache::has_flags(view.flags(), envelope_flags::negative));
    REQUIRE(view.tag_count() == 2);
    CHECK(view.tag(0) == tags[0]);
    CHECK(view.tag(1) == tags[1]);
}

TEST_CASE("cache: an envelope is laid out as documented, so that other releases can read it") {
    std::string bytes;
    std::array const tags{tag_stamp{0x1122334455667788U, 3}};
    cache::append_envelope(
        bytes,
        {.flags = envelope_flags::negative, .created = wall_time{258ms}, .soft_deadline = wall_time{1ms}, .tags = tags},
        "ab");
    std::string const head{"ORFC\x01\x02\x01\x00"
                           "\x02\x01\x00\x00\x00\x00\x00\x00"
                           "\x01\x00\x00\x00\x00\x00\x00\x00"
                           "\xff\xff\xff\xff\xff\xff\xff\x7f"
                           "\x02\x00\x00\x00\x00\x00\x00\x00"
                           "\x88\x77\x66\x55\x44\x33\x22\x11"
                           "\x03\x00\x00\x00\x00\x00\x00\x00"
                           "ab",
                           58};
    CHECK(bytes.size() == head.size() + 8);
    CHECK(bytes.substr(0, 58) == head);
    CHECK(bytes == resealed(bytes));
}

TEST_CASE("cache: an envelope without deadlines, tags and payload costs 48 bytes") {
    std::string bytes = "what stood there before";
    auto const before = bytes.size();
    cache::append_envelope(bytes, {}, "");
    CHECK(bytes.size() == before + 48);
    envelope_view const view{std::string_view{bytes}.substr(before)};
    REQUIRE(view.valid());
    CHECK(view.payload().empty());
    CHECK(view.tag_count() == 0);
    CHECK(view.soft_deadline() == wall_time::max());
    CHECK(view.hard_deadline() == wall_time::max());
}

TEST_CASE("cache: a payload is written in place, and a flag may come late") {
    std::string bytes = "x";
    cache::envelope_writer writer{bytes, {}};
    CHECK(writer.payload_begin() == bytes.size());
    bytes += "first, ";
    bytes += "second";
    writer.add(envelope_flags::compressed);
    writer.finish();
    envelope_view const view{std::string_view{bytes}.substr(1)};
    REQUIRE(view.valid());
    CHECK(view.payload() == "first, second");
    CHECK(view.flags() == envelope_flags::compressed);
}

TEST_CASE("cache: every changed byte of an envelope is found") {
    for (auto const& bytes : {enclosed("payload", {{7, 8}}), enclosed(""), enclosed(std::string(100, 'x'))}) {
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            for (unsigned change = 1; change < 256; ++change) {
                auto changed = bytes;
                changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ change);
                if (envelope_view{changed}.valid()) {
                    INFO("byte " << at << " changed by " << change);
                    REQUIRE_FALSE(envelope_view{changed}.valid());
                }
            }
        }
    }
}

TEST_CASE("cache: every truncation and every addition is found") {
    auto const bytes = enclosed("payload", {{7, 8}, {9, 10}});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        envelope_view const view{std::string_view{bytes}.substr(0, size)};
        CHECK(view.fault() == (size < 4 ? envelope_fault::foreign : envelope_fault::truncated));
        CHECK_FALSE(envelope_view{std::string_view{bytes}.substr(bytes.size() - size)}.valid());
    }
    CHECK(envelope_view{bytes + "x"}.fault() == envelope_fault::corrupted);
    CHECK(envelope_view{bytes + bytes}.fault() == envelope_fault::corrupted);
}

TEST_CASE("cache: foreign bytes are called foreign") {
    for (std::string_view const text :
         {"", "O", "ORF", "orfc", "{\"json\": true}", "ORFD\x01 and more of it, enough for a head"}) {
        CHECK(envelope_view{text}.fault() == envelope_fault::foreign);
    }
}

TEST_CASE("cache: versions and flags of other releases are called unknown") {
    for (char const version : {'\0', '\2', '\xff'}) {
        auto bytes = enclosed("payload");
        bytes[4] = version;
        CHECK(envelope_view{resealed(bytes)}.fault() == envelope_fault::unknown_version);
        CHECK(envelope_view{bytes}.fault() == envelope_fault::unknown_version);
    }
    auto flagged = enclosed("payload");
    flagged[5] = '\10'; // 8: of no release so far
    CHECK(envelope_view{resealed(flagged)}.fault() == envelope_fault::unknown_version);
    CHECK(envelope_view{flagged}.fault() == envelope_fault::corrupted);
}

TEST_CASE("cache: sizes that overflow or contradict are refused, even with a checksum that fits") {
    auto bytes = enclosed("payload", {{1, 2}});
    for (std::size_t at = 32; at < 40; ++at) {
        auto large = bytes;
        large[at] = '\xff';
        CHECK(envelope_view{resealed(large)}.fault() == envelope_fault::truncated);
    }
    auto small = bytes;
    small[32] = '\3';
    CHECK(envelope_view{resealed(small)}.fault() == envelope_fault::corrupted);
    auto tags = bytes;
    tags[7] = '\xff';
    CHECK(envelope_view{resealed(tags)}.fault() == envelope_fault::truncated);
}

TEST_CASE("cache: times that the clock cannot represent are its last or its first") {
    auto bytes = enclosed("");
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[8 + i] = i == 7 ? '\x80' : '\0';  // the least number
        bytes[16 + i] = i == 7 ? '\x7f' : '\0'; // beyond the last time
    }
    auto const sealed = resealed(bytes);
    envelope_view const view{sealed};
    REQUIRE(view.valid());
    CHECK(view.created() == wall_time::min());
    CHECK(view.soft_deadline() == wall_time::max());
    wall_time const early{-1500us}; // before 1970, and between two milliseconds
    std::string written;
    cache::append_envelope(written, {.created = early}, "");
    CHECK(envelope_view{written}.created() == wall_time{-2ms});
}

TEST_CASE("cache: random bytes behind the magic are never taken for an envelope") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = "ORFC\1";
        for (auto left = random() % 120; left > 0; --left) {
            bytes.push_back(random() % 3 == 0 ? static_cast<char>(random()) : '\0');
        }
        REQUIRE_FALSE(envelope_view{bytes}.valid());
    }
}

TEST_CASE("cache: faults have names") {
    CHECK(to_string(envelope_fault::none) == "none");
    CHECK(to_string(envelope_fault::unknown_version) == "unknown_version");
    CHECK(to_string(envelope_fault::corrupted) == "corrupted");
}
