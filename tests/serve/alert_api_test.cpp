// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/http/head_parser.hpp>
#include <orfeas/observe/sampler.hpp>
#include <orfeas/serve/alert_api.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// Two queues under watch of one rule with levels, and one rule that waits.
struct watched {
    watched() {
        sampler.add_source([this](measurement_sink sink) {
            for (auto const& [name, value] : {std::pair{"a", first}, std::pair{"b", second}}) {
                label const labels[] = {{"queue", name}};
                sink({"queue_length", measurement_kind::gauge, unit::none, value, labels, ""});
            }
        });
        sampler.add_listener([this](observe::history const& frames) { watch.take(frames); });
        watch.set_rules({{.name = "long_queue",
                          .expr = "queue_length",
                          .levels = {{alert::severity::warning, 5, 4}, {alert::severity::critical, 50}},
                          .annotations = {{"summary", "{{ $value }} wait in <{{ $labels.queue }}>"}}},
                         {.name = "patient",
                          .expr = "sum(queue_length) / count(queue_length) > 5",
                          .at = alert::severity::info,
                          .pending_for = 1h}});
    }

    void step(int seconds = 1) {
        for (int i = 0; i < seconds; ++i) {
            clock.advance(1s);
            sampler.sample();
        }
    }

    /// The first alert of a rule.
    std::string id_of(std::string const& rule) const {
        for (auto const& each : watch.alerts()) {
            if (each.rule == rule) {
                return alert::alert_id(each.fingerprint);
            }
        }
        return {};
    }

    manual_clock clock;
    observe::alert_watch watch;
    observe::sampler<manual_clock> sampler{{.history_size = 10}, clock};
    double first = 0;
    double second = 0;
};

http::request asking(std::string const& query = "", std::string const& body = "", std::string const& id = "") {
    http::request q;
    auto const parsed = http::head_parser{}.parse("GET /" + query + " HTTP/1.1\r\nHost: localhost\r\n\r\n", q);
    REQUIRE(parsed.outcome == http::head_parser::state::complete);
    auto const owner = std::make_shared<std::string const>(body);
    q.set_body({std::as_bytes(std::span{*owner}), owner});
    q.set_path_parameters({{"id", id}});
    return q;
}

json told(http::response const& answer) {
    return json::parse(answer.body().text());
}

/// The status that an action is refused with, and the field that is named.
std::pair<int, std::string> refusal(std::function<void()> const& action) {
    try {
        action();
    } catch (http::problem_error const& refused) {
        auto const document = json::parse(refused.problem().json());
        return {static_cast<int>(document["status"]), document.value("field", "")};
    }
    return {0, ""};
}

using refused = std::pair<int, std::string>;

json const maintenance = {{"matchers", {{{"name", "queue"}, {"value", "a|c"}, {"isRegex", true}}}},
                          {"author", "ann"},
                          {"comment", "a new disk"},
                          {"duration_seconds", 60}};

} // namespace

TEST_CASE("serve: active alerts are told with all that is known of them, the worst first", "[alert]") {
    watched a;
    a.first = 6;
    a.second = 60;
    a.step();
    auto const all = told(serve::active_alerts(a.watch, asking()));
    CHECK(all["time"] == unix_seconds(a.watch.now()));
    CHECK(all["firing"] == json{{"info", 0}, {"warning", 1}, {"critical", 1}});
    CHECK(all["pending"] == 1);
    REQUIRE(all["active"].size() == 3);
    auto const& worst = all["active"][0];
    CHECK(worst["id"] == a.id_of("long_queue"));
    CHECK(worst["rule"] == "long_queue");
    CHECK(worst["labels"]["queue"] == "b");
    CHECK(worst["annotations"]["summary"] == "60 wait in <b>");
    CHECK(worst["state"] == "firing");
    CHECK(worst["severity"] == "critical");
    CHECK(worst["value"] == 60);
    CHECK(worst["threshold"] == 50);
    CHECK(worst["reason"] == "60 is above 50");
    CHECK(worst["active_at"] == all["time"]);
    CHECK(worst["fired_at"] == all["time"]);
    for (auto const* flag : {"is_recovering", "is_silenced", "is_inhibited"}) {
        CHECK(worst[flag] == false);
    }
    CHECK(worst["acknowledged"].is_null());
    auto const& waits = all["active"][2];
    CHECK(waits["state"] == "pending");
    CHECK(waits["threshold"].is_null());
    CHECK(waits["fired_at"].is_null());
    CHECK(told(serve::active_alerts(a.watch, asking("?limit=1")))["active"].size() == 1);
    CHECK(told(serve::active_alerts(a.watch, asking("?limit=1")))["pending"] == 1);
    CHECK(refusal([&] { serve::active_alerts(a.watch, asking("?limit=0")); }) == refused{400, "limit"});
}

TEST_CASE("serve: a frame tells of the worst alerts, and of how many there are", "[alert]") {
    watched a;
    CHECK(json::parse("{" + serve::frame_alerts(a.watch.alerts()) + "}")["alerts"]["active"].empty());
    a.first = 6;
    a.step();
    auto alerts = a.watch.alerts();
    REQUIRE(alerts.size() == 1);
    alerts.resize(500, alerts[0]);
    auto const many = json::parse("{" + serve::frame_alerts(alerts) + "}")["alerts"];
    CHECK(many["firing"]["warning"] == 500);
    CHECK(many["active"].size() == 100);
}

TEST_CASE("serve: rules are told with what they look at and what came of them", "[alert]") {
    watched a;
    a.first = 6;
    a.step();
    auto const rules = told(serve::alert_rules(a.watch))["rules"];
    REQUIRE(rules.size() == 2);
    CHECK(rules[0]["name"] == "long_queue");
    CHECK(rules[0]["expr"] == "queue_length");
    CHECK(rules[0]["metrics"] == json{"queue_length"});
    CHECK(rules[0]["levels"][0] == json{{"severity", "warning"}, {"threshold", 5.0}, {"clear", 4.0}});
    CHECK(rules[0]["levels"][1]["clear"].is_null());
    CHECK(rules[0]["bad"] == "above");
    CHECK(rules[0]["series"] == 2);
    CHECK(rules[0]["firing"] == 1);
    CHECK(rules[0]["problem"] == "");
    CHECK(rules[1]["metrics"] == json{"queue_length"});
    CHECK(rules[1]["severity"] == "info");
    CHECK(rules[1]["pending_for_seconds"] == 3'600);
}

TEST_CASE("serve: history goes on after an event, newest last, and is bounded", "[alert]") {
    watched a;
    for (int i = 0; i < 4; ++i) {
        a.first = i % 2 == 0 ? 6 : 0;
        a.step();
    }
    auto const all = told(serve::alert_history(a.watch, asking()))["events"];
    REQUIRE(all.size() == 4);
    CHECK(all[0]["kind"] == "fired");
    CHECK(all[3]["kind"] == "resolved");
    CHECK(all[3]["alert"]["ended_at"] == all[3]["time"]);
    CHECK(all[3]["alert"]["fired_at"] == all[2]["time"]);
    CHECK(all[3]["reason"] != "");
    auto const later = told(serve::alert_history(a.watch, asking("?after=2")))["events"];
    REQUIRE(later.size() == 2);
    CHECK(later[0]["number"] == 3);
    auto const newest = told(serve::alert_history(a.watch, asking("?limit=1")))["events"];
    REQUIRE(newest.size() == 1);
    CHECK(newest[0]["number"] == 4);
    CHECK(told(serve::alert_history(a.watch, asking("?after=18446744073709551615")))["events"].empty());
    CHECK(refusal([&] { serve::alert_history(a.watch, asking("?limit=20000")); }) == refused{400, "limit"});
}

TEST_CASE("serve: an alert is acknowledged for as long as it says, and that is taken back", "[alert]") {
    watched a;
    a.first = 6;
    a.step();
    auto const id = a.id_of("long_queue");
    auto const body = json{{"author", "ann"}, {"comment", "on it"}, {"duration_seconds", 90}}.dump();
    auto const made = told(serve::acknowledge_alert(a.watch, asking("", body, id)));
    CHECK(made["id"] == id);
    CHECK(made["acknowledged"]["author"] == "ann");
    CHECK(made["acknowledged"]["comment"] == "on it");
    CHECK(made["acknowledged"]["until"] == unix_seconds(a.watch.now() + 90s));
    auto const shown = told(serve::active_alerts(a.watch, asking()))["active"][0]["acknowledged"];
    CHECK(shown == made["acknowledged"]);
    CHECK(told(serve::alert_history(a.watch, asking("?limit=1")))["events"][0]["kind"] == "acknowledged");

    CHECK(serve::withdraw_acknowledgement(a.watch, asking("?author=bob", "", id)).status() == http::status::no_content);
    CHECK_FALSE(a.watch.alerts()[0].acknowledged);
    CHECK(a.watch.events().back().reason == "bob took the acknowledgement back");
    auto const again = [&] { serve::withdraw_acknowledgement(a.watch, asking("", "", id)); };
    CHECK(refusal(again) == refused{404, "id"});

    CHECK(told(serve::acknowledge_alert(a.watch, asking("", R"({"author":"ann"})", id)))["acknowledged"]["until"] ==
          unix_seconds(a.watch.now() + 1h));
}

TEST_CASE("serve: what cannot be acknowledged, or not so, is refused by name", "[alert]") {
    watched a;
    auto const refused_by = [&](std::string const& id, std::string const& body) {
        return refusal([&] { serve::acknowledge_alert(a.watch, asking("", body, id)); });
    };
    CHECK(refused_by("0123456789abcdef", R"({"author":"ann"})") == refused{503, ""}); // no frame yet
    a.first = 12;
    a.step();
    auto const id = a.id_of("long_queue");
    CHECK(refused_by("0123456789abcdef", R"({"author":"ann"})") == refused{404, "id"});
    CHECK(refused_by("x", R"({"author":"ann"})") == refused{404, "id"});
    CHECK(refused_by(a.id_of("patient"), R"({"author":"ann"})") == refused{409, "id"});
    for (auto const* body : {"", "[]", "nothing", "{\"author\":\"ann\"", "\"\xff\""}) {
        CHECK(refused_by(id, body) == refused{400, "body"});
    }
    CHECK(refused_by(id, R"({"author":"ann","duration":60})") == refused{400, "duration"});
    for (auto const* author :
         {R"({})", R"({"author":null})", R"({"author":" "})", R"({"author":7})", R"({"author":"a\nb"})"}) {
        CHECK(refused_by(id, author) == refused{400, "author"});
    }
    CHECK(refused_by(id, json{{"author", std::string(101, 'a')}}.dump()) == refused{400, "author"});
    CHECK(refused_by(id, json{{"author", "a"}, {"comment", std::string(1'001, 'a')}}.dump()) ==
          refused{400, "comment"});
    for (auto const* time : {"0", "604801", "\"60\"", "true", "1e999"}) {
        CHECK(refused_by(id, R"({"author":"ann","duration_seconds":)" + std::string{time} + "}").first == 400);
    }
    CHECK_FALSE(a.watch.alerts()[0].acknowledged);
    for (auto const* author : {"?author=", "?author=a%0Ab"}) {
        CHECK(refusal([&] { serve::withdraw_acknowledgement(a.watch, asking(author, "", id)); }) ==
              refused{400, "author"});
    }
}

TEST_CASE("serve: a silence is added, shown in Alertmanager's words, and ended", "[alert]") {
    watched a;
    a.first = 6;
    a.step();
    auto const answer = serve::add_silence(a.watch, asking("", maintenance.dump()));
    CHECK(answer.status() == http::status::created);
    CHECK(answer.field("location") == "silences/1");
    auto const made = told(answer);
    CHECK(made["id"] == 1);
    CHECK(made["matchers"][0] == json{{"name", "queue"}, {"value", "a|c"}, {"isRegex", true}, {"isEqual", true}});
    CHECK(made["text"] == "{queue=~\"a|c\"}");
    CHECK(made["starts_at"] == unix_seconds(a.watch.now()));
    CHECK(made["ends_at"] == unix_seconds(a.watch.now() + 60s));
    CHECK(made["applies"] == true);
    a.step();
    CHECK(told(serve::active_alerts(a.watch, asking()))["active"][0]["is_silenced"] == true);

    json later = maintenance;
    later["matchers"] = "{alertname!=\"x\", queue=\"b\"}";
    later.erase("duration_seconds");
    later["starts_at"] = unix_seconds(a.watch.now() + 100s);
    later["ends_at"] = unix_seconds(a.watch.now() + 200s);
    CHECK(told(serve::add_silence(a.watch, asking("", later.dump())))["applies"] == false);
    auto const all = told(serve::silences(a.watch))["silences"];
    REQUIRE(all.size() == 2);
    CHECK(all[0] == made);
    CHECK(all[1]["matchers"].size() == 2);
    CHECK(all[1]["matchers"][0]["isEqual"] == false);

    CHECK(serve::end_silence(a.watch, asking("", "", "1")).status() == http::status::no_content);
    for (auto const* id : {"1", "", "x", "2x", "-2", "99999999999999999999"}) {
        CHECK(refusal([&] { serve::end_silence(a.watch, asking("", "", id)); }) == refused{404, "id"});
    }
    a.step();
    CHECK(told(serve::active_alerts(a.watch, asking()))["active"][0]["is_silenced"] == false);
}

TEST_CASE("serve: a silence that cannot be used is refused by name", "[alert]") {
    watched a;
    auto const refused_with = [&](std::string const& member, json const& value) {
        auto body = maintenance;
        body[member] = value;
        return refusal([&] { serve::add_silence(a.watch, asking("", body.dump())); });
    };
    CHECK(refused_with("author", "ann") == refused{503, ""}); // no frame yet
    a.step();
    refused const matchers{400, "matchers"};
    json const one = maintenance["matchers"][0];
    for (auto const& bad : std::vector<json>{nullptr,
                                             7,
                                             json::array(),
                                             "",
                                             "{}",
                                             "queue_length > 5",
                                             "{queue=\"a\"",
                                             json(std::string(4'001, 'a')),
                                             json(std::vector<json>(21, one)),
                                             {"text"},
                                             {{{"value", "a"}}},
                                             {{{"name", ""}, {"value", "a"}}},
                                             {{{"name", "queue"}, {"value", 7}}},
                                             {{{"name", "queue"}, {"kind", "="}}},
                                             {{{"name", "queue"}, {"value", "a"}, {"isRegex", "yes"}}},
                                             {{{"name", "queue"}, {"value", "[a]"}, {"isRegex", true}}},
                                             {{{"name", "queue"}, {"value", std::string(1'001, 'a')}}},
                                             {{{"name", "queue"}, {"value", ".*"}, {"isRegex", true}}}}) {
        CAPTURE(bad.dump());
        CHECK(refused_with("matchers", bad) == matchers);
    }
    CHECK(refused_with("author", "") == refused{400, "author"});
    CHECK(refused_with("comment", json::array()) == refused{400, "comment"});
    CHECK(refused_with("duration_seconds", 0) == refused{400, "duration_seconds"});
    CHECK(refused_with("duration_seconds", nullptr) == refused{400, "ends_at"});
    CHECK(refused_with("ends_at", unix_seconds(a.watch.now() + 9s)) == refused{400, "ends_at"}); // and a duration
    CHECK(refused_with("starts_at", 5e9) == refused{400, "starts_at"});
    CHECK(refused_with("created_by", "ann") == refused{400, "created_by"});
    auto body = maintenance;
    body.erase("duration_seconds");
    body["ends_at"] = unix_seconds(a.watch.now());
    CHECK(refusal([&] { serve::add_silence(a.watch, asking("", body.dump())); }) == refused{400, "ends_at"});
    CHECK(a.watch.silences().empty());
    for (std::uint32_t i = 0; i < alert::notifier_options{}.most_silences; ++i) {
        serve::add_silence(a.watch, asking("", maintenance.dump()));
    }
    CHECK(refusal([&] { serve::add_silence(a.watch, asking("", maintenance.dump())); }) == refused{409, ""});
}
