// SPDX-License-Identifier: MIT
#include "alert/scene.hpp"
#include "support/catch.hpp"

#include <orfeas/alert/engine.hpp>

#include <chrono>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using alert::event_kind;
using alert::match_kind;
using alert::severity;

namespace {

std::vector<alert::rule> rules() {
    return {{.name = "full",
             .expr = "x",
             .levels = {{severity::warning, 85, 80}, {severity::critical, 95}},
             .pending_for = 3s},
            {.name = "slow", .expr = "rate(y[10s]) > 2", .keep_firing_for = 5s},
            {.name = "gone", .expr = "absent(z)", .at = severity::info}};
}

alert_scene three_rules() {
    alert_scene made{rules()};
    made.add("x", {{"pool", "a"}});
    made.add("x", {{"pool", "b"}});
    made.add("y");
    made.add("z");
    return made;
}

std::vector<std::byte> saved(alert::engine const& of) {
    std::vector<std::byte> bytes;
    of.save(bytes);
    return bytes;
}

} // namespace

TEST_CASE("the history says what happened, when, and why", "[alert]") {
    auto a = three_rules();
    a.set({90, 0, 0, 0});
    for (int i = 0; i < 4; ++i) {
        a.step();
    }
    auto const id = a.only().fingerprint;
    a.engine.acknowledge(id, "ann", "more memory ordered", a.now + 1h);
    a.set({0, 0, 0, 0});
    a.step();
    auto const& all = a.engine.history();
    REQUIRE(all.size() == 4);
    CHECK(all[0].kind == event_kind::pending);
    CHECK(all[1].kind == event_kind::fired);
    CHECK(all[1].reason == "90 is above 85 for 3s");
    CHECK(all[2].kind == event_kind::acknowledged);
    CHECK(all[2].reason == "ann acknowledged it: more memory ordered");
    CHECK(all[3].kind == event_kind::resolved);
    CHECK(all[3].number == 4);
    CHECK(all[3].time == a.now);
}

TEST_CASE("the history is bounded and goes on counting", "[alert]") {
    alert_scene a{{{.name = "r", .expr = "x > 0"}}, {.kept_events = 3}};
    a.add("x");
    for (int i = 0; i < 10; ++i) {
        a.set({static_cast<double>(i % 2)});
        a.step();
    }
    CHECK(a.engine.history().size() == 3);
    CHECK(a.engine.history().back().number == 9);
}

TEST_CASE("the worst alert is first", "[alert]") {
    auto a = three_rules();
    a.set({90, 99, 0, alert::frame::absent});
    for (int i = 0; i < 4; ++i) {
        a.step();
    }
    auto const all = a.engine.alerts();
    REQUIRE(all.size() == 3);
    CHECK(all[0].at == severity::critical);
    CHECK(all[1].at == severity::warning);
    CHECK(all[2].at == severity::info);
}

TEST_CASE("rules are added and taken away one by one", "[alert]") {
    alert_scene a{{{.name = "r", .expr = "x > 0"}}};
    a.engine.add(alert::rule{.name = "s", .expr = "x > 1"});
    CHECK_THROWS_AS(a.engine.add(alert::rule{.name = "s", .expr = "x > 1"}), alert::rule_error);
    CHECK(a.engine.rules().size() == 2);
    CHECK(a.engine.remove_rule("r"));
    CHECK_FALSE(a.engine.remove_rule("r"));
    CHECK(a.engine.rules().size() == 1);
}

TEST_CASE("what may not be acknowledged", "[alert]") {
    auto a = three_rules();
    a.set({90, 0, 0, 0});
    a.step();
    auto const id = a.only().fingerprint;
    CHECK_FALSE(a.engine.acknowledge(id, "ann", "", a.now + 1h)); // pending
    CHECK_FALSE(a.engine.acknowledge(1, "ann", "", a.now + 1h));
    CHECK_THROWS_AS(a.engine.acknowledge(id, "", "", a.now + 1h), std::invalid_argument);
    CHECK_THROWS_AS(a.engine.acknowledge(id, "ann", "", a.now), std::invalid_argument);
}

TEST_CASE("an engine says how it fares as metrics", "[alert]") {
    auto a = three_rules();
    a.set({90, 99, 0, alert::frame::absent});
    for (int i = 0; i < 4; ++i) {
        a.step();
    }
    std::map<std::string, double> told;
    a.engine.measure([&](orfeas::measurement const& each) {
        std::string name{each.name};
        told[name + (each.labels.empty() ? "" : std::string{each.labels[0].value})] = each.value;
    });
    CHECK(told.at("alerts_firingwarning") == 1);
    CHECK(told.at("alerts_firingcritical") == 1);
    CHECK(told.at("alerts_firinginfo") == 1);
    CHECK(told.at("alert_notifications_waiting") == 0);
    CHECK(told.at("alert_events_total") == 5);
}

TEST_CASE("saved at any frame, loaded and continued equals uninterrupted, but for windows", "[alert]") {
    std::mt19937 random{5};
    auto plain = alert_scene{rules()};
    for (auto const* const name : {"x", "z"}) {
        plain.add(name);
    }
    auto restarted = alert_scene{rules()};
    for (auto const* const name : {"x", "z"}) {
        restarted.add(name);
    }
    for (int i = 0; i < 3'000; ++i) {
        double const value = random() % 5 == 0 ? 100.0 * static_cast<double>(random() % 3) / 2 : plain.values[0];
        for (auto* const each : {&plain, &restarted}) {
            each->set({value, i % 400 < 350 ? 1.0 : alert::frame::absent});
            each->step(20s);
        }
        if (i % 50 == 7) {
            for (auto* const each : {&plain, &restarted}) {
                for (auto const& of : each->engine.alerts()) {
                    each->engine.acknowledge(of.fingerprint, "ann", "", each->now + 200s);
                }
            }
        }
        if (i % 70 == 9) {
            for (auto* const each : {&plain, &restarted}) {
                each->engine.add({.matchers = {{"alertname", match_kind::equal, "full"}},
                                  .author = "ann",
                                  .begin = each->now + 50s,
                                  .end = each->now + 300s});
            }
        }
        if (i % 3 == 0) {
            auto const bytes = saved(restarted.engine);
            restarted.engine = alert::engine{};
            restarted.engine.set_rules(rules());
            restarted.engine.add(alert::route{.name = "people"});
            REQUIRE(restarted.engine.load(bytes));
            REQUIRE(saved(restarted.engine) == bytes);
        }
        REQUIRE(restarted.news() == plain.news());
        REQUIRE(restarted.ids == plain.ids);
    }
    CHECK(plain.ids.size() > 100);
    CHECK(saved(plain.engine) == saved(restarted.engine));
}

TEST_CASE("a notification that was not taken before a restart is handed over after it, with the same id", "[alert]") {
    auto a = three_rules();
    a.engine.add(alert::route{.name = "pager"});
    a.set({0, 0, 0, alert::frame::absent});
    a.step();
    auto const id = a.engine.next("pager")->id;
    alert::engine again;
    again.set_rules(rules());
    REQUIRE(again.load(saved(a.engine)));
    REQUIRE(again.next("pager") != nullptr); // though nobody has asked for it yet
    CHECK(again.next("pager")->id == id);
    again.add(alert::route{.name = "pager"});
    CHECK(again.delivered("pager", id));
    CHECK(again.next("pager") == nullptr);
}

TEST_CASE("alerts go on where their rules are set after what was saved was taken up", "[alert]") {
    auto a = three_rules();
    a.set({90, 0, 0, 0});
    for (int i = 0; i < 4; ++i) {
        a.step();
    }
    a.engine.acknowledge(a.only().fingerprint, "ann", "", a.now + 1h);
    auto const bytes = saved(a.engine);
    a.engine = alert::engine{};
    REQUIRE(a.engine.load(bytes));
    for (auto const& each : rules()) {
        a.engine.add(each);
    }
    a.step();
    REQUIRE(a.engine.alerts().size() == 1);
    CHECK(a.only().acknowledged->author == "ann");
    CHECK(a.engine.history().back().kind == event_kind::acknowledged);
}

TEST_CASE("what was saved under larger bounds is cut to those of now", "[alert]") {
    alert_scene a{{{.name = "r", .expr = "x > 0"}}, {.warning_cooldown = 0s}};
    a.add("x");
    a.engine.add(alert::route{.name = "pager"});
    for (int i = 0; i < 20; ++i) {
        a.set({static_cast<double>(i % 2)});
        a.step();
    }
    alert::engine small{{.kept_events = 5, .most_waiting = 3}};
    REQUIRE(small.load(saved(a.engine)));
    CHECK(small.history().size() == 5);
    CHECK(small.history().back().number == a.engine.history().back().number);
    std::vector<std::string> ids;
    while (auto const* next = small.next("pager")) {
        ids.push_back(next->id);
        CHECK(small.delivered("pager", next->id)); // its own id, as one writes it
    }
    CHECK(ids == std::vector<std::string>(a.ids.end() - 3, a.ids.end()));
}

TEST_CASE("damaged bytes are refused, and change nothing", "[alert]") {
    auto a = three_rules();
    a.engine.add(
        {.matchers = {{"alertname", match_kind::pattern, "f.*"}}, .author = "ann", .begin = a.now, .end = a.now + 1h});
    a.set({99, 90, 0, alert::frame::absent});
    for (int i = 0; i < 5; ++i) {
        a.step();
    }
    auto const bytes = saved(a.engine);
    auto b = three_rules();
    auto const before = saved(b.engine);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        REQUIRE_FALSE(b.engine.load(std::span{bytes}.first(size)));
        REQUIRE(saved(b.engine) == before);
    }
    std::mt19937 random{3};
    for (int i = 0; i < 20'000; ++i) { // whatever comes of it, nothing breaks
        auto damaged = bytes;
        damaged[random() % damaged.size()] = static_cast<std::byte>(random());
        if (b.engine.load(damaged)) {
            b.set({99, 90, 0, 0});
            b.step();
        }
    }
}

TEST_CASE("ids of notifications differ, also between runs", "[alert]") {
    std::set<std::string> ids;
    for (int run = 0; run < 20; ++run) {
        alert_scene a{{{.name = "r", .expr = "x > 0"}}};
        a.add("x");
        a.now += run * 1h;
        for (int i = 0; i < 20; ++i) {
            a.set({static_cast<double>(i % 2)});
            a.step(20min);
        }
        ids.insert(a.ids.begin(), a.ids.end());
    }
    CHECK(ids.size() == 20 * 19);
}

TEST_CASE("of frames without a steady time, none has passed when the clock is set back", "[alert]") {
    alert_scene a{{{.name = "high", .expr = "x > 1", .pending_for = 10s}}};
    a.add("x");
    a.set({2});
    a.step();
    a.step(5s);
    a.now -= 24h;
    a.step(0s);
    CHECK(a.only().state == alert::alert_state::pending);
    CHECK(a.engine.now() == a.now);
    CHECK(a.has_changed); // the times are others: to be saved
    a.step(4s);
    CHECK(a.only().state == alert::alert_state::pending);
    a.step(1s);
    CHECK(a.only().state == alert::alert_state::firing);
    CHECK(a.only().fired_at == a.now);
    CHECK(a.only().active_at == a.now - 10s);
}

TEST_CASE("an acknowledgement ends when the clock says so, and began when it did", "[alert]") {
    alert_scene a{{{.name = "high", .expr = "x > 1"}}};
    a.add("x");
    a.set({2});
    a.step();
    a.engine.acknowledge(a.only().fingerprint, "anna", "", a.now + 1h);
    auto const until = a.now + 1h;
    a.now -= 2h;
    a.step(0s);
    REQUIRE(a.only().acknowledged);
    CHECK(a.only().acknowledged->at == a.now);
    CHECK(a.only().acknowledged->until == until);
    a.step(3h);
    CHECK_FALSE(a.only().acknowledged);
}
