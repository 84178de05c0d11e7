// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/head_parser.hpp>
#include <orfeas/serve/insight_api.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>

using namespace orfeas;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

http::request asking(std::string const& query) {
    http::request q;
    auto const parsed = http::head_parser{}.parse("GET /" + query + " HTTP/1.1\r\nHost: localhost\r\n\r\n", q);
    REQUIRE(parsed.outcome == http::head_parser::state::complete);
    return q;
}

wall_time at_second(int s) {
    return wall_time{std::chrono::seconds{s}};
}

observe::anomaly found(std::uint64_t id, std::string key, int begin, int end, bool is_active) {
    observe::anomaly made;
    made.id = id;
    made.key = std::move(key);
    made.unit = unit::milliseconds;
    made.family = detect::anomaly_family::spike;
    made.is_active = is_active;
    made.begin = at_second(begin);
    made.end = at_second(end);
    made.score = 0.9;
    made.value = 812;
    made.low = 20;
    made.high = 45;
    made.expected = 30;
    made.confidence = 0.75;
    return made;
}

observe::anomaly_report some() {
    observe::anomaly_report made;
    made.anomalies = {found(3, "p95", 300, 310, true), found(2, "depth", 200, 205, false),
                      found(1, "p95", 100, 101, false)};
    made.total = 3;
    made.active = 1;
    made.series = 2;
    made.warm = 2;
    return made;
}

json listed(std::string const& query) {
    auto const answer = serve::anomalies(some(), asking(query));
    CHECK(answer.status() == http::status::ok);
    return json::parse(answer.body().text());
}

std::vector<int> ids(std::string const& query) {
    std::vector<int> all;
    auto const answer = listed(query);
    for (auto const& each : answer["anomalies"]) {
        all.push_back(each["id"]);
    }
    return all;
}

observe::prediction_report foreseen() {
    observe::prediction_report made;
    made.time = at_second(500);
    observe::memory_prediction memory;
    memory.key = "memory_allocated_bytes{component=\"pool\"}";
    memory.used = 0.6;
    memory.critical = 0.9;
    memory.estimate.reason = forecast::abstention::none;
    memory.estimate.minutes = 18;
    memory.estimate.low = 9;
    memory.estimate.high = 29;
    memory.estimate.confidence = 0.8;
    memory.estimate.cleanup_advised = true;
    memory.alert = {4, forecast::alert_phase::continues, 0.8};
    memory.record.raised = 4;
    memory.past.push_back({.id = 4, .time = 480s, .minutes = 20, .outcome = forecast::alert_outcome::open});
    memory.trend = forecast::trend{.direction = forecast::trend_direction::degrading, .change_per_cent = 12};
    made.memory.push_back(memory);
    memory.key = "quiet";
    memory.estimate = {};
    made.memory.push_back(memory);
    observe::value_prediction ratio;
    ratio.key = "cache_hit_ratio";
    ratio.unit = unit::ratio;
    ratio.value = 0.7;
    ratio.horizon = 1'800s;
    ratio.expected = forecast::prediction{0.6, 0.5, 0.7, 0.8};
    ratio.rating = "fair";
    ratio.past.push_back({.made = 100s, .due = 200s, .point = 0.6, .outcome = forecast::forecast_outcome::open});
    ratio.past.push_back(
        {.made = 0s, .due = 100s, .point = 0.6, .actual = 0.65, .outcome = forecast::forecast_outcome::within});
    made.values.push_back(ratio);
    ratio.expected = {};
    made.values.push_back(ratio);
    made.advice.push_back({forecast::advice::clean_up_memory, "quiet", "a sentence", 0.8});
    made.health = forecast::health_score{}.assess({.memory_use = 0.95});
    return made;
}

} // namespace

TEST_CASE("serve: anomalies are told with their reason, newest first") {
    auto const all = listed("");
    CHECK(all["total"] == 3);
    CHECK(all["active"] == 1);
    CHECK(all["series"] == 2);
    REQUIRE(all["anomalies"].size() == 3);
    auto const& first = all["anomalies"][0];
    CHECK(first["id"] == 3);
    CHECK(first["series"] == "p95");
    CHECK(first["family"] == "spike");
    CHECK(first["active"] == true);
    CHECK(first["begin"] == 300);
    CHECK(first["end"] == 310);
    CHECK(first["unit"] == "milliseconds");
    CHECK(first["reason"] == "p95 was 812 ms where 20 ms to 45 ms is usual (spike)");
}

TEST_CASE("serve: anomalies are chosen by state, series, time and number") {
    CHECK(ids("?active=yes") == std::vector{3});
    CHECK(ids("?active=no") == std::vector{2, 1});
    CHECK(ids("?series=p95") == std::vector{3, 1});
    CHECK(ids("?since=150") == std::vector{3, 2});
    CHECK(ids("?limit=1") == std::vector{3});
    CHECK_THROWS_AS(listed("?active=maybe"), http::problem_error);
    CHECK_THROWS_AS(listed("?limit=0"), http::problem_error);
    CHECK_THROWS_AS(listed("?since=x"), http::problem_error);
}

TEST_CASE("serve: predictions are told with their records, and what is not known is null") {
    auto const answer = serve::predictions(foreseen());
    auto const all = json::parse(answer.body().text());
    CHECK(all["time"] == 500);
    CHECK(all["health"]["score"] < 100);
    CHECK(all["health"]["terms"][0]["name"] == "memory_use");
    auto const& memory = all["memory"][0];
    CHECK(memory["state"] == "approaching");
    CHECK(memory["minutes"] == 18);
    CHECK(memory["cleanup_advised"] == true);
    CHECK(memory["alert"] == 4);
    CHECK(memory["trend"]["direction"] == "degrading");
    CHECK(memory["record"]["raised"] == 4);
    CHECK(memory["past"][0]["outcome"] == "open");
    CHECK(all["memory"][1]["state"] == "warming");
    CHECK(all["memory"][1]["minutes"].is_null());
    auto const& ratio = all["values"][0];
    CHECK(ratio["expected"]["point"] == 0.6);
    CHECK(ratio["expected"]["rating"] == "fair");
    CHECK(ratio["horizon_seconds"] == 1'800);
    CHECK(ratio["trend"].is_null());
    CHECK(ratio["past"][0]["actual"].is_null());
    CHECK(ratio["past"][1]["actual"] == 0.65);
    CHECK(all["values"][1]["expected"].is_null());
    CHECK(all["advice"][0]["text"] == "a sentence");
}

TEST_CASE("serve: a frame tells of active anomalies and predictions, without the past") {
    auto const text = serve::frame_insights({some().anomalies[0]}, foreseen());
    auto const all = json::parse("{" + text + "}");
    CHECK(all["anomalies"].size() == 1);
    CHECK(all["predictions"]["memory"][0]["minutes"] == 18);
    CHECK_FALSE(all["predictions"]["memory"][0].contains("past"));
    CHECK_FALSE(all["predictions"]["values"][0].contains("record"));
}

TEST_CASE("serve: the coarser tiers are told by series and tier") {
    observe::history frames{4};
    observe::coarse_history kept;
    for (int s = 0; s < 120; ++s) {
        frames.begin_frame(at_second(6'000 + s));
        for (std::string const key : {"x", "y"}) {
            frames.set(key, s, [&] { return observe::series{{}, key, {}, measurement_kind::gauge, unit::none, {}}; });
        }
        kept.take(frames);
    }
    auto const fine = json::parse(serve::coarse_history(kept, asking("?series=x&since=6060")).body().text());
    CHECK(fine["step_seconds"] == 10);
    REQUIRE(fine["series"].size() == 1);
    auto const& x = fine["series"]["x"];
    CHECK(x["timestamp"][0] == 6'060);
    CHECK(x["min"][0] == 60);
    CHECK(x["mean"][0] == 64.5);
    CHECK(x["max"][0] == 69);
    CHECK(x["count"] == json::array({10, 10, 10, 10, 10, 10}));
    auto const coarse = json::parse(serve::coarse_history(kept, asking("?tier=coarse")).body().text());
    CHECK(coarse["step_seconds"] == 60);
    CHECK(coarse["series"].size() == 2);
    CHECK_THROWS_AS(serve::coarse_history(kept, asking("?tier=none")), http::problem_error);
}
