// SPDX-License-Identifier: MIT
#include "alert/scene.hpp"
#include "support/catch.hpp"

#include <orfeas/alert/notifier.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using alert::match_kind;
using alert::severity;
using words = std::vector<std::string>;
using Catch::Matchers::Contains;

namespace {

alert::rule levels(std::string name = "full") {
    return {.name = std::move(name), .expr = "x", .levels = {{severity::warning, 85}, {severity::critical, 95}}};
}

/// One rule of two levels over one series.
alert_scene full(alert::notifier_options options = {}) {
    alert_scene made{{levels()}, std::move(options)};
    made.add("x");
    return made;
}

void go(alert_scene& a, double value, std::chrono::nanoseconds after = 1s) {
    a.set({value});
    a.step(after);
}

} // namespace

TEST_CASE("an alert is told of once, and that it is over once", "[alert]") {
    auto a = full();
    go(a, 90);
    CHECK(a.news() == words{"fired full warning"});
    CHECK(a.has_changed);
    go(a, 91);
    CHECK_FALSE(a.has_changed);
    CHECK(a.news().empty());
    go(a, 0);
    CHECK(a.news() == words{"resolved full warning"});
    go(a, 0);
    CHECK(a.news().empty());
}

TEST_CASE("that it gets worse is told at once; that it gets better, after the cooldown", "[alert]") {
    auto a = full();
    go(a, 90);
    go(a, 96);
    CHECK(a.news() == words{"fired full warning", "worsened full critical"});
    go(a, 90);
    CHECK(a.news().empty());
    go(a, 90, 58s);
    CHECK(a.news().empty());
    go(a, 90);
    CHECK(a.news() == words{"eased full warning"});
}

TEST_CASE("an alert that flaps is told of ever more rarely, and worse ones still at once", "[alert]") {
    auto a = full({.warning_cooldown = 60s, .flap_window = 600s, .longest_cooldown = 300s});
    std::vector<int> told_at;
    for (int second = 0; second < 1'800; ++second) {
        go(a, second % 20 < 10 ? 90 : 0);
        for (auto const& each : a.news()) {
            if (each.starts_with("fired")) {
                told_at.push_back(second);
            }
        }
    }
    CHECK(told_at == std::vector<int>{0, 60, 180, 420, 720, 1'020, 1'320, 1'620});
    go(a, 0, 1s);
    a.news();
    go(a, 96);
    CHECK(a.news() == words{"fired full critical"});
}

TEST_CASE("without a cooldown all of an alert is told of, however often it flaps", "[alert]") {
    auto a = full({.warning_cooldown = 0s});
    for (int i = 0; i < 1'100; ++i) { // 2 to this power is infinite
        go(a, 90);
        go(a, 0);
        REQUIRE(a.news() == words{"fired full warning", "resolved full warning"});
    }
}

TEST_CASE("an alert that stayed away for longer than the flap window starts anew", "[alert]") {
    auto a = full({.warning_cooldown = 60s, .flap_window = 120s});
    go(a, 90);
    go(a, 0);
    go(a, 90, 59s);
    go(a, 0);
    go(a, 0, 300s);
    go(a, 90);
    go(a, 0);
    a.news();
    go(a, 90, 60s); // the plain cooldown
    CHECK(a.news() == words{"fired full warning"});
}

TEST_CASE("an alert that flaps for hours is told of once an hour, though cooldowns outlast the flap window",
          "[alert]") {
    auto a = full(); // 300 s, doubled up to 3,600 s; a flap window of 600 s
    std::vector<int> told_at;
    for (int second = 0; second < 20'000; ++second) {
        go(a, second % 20 < 10 ? 90 : 0);
        for (auto const& each : a.news()) {
            if (each.starts_with("fired")) {
                told_at.push_back(second);
            }
        }
    }
    CHECK(told_at == std::vector<int>{0, 300, 900, 2'100, 4'500, 8'100, 11'700, 15'300, 18'900});
}

TEST_CASE("an alert that came back within the flap window flaps, however long that was not told", "[alert]") {
    auto a = full({.warning_cooldown = 1'000s, .flap_window = 100s, .longest_cooldown = 10'000s});
    go(a, 90);
    go(a, 0);
    go(a, 90);
    go(a, 90, 1'000s);
    CHECK(a.news() == words{"fired full warning", "resolved full warning", "fired full warning"});
    go(a, 0);
    go(a, 90);
    a.news();
    go(a, 90, 1'500s);
    CHECK(a.news().empty()); // twice the cooldown
    go(a, 90, 500s);
    CHECK(a.news() == words{"fired full warning"});
}

TEST_CASE("an alert that goes back and forth between two levels is told of ever more rarely", "[alert]") {
    auto a = full({.critical_cooldown = 60s, .flap_window = 600s, .longest_cooldown = 3'600s});
    std::vector<int> worse_at;
    for (int second = 0; second < 10'000; ++second) {
        go(a, second % 20 < 10 ? 96 : 90);
        for (auto const& each : a.news()) {
            if (each.starts_with("worsened")) {
                worse_at.push_back(second);
            }
        }
    }
    CHECK(worse_at.size() < 10);
    go(a, 0, 4'000s);
    go(a, 0, 4'000s);
    a.news();
    go(a, 96);
    CHECK(a.news() == words{"fired full critical"});
}

TEST_CASE("an alert that goes on is reminded of", "[alert]") {
    auto a = full({.repeat_interval = 3'600s});
    go(a, 90);
    a.news();
    for (int i = 0; i < 3 * 3'600; ++i) {
        go(a, 90);
    }
    CHECK(a.news() == words{"reminder full warning", "reminder full warning", "reminder full warning"});
}

TEST_CASE("a silence keeps alerts quiet, and what still fires at its end is told of at once", "[alert]") {
    auto a = full();
    auto const id = a.engine.add(
        {.matchers = {{"alertname", match_kind::equal, "full"}}, .author = "ann", .begin = a.now, .end = a.now + 100s});
    go(a, 90);
    CHECK(a.news().empty());
    CHECK(a.only().is_silenced);
    go(a, 90, 98s);
    CHECK(a.news().empty());
    go(a, 90);
    CHECK(a.news() == words{"fired full warning"});
    CHECK_FALSE(a.only().is_silenced);
    CHECK(a.engine.silences().empty());
    CHECK_FALSE(a.engine.remove_silence(id));
}

TEST_CASE("what was told before a silence is told again after it, or that it is over within", "[alert]") {
    auto a = full();
    auto const silence = [&] {
        return a.engine.add({.matchers = {{"alertname", match_kind::equal, "full"}},
                             .author = "ann",
                             .begin = a.now,
                             .end = a.now + 1h});
    };
    go(a, 90);
    auto const id = silence();
    go(a, 90);
    CHECK(a.engine.remove_silence(id));
    go(a, 90);
    CHECK(a.news() == words{"fired full warning", "reminder full warning"});
    silence();
    go(a, 90);
    go(a, 0);
    CHECK(a.news() == words{"resolved full warning"});
}

TEST_CASE("a silence of the future waits, and others are not silenced", "[alert]") {
    alert_scene a{{levels("one"), levels("two")}, {.group_by = {}}};
    a.add("x");
    a.engine.add({.matchers = {{"alertname", match_kind::equal, "one"}},
                  .author = "ann",
                  .begin = a.now + 10s,
                  .end = a.now + 1h});
    go(a, 90);
    CHECK(a.news() == words{"fired one warning", "fired two warning"});
    go(a, 90, 20s);
    go(a, 96);
    CHECK(a.news() == words{"worsened two critical"});
}

TEST_CASE("a silence begins and ends in its frames, though nothing else changes", "[alert]") {
    auto a = full();
    a.engine.add(alert::silence{.matchers = {{"alertname", match_kind::equal, "full"}},
                                .author = "ann",
                                .begin = a.now + 10s,
                                .end = a.now + 20s});
    go(a, 90);
    for (int second = 2; second < 25; ++second) {
        go(a, 90);
        CHECK(a.only().is_silenced == (second >= 10 && second < 20));
    }
    CHECK(a.news() == words{"fired full warning", "reminder full warning"});
}

TEST_CASE("a silence that cannot be used is refused", "[alert]") {
    alert_scene a{{levels()}, {.most_silences = 1}};
    a.step();
    alert::silence const good{
        .matchers = {{"a", match_kind::equal, "b"}}, .author = "ann", .begin = a.now, .end = a.now + 1s};
    auto without_matcher = good;
    without_matcher.matchers.clear();
    CHECK_THROWS_WITH(a.engine.add(without_matcher), Contains("matcher"));
    auto without_author = good;
    without_author.author.clear();
    CHECK_THROWS_WITH(a.engine.add(without_author), Contains("author"));
    auto past = good;
    past.begin = a.now - 2s;
    past.end = a.now - 1s;
    CHECK_THROWS_WITH(a.engine.add(past), Contains("after now"));
    a.engine.add(good);
    CHECK_THROWS_WITH(a.engine.add(good), Contains("there are 1 silences"));
}

TEST_CASE("an acknowledged alert is quiet until it gets worse", "[alert]") {
    auto a = full();
    go(a, 90);
    a.news();
    auto const known_by = a.only().fingerprint;
    REQUIRE(a.engine.acknowledge(known_by, "ann", "on it", a.now + 24h));
    go(a, 90, 10h);
    CHECK(a.news().empty());
    CHECK(a.only().acknowledged->author == "ann");
    go(a, 96);
    CHECK(a.news() == words{"worsened full critical"});
    CHECK_FALSE(a.only().acknowledged);
    go(a, 0);
    CHECK(a.news() == words{"resolved full critical"});
    CHECK_FALSE(a.engine.acknowledge(known_by, "ann", "", a.now + 1h));
}

TEST_CASE("an acknowledgement runs out, or is taken back, and the alert is told of at once", "[alert]") {
    auto a = full();
    go(a, 90);
    a.news();
    auto const known_by = a.only().fingerprint;
    a.engine.acknowledge(known_by, "ann", "", a.now + 60s);
    go(a, 90, 30s);
    CHECK(a.news().empty());
    go(a, 90, 30s);
    CHECK(a.news() == words{"reminder full warning"});
    a.engine.acknowledge(known_by, "ann", "", a.now + 60s);
    go(a, 90);
    CHECK(a.engine.unacknowledge(known_by, "bob"));
    go(a, 90);
    CHECK(a.news() == words{"reminder full warning"});
    CHECK_FALSE(a.engine.unacknowledge(known_by, "bob"));
    CHECK(a.engine.history().back().reason == "bob took the acknowledgement back");
}

TEST_CASE("an alert that another explains is not told of until that is over", "[alert]") {
    alert_scene a{
        {{.name = "down", .expr = "down > 0", .at = severity::critical}, {.name = "slow", .expr = "slow > 0"}}};
    a.add("down", {{"server", "a"}});
    a.add("slow", {{"server", "a"}});
    a.add("slow", {{"server", "b"}});
    a.engine.set_inhibitions({{.source = {{"alertname", match_kind::equal, "down"}},
                               .target = {{"alertname", match_kind::equal, "slow"}},
                               .equal = {"server"}}});
    a.set({1, 1, 1});
    a.step();
    CHECK(a.news() == words{"fired down critical", "fired slow warning"}); // the other server's
    a.set({0, 1, 1});
    a.step();
    CHECK(a.news() == words{"resolved down critical", "fired slow warning"});
    a.set({1, 0, 0});
    a.step(400s);
    CHECK(a.news() == words{"fired down critical", "resolved slow warning", "resolved slow warning"});
}

TEST_CASE("alerts of one group are told of together, after a wait and no more often than allowed", "[alert]") {
    alert_scene a{{levels()}, {.group_wait = 2s, .group_interval = 10s}};
    a.add("x", {{"pool", "a"}});
    a.add("x", {{"pool", "b"}});
    a.add("x", {{"pool", "c"}});
    a.set({90, 0, 0});
    a.step();
    a.set({90, 90, 0});
    a.step();
    CHECK(a.ids.empty());
    a.step();
    CHECK(a.ids.size() == 1);
    CHECK(a.news() == words{"fired full warning", "fired full warning"});
    a.set({90, 90, 90});
    a.step(2s);
    a.step(2s);
    CHECK(a.news().empty());
    a.step(6s);
    CHECK(a.news() == words{"fired full warning"});
}

TEST_CASE("what was told to fire is told to be over, whatever happened between two notifications of its group",
          "[alert]") {
    auto a = full({.warning_cooldown = 0s, .critical_cooldown = 0s, .group_interval = 100s});
    a.engine.add(alert::route{.name = "pager", .at_least = severity::critical});
    go(a, 96);
    go(a, 0);
    go(a, 90); // and not critical
    go(a, 0);
    go(a, 0, 100s);
    CHECK(a.news() == words{"fired full critical", "resolved full critical"});
    a.engine.delivered("pager", std::string{a.engine.next("pager")->id});
    REQUIRE(a.engine.next("pager") != nullptr);
    CHECK(a.engine.next("pager")->news.at(0).kind == alert::news_kind::resolved);
    go(a, 90, 100s);
    go(a, 0);
    go(a, 90);
    go(a, 90, 100s);
    CHECK(a.news() == words{"fired full warning", "resolved full warning", "fired full warning"});
}

TEST_CASE("news of an alert are told in order, also where its severity is what groups it", "[alert]") {
    auto a = full({.group_by = {"severity"}, .group_wait = 10s});
    go(a, 90);
    go(a, 96);
    go(a, 96, 10s);
    CHECK(a.news() == words{"fired full critical"});
    go(a, 90, 60s);
    go(a, 0);
    go(a, 0, 10s);
    CHECK(a.news() == words{"resolved full warning"});
}

TEST_CASE("an alert that was over before its group was told of is not told of", "[alert]") {
    auto a = full({.group_wait = 5s});
    go(a, 90);
    go(a, 0);
    go(a, 0, 10s);
    CHECK(a.news().empty());
}

TEST_CASE("a receiver is told what is severe enough and matches, to the end of it", "[alert]") {
    alert_scene a{{levels("one"), levels("two")}};
    a.add("x");
    a.engine.add(alert::route{
        .name = "pager", .at_least = severity::critical, .matchers = {{"alertname", match_kind::equal, "one"}}});
    CHECK_FALSE(a.engine.add(alert::route{.name = "pager"}));
    go(a, 90);
    CHECK(a.engine.next("pager") == nullptr);
    go(a, 96);
    go(a, 90, 10s);
    go(a, 0);
    words kinds;
    while (auto const* next = a.engine.next("pager")) {
        REQUIRE(next->news.size() == 1);
        CHECK(next->news[0].alert.rule == "one");
        kinds.emplace_back(to_string(next->news[0].kind));
        auto const id = next->id;
        CHECK(a.engine.delivered("pager", id));
        CHECK_FALSE(a.engine.delivered("pager", id));
    }
    CHECK(kinds == words{"worsened", "resolved"});
    CHECK(a.engine.remove_route("pager"));
    CHECK_FALSE(a.engine.remove_route("pager"));
}

TEST_CASE("what is told shows the value of then", "[alert]") {
    auto rule = levels();
    rule.annotations = {{"summary", "{{ $value }}"}};
    alert_scene a{{rule}, {.repeat_interval = 60s}};
    a.add("x");
    std::vector<std::string> told;
    a.engine.add(alert::route{.name = "reader"});
    for (double const value : {90.0, 91.0, 92.0, 0.0}) {
        go(a, value, 60s);
        while (auto const* next = a.engine.next("reader")) {
            told.emplace_back(alert::value_of(next->news.at(0).alert.annotations, "summary"));
            a.engine.delivered("reader", next->id);
        }
    }
    CHECK(told == words{"90", "91", "92", "92"});
}

TEST_CASE("what a receiver does not take waits, up to a bound", "[alert]") {
    auto a = full({.most_waiting = 3});
    a.engine.add(alert::route{.name = "slow"});
    for (int i = 0; i < 5; ++i) {
        go(a, 90, 2h);
        go(a, 0);
    }
    std::vector<std::string> ids;
    while (auto const* next = a.engine.next("slow")) {
        ids.push_back(next->id);
        a.engine.delivered("slow", ids.back());
    }
    CHECK(ids == std::vector<std::string>(a.ids.end() - 3, a.ids.end()));
}

TEST_CASE("what a receiver does not take has a bound in bytes, too, but the newest always waits", "[alert]") {
    std::string const long_text(20'000, 'x');
    alert_scene a{{{.name = "full",
                    .expr = "x",
                    .levels = {{severity::warning, 85, 80}},
                    .annotations = {{"description", long_text}}}},
                  {.most_waiting_bytes = 64 << 10}};
    a.add("x");
    a.engine.add(alert::route{.name = "slow"});
    for (int i = 0; i < 20; ++i) {
        go(a, 90, 2h);
        go(a, 0);
    }
    std::vector<std::byte> saved;
    a.engine.save(saved);
    alert::engine later{{.kept_events = 1, .most_waiting_bytes = 64 << 10}};
    REQUIRE(later.load(saved));
    for (auto* const engine : {&a.engine, &later}) {
        std::vector<std::string> ids;
        while (auto const* next = engine->next("slow")) {
            ids.push_back(next->id);
            engine->delivered("slow", ids.back());
        }
        CHECK(ids == std::vector<std::string>(a.ids.end() - 3, a.ids.end())); // of 20 KB and a little each
    }

    alert_scene large{{{.name = "full", .expr = "x > 1", .annotations = {{"description", long_text + long_text}}},
                       {.name = "as_well", .expr = "x > 1", .annotations = {{"description", long_text + long_text}}}},
                      {.group_by = {}, .most_waiting_bytes = 64 << 10}};
    large.add("x");
    large.engine.add(alert::route{.name = "slow"});
    large.set({2});
    large.step();
    REQUIRE(large.engine.next("slow") != nullptr); // one of 80 KB
    CHECK(large.engine.next("slow")->news.size() == 2);
}
