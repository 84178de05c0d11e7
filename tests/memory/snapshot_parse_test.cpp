// SPDX-License-Identifier: MIT
#include "random.hpp"
#include "sample_snapshot.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/snapshot_parse.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

using namespace orfeas::memory;
using orfeas_test::contains;

namespace {

std::string written(memory_snapshot const& snapshot) {
    orfeas_test::string_sink sink;
    write_json_lines(snapshot, sink);
    return sink.text;
}

std::string error_of(std::string const& text) {
    try {
        parse_json_lines(text);
        return "none";
    } catch (snapshot_error const& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("memory: a snapshot is read as it was written") {
    auto sample = orfeas_test::sample_snapshot();
    sample.profile.time += std::chrono::microseconds{123'457};
    auto const text = written(sample);
    auto const read = parse_json_lines(text);
    CHECK(read.name == sample.name);
    CHECK(read.remaps);
    CHECK(read.events_lost == 3);
    CHECK(read.clock_ns == sample.clock_ns);
    CHECK(read.profile.time == sample.profile.time);
    CHECK(read.profile.pressure == memory_pressure::medium);
    CHECK(read.ranges == sample.ranges);
    CHECK(read.events == sample.events);
    REQUIRE(read.tags.size() == 2);
    CHECK(read.tags[0].lifetimes == sample.tags[0].lifetimes);
    CHECK(read.sites[0].function == sample.sites[0].function);
    CHECK(written(read) == text);

    auto const empty = written(memory_snapshot{});
    CHECK(written(parse_json_lines(empty)) == empty);
}

TEST_CASE("memory: names of any bytes are read back") {
    auto sample = orfeas_test::sample_snapshot();
    sample.name = "\x01\x1f\\\"/\t \u00e9\u20ac";
    CHECK(parse_json_lines(written(sample)).name == sample.name);
    auto text = written(memory_snapshot{});
    text.replace(text.find("\"name\":\"\""), 9, R"("name" : "\u0041\u00e9\u20ac\/\ud83d")");
    CHECK(parse_json_lines(text).name == "A\u00e9\u20ac/\ufffd");
}

TEST_CASE("memory: a text that is no snapshot is refused by line") {
    CHECK_THAT(error_of(""), contains("not complete"));
    CHECK_THAT(error_of("{\"type\":\"range\"}"), contains("line 1: a snapshot begins with its header"));
    CHECK_THAT(error_of("hello"), contains("line 1: not a line"));
    auto const text = written(orfeas_test::sample_snapshot());
    auto with = [&](std::string const& from, std::string const& to) {
        auto changed = text;
        changed.replace(changed.find(from), from.size(), to);
        return error_of(changed);
    };
    CHECK_THAT(with("\"version\":1", "\"version\":2"), contains("line 1: a version"));
    CHECK_THAT(with("\"whole_segment\":false", "\"whole_segment\":1"),
               contains("line 3: no usable member \"whole_segment\""));
    CHECK_THAT(with("\"stream\":0", "\"stream\":256"), contains("line 3: no usable member \"stream\""));
    CHECK_THAT(with("\"refuse\"", "\"refused\""), contains("no usable member \"kind\""));
    CHECK_THAT(error_of(text.substr(0, text.rfind("{"))), contains("not complete"));
    CHECK(error_of(text + "{\"type\":\"later\",\"x\":[1,{\"]\":2}],\"y\":null}\n") == "none");
    CHECK(error_of(text + "\n") == "none");
    CHECK(with("\"pressure\":", "\"strain\":") == "none"); // a member that the writer did not know
    CHECK_THAT(with("\"blocks\":", "\"bricks\":"), contains("not complete"));
}

TEST_CASE("memory: a damaged snapshot is refused or read, never more") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    auto const text = written(orfeas_test::sample_snapshot());
    for (int i = 0; i < 2000; ++i) {
        auto damaged = text;
        for (auto n = random() % 4; n > 0 && !damaged.empty(); --n) {
            auto const at = random() % damaged.size();
            switch (random() % 3) {
            case 0:
                damaged[at] = static_cast<char>(random() % 128);
                break;
            case 1:
                damaged.erase(at, random() % 9);
                break;
            default:
                damaged.resize(at + 1);
            }
        }
        error_of(damaged);
    }
    SUCCEED();
}
