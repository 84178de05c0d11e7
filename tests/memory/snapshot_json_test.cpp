// SPDX-License-Identifier: MIT
#include "sample_snapshot.hpp"
#include "support/catch.hpp"

#include <orfeas/memory/snapshot_json.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace orfeas::memory;
using orfeas_test::contains;

TEST_CASE("memory: a snapshot as JSON lines") {
    orfeas_test::string_sink sink;
    write_json_lines(orfeas_test::sample_snapshot(), sink);
    CHECK_THAT(sink.text,
               contains(R"({"type":"header","version":1,"name":"pool \"a\"\n","device":"null device",)"
                        R"("clock_ns":9000000000,"remaps":true,"events_lost":3,"ranges":2,"blocks":5,"tags":2,)"
                        R"("sites":1,"events":10})"
                        "\n"));
    CHECK_THAT(sink.text, contains(R"({"type":"range","address":139637976727552,"bytes":8192,"stream":0,)"
                                   R"("whole_segment":false})"
                                   "\n"));
    CHECK_THAT(sink.text, contains(R"({"type":"block","address":139637976727552,"bytes":2048,"requested_bytes":1700,)"
                                   R"("allocated_ns":1000000000,"state":"used","site":2,"tag":2,"stream":0})"));
    CHECK_THAT(sink.text, contains(R"({"type":"event","sequence":7,"time_ns":5000000000,"kind":"refuse","address":0,)"
                                   R"("bytes":2147483648,"related":4096,"site":2,"tag":0,"stream":0})"));
    CHECK_THAT(sink.text, contains(R"-("function":"load(<weights> & \"more\")")-"));
    std::size_t lines = 0;
    for (char const c : sink.text) {
        lines += c == '\n' ? 1U : 0U;
    }
    CHECK(lines == 2 + 2 + 5 + 2 + 1 + 10);
}

TEST_CASE("memory: a large snapshot comes in chunks of lines") {
    auto sample = orfeas_test::sample_snapshot();
    sample.events = orfeas_test::many_events(5000);
    std::string all;
    std::size_t chunks = 0;
    write_json_lines(sample, [&](std::string_view chunk) {
        CHECK(chunk.size() <= 65536);
        all.append(chunk);
        ++chunks;
    });
    CHECK(chunks > all.size() / 65536);
    CHECK(chunks < all.size() / 65536 + 4);
    CHECK_THAT(all, contains(R"({"type":"event","sequence":4999,)"));
}

TEST_CASE("memory: a long name fits into a line") {
    memory_snapshot sample{.name = std::string(200'000, 'x')};
    orfeas_test::string_sink sink;
    write_json_lines(sample, sink);
    CHECK_THAT(sink.text, contains("\"" + sample.name + "\""));
}

TEST_CASE("memory: what a sink throws passes through") {
    auto const full = [](std::string_view) { throw std::runtime_error{"disk full"}; };
    CHECK_THROWS_AS(write_json_lines(orfeas_test::sample_snapshot(), full), std::runtime_error);
}
