// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/serve/frame_json.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <string>

using namespace orfeas;
using nlohmann::json;

namespace {

/// Three frames of two series; the second series begins with the second frame.
observe::history three_frames() {
    observe::history kept{10};
    for (std::uint64_t s = 1; s <= 3; ++s) {
        kept.begin_frame(wall_time{std::chrono::seconds{100 + s}});
        kept.set("a", static_cast<double>(s), [] { return observe::series{"", "a", {}, {}, unit::bytes, "An a."}; });
        if (s == 1) {
            continue;
        }
        kept.set("b{x=\"1,2\"}", 0.5,
                 [] { return observe::series{"", "b", {{"x", "1,2"}}, measurement_kind::counter, unit::ratio, ""}; });
    }
    return kept;
}

json message(serve::backfill earlier, serve::metric_filter const& filter = {}, std::uint64_t skipped = 0) {
    return json::parse(serve::frame_message(skipped, serve::frame_tail(three_frames(), filter, "b00", earlier)));
}

} // namespace

TEST_CASE("serve: a live message holds the newest frame and no history") {
    auto const frame = message({});
    CHECK(frame["type"] == "metrics_update");
    CHECK(frame["seq"] == 3);
    CHECK(frame["boot_id"] == "b00");
    CHECK(frame["timestamp"] == 103.0);
    CHECK(frame["skipped"] == 0);
    CHECK(frame["data"] == json{{"a", 3.0}, {"b{x=\"1,2\"}", 0.5}});
    CHECK(frame["history"].is_null());
}

TEST_CASE("serve: a first message brings the kept frames as columns, with null where there was no value") {
    auto const history = message({true, 0})["history"];
    CHECK(history["seq"] == json{1, 2, 3});
    CHECK(history["timestamp"] == json{101.0, 102.0, 103.0});
    CHECK(history["data"]["a"] == json{1.0, 2.0, 3.0});
    CHECK(history["data"]["b{x=\"1,2\"}"] == json{nullptr, 0.5, 0.5});
}

TEST_CASE("serve: a client that comes back gets only what it lacks") {
    CHECK(message({true, 2})["history"]["seq"] == json{3});
    CHECK(message({true, 3})["history"]["seq"] == json::array());
}

TEST_CASE("serve: a filter applies to the frame and to the history") {
    serve::metric_filter filter;
    filter.subscribe("a");
    auto const frame = message({true, 0}, filter, 7);
    CHECK(frame["data"] == json{{"a", 3.0}});
    CHECK(frame["history"]["data"].size() == 1);
    CHECK(frame["skipped"] == 7);
}

TEST_CASE("serve: the history as JSON document and as CSV") {
    auto const document = json::parse(serve::history_json(three_frames(), 1, "b00"));
    CHECK(document["boot_id"] == "b00");
    CHECK(document["history"]["seq"] == json{2, 3});
    CHECK(serve::history_csv(three_frames(), 0) == "seq,timestamp,a,\"b{x=\"\"1,2\"\"}\"\r\n"
                                                   "1,101,1,\r\n"
                                                   "2,102,2,0.5\r\n"
                                                   "3,103,3,0.5\r\n");
    CHECK(serve::history_csv(observe::history{3}, 0) == "seq,timestamp\r\n");
}

TEST_CASE("serve: the list of series tells what each means") {
    auto const list = json::parse(serve::series_json(three_frames()))["series"];
    REQUIRE(list.size() == 2);
    CHECK(list[0] == json{{"key", "a"},
                          {"name", "a"},
                          {"labels", json::object()},
                          {"kind", "gauge"},
                          {"unit", "bytes"},
                          {"help", "An a."},
                          {"value", 3.0}});
    CHECK(list[1]["labels"] == json{{"x", "1,2"}});
    CHECK(list[1]["kind"] == "counter");
}
