// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/trace/chrome_json.hpp>
#include <orfeas/trace/stored_trace.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace trace = orfeas::trace;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

trace::stored_span span(std::uint64_t id, std::uint64_t parent, std::chrono::nanoseconds start,
                        std::chrono::nanoseconds duration) {
    trace::stored_span made;
    made.id = {id};
    made.parent = {parent};
    made.name = "s" + std::to_string(id);
    made.start = start;
    made.duration = duration;
    return made;
}

trace::stored_trace whole(std::vector<trace::stored_span> spans) {
    trace::stored_trace made;
    made.summary.id = {1, 2};
    made.summary.service = "studio";
    made.summary.start = orfeas::wall_time{std::chrono::seconds{1'700'000'000}};
    made.spans = std::move(spans);
    return made;
}

json events(trace::stored_trace const& from, std::string const& phase) {
    json found = json::array();
    auto const document = json::parse(trace::chrome_json(from));
    for (auto const& each : document["traceEvents"]) {
        if (each["ph"] == phase) {
            found.push_back(each);
        }
    }
    return found;
}

std::map<std::string, int> lanes(trace::stored_trace const& from) {
    std::map<std::string, int> all;
    for (auto const& each : events(from, "X")) {
        all[each["name"]] = each["tid"];
    }
    return all;
}

} // namespace

TEST_CASE("trace: a span is a complete event with its attributes as arguments") {
    auto one = span(0x10, 0, 0ns, 2500us);
    one.attributes = {{"bytes", std::int64_t{7}}, {"ratio", 0.5}, {"cached", true}, {"path", std::string{"/a \"b\""}}};
    one.status = trace::span_status::error;
    one.failure = "no room";
    one.kind = trace::span_kind::server;
    trace::stored_event event;
    event.name = "retried";
    event.time = 1us;
    event.attributes = {{"attempt", std::int64_t{2}}};
    one.events.push_back(event);
    auto const document = json::parse(trace::chrome_json(whole({one})));
    CHECK(document["displayTimeUnit"] == "ns");
    CHECK(document["otherData"]["trace_id"] == "00000000000000010000000000000002");
    CHECK(document["otherData"]["start"] == 1'700'000'000);

    auto const all = events(whole({one}), "X");
    REQUIRE(all.size() == 1);
    CHECK(all[0]["name"] == "s16");
    CHECK(all[0]["cat"] == "server");
    CHECK(all[0]["ts"] == 0);
    CHECK(all[0]["dur"] == 2500);
    CHECK(all[0]["args"]["bytes"] == 7);
    CHECK(all[0]["args"]["ratio"] == 0.5);
    CHECK(all[0]["args"]["cached"] == true);
    CHECK(all[0]["args"]["path"] == "/a \"b\"");
    CHECK(all[0]["args"]["span"]["id"] == "0000000000000010");
    CHECK(all[0]["args"]["span"]["status"] == "error");
    CHECK(all[0]["args"]["span"]["failure"] == "no room");
    auto const instants = events(whole({one}), "i");
    REQUIRE(instants.size() == 1);
    CHECK(instants[0]["name"] == "retried");
    CHECK(instants[0]["ts"] == 1);
    CHECK(instants[0]["tid"] == all[0]["tid"]);
    CHECK(instants[0]["args"]["attempt"] == 2);
    auto const names = events(whole({one}), "M");
    REQUIRE(names.size() == 2);
    CHECK(names[0]["args"]["name"] == "studio");
}

TEST_CASE("trace: children are in their parent's lane, siblings that overlap are not in one") {
    auto const all = lanes(whole({span(1, 0, 0us, 100us), span(2, 1, 10us, 30us), span(3, 2, 12us, 5us),
                                  span(4, 1, 20us, 30us), span(5, 4, 22us, 5us), span(6, 1, 60us, 10us)}));
    CHECK(all.at("s1") == 1);
    CHECK(all.at("s2") == 1);
    CHECK(all.at("s3") == 1);
    CHECK(all.at("s4") == 2);
    CHECK(all.at("s5") == 2);
    CHECK(all.at("s6") == 1);
}

TEST_CASE("trace: work that outlives its parent has a lane of its own, and lanes are used again") {
    auto const all = lanes(whole({span(1, 0, 0us, 50us), span(2, 1, 40us, 40us), span(3, 9, 90us, 5us)}));
    CHECK(all.at("s1") == 1);
    CHECK(all.at("s2") == 2);
    CHECK(all.at("s3") == 1);
}

TEST_CASE("trace: a trace without spans is a document without complete events") {
    CHECK(events(whole({}), "X").empty());
}

TEST_CASE("trace: in any trace, spans of a lane nest below their ancestors or follow one another") {
    std::uint32_t const seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random{seed};
    for (int round = 0; round < 100; ++round) {
        std::vector<trace::stored_span> spans;
        for (std::uint64_t id = 1; id <= 40; ++id) {
            auto const parent = id == 1 ? 0 : 1 + random() % (id - 1);
            spans.push_back(
                span(id, parent, std::chrono::microseconds{random() % 100}, std::chrono::microseconds{random() % 50}));
        }
        auto const is_ancestor = [&](std::uint64_t upper, std::uint64_t lower) {
            while (lower != 0 && lower != upper) {
                lower = spans[lower - 1].parent.value;
            }
            return lower == upper;
        };
        auto const lane = lanes(whole(spans));
        REQUIRE(lane.size() == spans.size());
        for (auto const& a : spans) {
            for (auto const& b : spans) {
                if (a.id == b.id || lane.at(a.name) != lane.at(b.name)) {
                    continue;
                }
                bool const apart = a.start + a.duration <= b.start || b.start + b.duration <= a.start;
                bool const inside = a.start <= b.start && a.start + a.duration >= b.start + b.duration;
                bool const around = b.start <= a.start && b.start + b.duration >= a.start + a.duration;
                bool const nested =
                    (inside && is_ancestor(a.id.value, b.id.value)) || (around && is_ancestor(b.id.value, a.id.value));
                if (!apart && !nested) {
                    FAIL(a.name << " and " << b.name << " overlap in a lane");
                }
            }
        }
    }
    SUCCEED("no overlap");
}
