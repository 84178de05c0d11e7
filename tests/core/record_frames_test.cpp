// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/record_frames.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace orfeas;

namespace {

struct reading {
    std::vector<std::string> payloads;
    record_report report;
};

/// Reads the stream in pieces of at most `piece` bytes.
reading read(std::string const& stream, std::size_t piece = 7, std::size_t largest = 1'000) {
    record_frame_reader reader{largest};
    reading made;
    auto const all = [&] {
        while (auto const record = reader.next()) {
            made.payloads.emplace_back(record->payload);
        }
    };
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        reader.feed(std::string_view{stream}.substr(at, piece));
        all();
    }
    reader.finish();
    all();
    made.report = reader.report();
    return made;
}

std::vector<std::string> const texts{"first", "", "a line\nand another", std::string(300, 'x'), "@orfeas ", "last"};

struct stream_of_records {
    std::string bytes;
    std::vector<std::size_t> ends{0}; // of the first n records

    explicit stream_of_records(std::vector<std::string> const& payloads = texts) {
        for (auto const& each : payloads) {
            append_record(bytes, ends.size() - 1, each);
            ends.push_back(bytes.size());
        }
    }
};

} // namespace

TEST_CASE("core: records are read back from pieces of any size") {
    stream_of_records const all;
    for (std::size_t const piece : {1U, 2U, 7U, 50U, 10'000U}) {
        auto const got = read(all.bytes, piece);
        CHECK(got.payloads == texts);
        CHECK(got.report.records == texts.size());
        CHECK(got.report.committed_bytes == all.bytes.size());
        CHECK(got.report.next_sequence == texts.size());
        CHECK(got.report.tail == record_tail::whole);
        CHECK_FALSE(got.report.is_damaged());
    }
    CHECK(all.bytes.starts_with("@orfeas 0000000000000000 00000005 "));
    CHECK(read("").report == record_report{});
}

TEST_CASE("core: a stream of records that is cut at any byte gives back all whole ones") {
    stream_of_records const all;
    for (std::size_t cut = 0; cut <= all.bytes.size(); ++cut) {
        auto const whole =
            static_cast<std::size_t>(std::upper_bound(all.ends.begin(), all.ends.end(), cut) - all.ends.begin() - 1);
        for (std::size_t const zeros : {0U, 1U, 600U}) {
            auto const got = read(all.bytes.substr(0, cut) + std::string(zeros, '\0'));
            INFO("cut at " << cut << ", then " << zeros << " zeros");
            REQUIRE(got.payloads == std::vector<std::string>(texts.begin(), texts.begin() + static_cast<int>(whole)));
            REQUIRE(got.report.committed_bytes == all.ends[whole]);
            bool const is_whole = cut == all.ends[whole] && zeros == 0;
            REQUIRE(got.report.tail == (is_whole ? record_tail::whole : record_tail::torn));
            REQUIRE_FALSE(got.report.is_damaged());
        }
    }
}

TEST_CASE("core: a changed byte costs one record, and is told") {
    stream_of_records const all;
    std::size_t const last = all.ends[all.ends.size() - 2];
    for (std::size_t at = 0; at < last; ++at) {
        for (unsigned const flip : {1U, 0x20U, 0x80U}) {
            auto changed = all.bytes;
            changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ flip);
            auto const hit =
                static_cast<std::size_t>(std::upper_bound(all.ends.begin(), all.ends.end(), at) - all.ends.begin() - 1);
            auto expected = texts;
            expected.erase(expected.begin() + static_cast<int>(hit));
            auto const got = read(changed);
            INFO("byte " << at << " xor " << flip);
            REQUIRE(got.payloads == expected);
            REQUIRE(got.report.damaged_places == 1);
            REQUIRE(got.report.first_damage == all.ends[hit]);
            REQUIRE(got.report.damaged_bytes == all.ends[hit + 1] - all.ends[hit]);
            REQUIRE(got.report.missing_records == 1);
            REQUIRE(got.report.is_damaged());
        }
    }
}

TEST_CASE("core: a damaged end is told apart from a torn one") {
    stream_of_records const all;
    auto changed = all.bytes;
    changed[changed.size() - 3] = 'X';
    auto const got = read(changed);
    CHECK(got.payloads.size() == texts.size() - 1);
    CHECK(got.report.tail == record_tail::damaged);
    CHECK(got.report.tail_bytes() == all.ends.back() - all.ends[texts.size() - 1]);
    CHECK(read("something else").report.tail == record_tail::damaged);
    CHECK(read(all.bytes + "@orfeas 00zz").report.tail == record_tail::damaged);
    CHECK(to_string(got.report.tail) == "damaged");
}

TEST_CASE("core: records that are missing, repeated or too large are told") {
    std::string bytes;
    append_record(bytes, 4, "four"); // a log may begin with any number
    append_record(bytes, 5, "five");
    append_record(bytes, 5, "five again");
    append_record(bytes, 9, "nine");
    auto const got = read(bytes);
    CHECK(got.payloads == std::vector<std::string>{"four", "five", "nine"});
    CHECK(got.report.missing_records == 3 + 4); // 0 to 3 and 6 to 8
    CHECK(got.report.damaged_places == 1);      // the repetition
    append_record(bytes, 10, std::string(1'001, 'x'));
    append_record(bytes, 11, "eleven");
    CHECK(read(bytes).payloads.back() == "eleven");
    CHECK(read(bytes).report.damaged_places == 2);
}

TEST_CASE("core: damage of many kinds never gives a record that was not written") {
    std::mt19937 random{2};
    stream_of_records const all;
    for (int i = 0; i < 3'000; ++i) {
        auto bytes = all.bytes;
        for (auto left = 1 + random() % 4; left > 0; --left) {
            auto const at = random() % bytes.size();
            switch (random() % 3) {
            case 0:
                bytes[at] = static_cast<char>(random());
                break;
            case 1:
                bytes.erase(at, random() % 60);
                break;
            default:
                bytes.insert(at, all.bytes.substr(random() % all.bytes.size(), random() % 60));
            }
            bytes.append(bytes.empty() ? "x" : "");
        }
        auto const got = read(bytes, 1 + random() % 100);
        INFO("case " << i << ", seed 2");
        std::size_t at = 0;
        for (auto const& each : got.payloads) { // a subsequence
            while (at < texts.size() && texts[at] != each) {
                ++at;
            }
            REQUIRE(at < texts.size());
            ++at;
        }
        bool const is_told = got.report.is_damaged() || got.report.tail != record_tail::whole;
        REQUIRE((got.payloads.size() == texts.size() || is_told || got.report.committed_bytes < all.bytes.size()));
    }
}
