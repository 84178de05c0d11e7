// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/evaluator.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using alert::alert_state;
using alert::severity;
using Catch::Matchers::Contains;

namespace {

/// Rules over one series that a test sets.
struct one_series {
    explicit one_series(alert::rule rule) {
        rules.set_rules({std::move(rule)});
        at = frame.add("x", {{"pool", "a"}});
    }

    /// What happened with a value, as words.
    std::string step(double value, std::chrono::seconds after = 1s) {
        now += after;
        frame.begin(now);
        frame.set(at, value);
        std::vector<alert::alert_event> events;
        rules.step(frame, events);
        std::string made;
        for (auto const& each : events) {
            made.append(made.empty() ? "" : " ").append(to_string(each.kind));
            last = each;
        }
        return made;
    }

    alert::evaluator rules;
    alert::frame frame;
    alert::frame::index at = 0;
    orfeas::wall_time now{1'000'000s};
    alert::alert_event last;
};

alert::rule two_levels() {
    return {.name = "full",
            .expr = "x",
            .levels = {{severity::warning, 85, 80}, {severity::critical, 95, 90}},
            .annotations = {{"summary", "{{ $labels.pool }} has {{ $value }} of {{ $threshold }}"}}};
}

} // namespace

TEST_CASE("an alert is pending, fires, is kept firing and is over", "[alert]") {
    one_series a{{.name = "high", .expr = "x > 1", .pending_for = 3s, .keep_firing_for = 2s}};
    CHECK(a.step(0).empty());
    CHECK(a.step(2) == "pending");
    CHECK(a.step(0) == "withdrawn");
    CHECK(a.step(2) == "pending");
    CHECK(a.step(2).empty());
    CHECK(a.step(2).empty());
    CHECK(a.step(3) == "fired");
    CHECK(a.last.reason == "3 by x > 1 for 3s");
    CHECK(a.step(0).empty());
    CHECK(a.rules.alerts().at(0).is_recovering);
    CHECK(a.step(2).empty()); // again
    CHECK_FALSE(a.rules.alerts().at(0).is_recovering);
    CHECK(a.step(0).empty());
    CHECK(a.step(0).empty());
    CHECK(a.step(0) == "resolved");
    CHECK(a.rules.alerts().empty());
    CHECK(a.last.alert.state == alert_state::resolved);
    CHECK(a.last.alert.ended_at == a.now);
}

TEST_CASE("one alert has the severity of its highest level, each with hysteresis", "[alert]") {
    one_series a{two_levels()};
    CHECK(a.step(85).empty()); // strictly above
    CHECK(a.step(86) == "fired");
    CHECK(a.last.alert.at == severity::warning);
    CHECK(a.last.reason == "86 is above 85");
    CHECK(a.last.alert.annotations == alert::label_set{{"summary", "a has 86 of 85"}});
    CHECK(alert::value_of(a.last.alert.labels, "severity") == "warning");
    auto const known_by = a.last.alert.fingerprint;
    CHECK(a.step(82).empty()); // above where it clears
    CHECK(a.step(96) == "worsened");
    CHECK(a.last.alert.at == severity::critical);
    CHECK(a.last.alert.fingerprint == known_by);
    CHECK(a.step(91).empty());
    CHECK(a.step(90) == "eased");
    CHECK(a.step(81).empty());
    CHECK(a.step(80) == "resolved");
    CHECK(a.last.reason == "80 is not above 80");
    CHECK(a.step(99) == "fired");
    CHECK(a.last.alert.at == severity::critical);
    CHECK(a.step(0) == "resolved");
}

TEST_CASE("levels of what is bad when low", "[alert]") {
    auto rule = two_levels();
    rule.levels = {{severity::info, 0.5, 0.6}, {severity::warning, 0.2}};
    rule.bad = alert::bad_side::below;
    one_series a{rule};
    CHECK(a.step(0.5).empty());
    CHECK(a.step(0.1) == "fired");
    CHECK(a.last.alert.at == severity::warning);
    CHECK(a.step(0.3) == "eased");
    CHECK(a.step(0.55).empty());
    CHECK(a.step(0.6) == "resolved");
}

TEST_CASE("an alert without a value ends, or stays where the rule says so", "[alert]") {
    auto rule = two_levels();
    one_series ends{rule};
    CHECK(ends.step(90) == "fired");
    CHECK(ends.step(alert::frame::absent) == "resolved");
    CHECK(ends.last.reason == "it has no value");
    rule.on_absence = alert::without_value::stays;
    one_series stays{rule};
    CHECK(stays.step(90) == "fired");
    CHECK(stays.step(alert::frame::absent).empty());
    CHECK(stays.rules.alerts().at(0).value == 90);
    CHECK(stays.step(10) == "resolved");
}

TEST_CASE("a series that goes ends its alert", "[alert]") {
    one_series a{two_levels()};
    CHECK(a.step(90) == "fired");
    a.frame.clear();
    a.at = a.frame.add("y", {});
    CHECK(a.step(1) == "resolved");
}

TEST_CASE("rules are replaced while alerts of those that stay go on", "[alert]") {
    one_series a{two_levels()};
    a.step(90);
    auto const since = a.rules.alerts().at(0).fired_at;
    auto higher = two_levels();
    higher.levels = {{severity::warning, 88}};
    a.rules.set_rules({higher, {.name = "other", .expr = "y > 1"}});
    CHECK(a.step(90).empty());
    CHECK(a.rules.alerts().at(0).fired_at == since);
    a.rules.set_rules({{.name = "other", .expr = "y > 1"}});
    CHECK(a.step(90) == "resolved");
    CHECK(a.last.reason == "its rule was taken away");
}

TEST_CASE("a rule whose levels change while it fires goes on with those that it has", "[alert]") {
    one_series a{two_levels()};
    CHECK(a.step(96) == "fired");
    auto rule = two_levels();
    rule.levels = {{severity::warning, 85}};
    a.rules.set_rules({rule});
    CHECK(a.step(96) == "eased");
    CHECK(a.last.alert.at == severity::warning);
    CHECK(a.last.alert.threshold == 85);
    rule.levels = {{severity::info, 70}, {severity::warning, 85}};
    rule.pending_for = 2s;
    a.rules.set_rules({rule});
    CHECK(a.step(96).empty()); // the warning goes on, though it is the second level now
    CHECK(a.rules.alerts().at(0).at == severity::warning);
    rule.levels = {{severity::critical, 99}};
    a.rules.set_rules({rule});
    CHECK(a.step(96) == "resolved");
    CHECK(a.rules.alerts().empty());
}

TEST_CASE("alerts of a rule that is switched off end, also where absence would keep them", "[alert]") {
    auto rule = two_levels();
    rule.on_absence = alert::without_value::stays;
    rule.keep_firing_for = 60s;
    one_series a{rule};
    CHECK(a.step(90) == "fired");
    rule.is_enabled = false;
    a.rules.set_rules({rule});
    CHECK(a.step(90) == "resolved");
    CHECK(a.last.reason == "its rule is switched off");
    CHECK(a.rules.alerts().empty());
}

TEST_CASE("alerts of a rule that cannot be applied to the series any more say so when they end", "[alert]") {
    one_series a{{.name = "r", .expr = "x + on(pool) y > 0"}};
    auto const y = a.frame.add("y", {{"pool", "a"}});
    a.frame.set(y, 1);
    a.now += 1s;
    a.frame.begin(a.now);
    a.frame.set(a.at, 1);
    a.frame.set(y, 1);
    std::vector<alert::alert_event> events;
    a.rules.step(a.frame, events);
    REQUIRE(events.size() == 1);
    a.frame.add("y", {{"pool", "a"}, {"tier", "l2"}});
    CHECK(a.step(1) == "resolved");
    CHECK_THAT(a.last.reason, Contains("its rule cannot be applied: character 3: several series"));
}

TEST_CASE("frames of different series may take turns", "[alert]") {
    alert::evaluator rules;
    rules.set_rules({{.name = "r", .expr = "x > 0"}});
    alert::frame first;
    first.set(first.add("x", {}), 0);
    first.add("y", {});
    alert::frame second;
    second.add("y", {});
    second.set(second.add("x", {}), 1);
    std::vector<alert::alert_event> events;
    rules.step(first, events);
    CHECK(events.empty());
    rules.step(second, events);
    CHECK(events.size() == 1);
}

TEST_CASE("a rule that is taken away and put back between two frames goes on", "[alert]") {
    one_series a{two_levels()};
    a.step(90);
    auto const since = a.rules.alerts().at(0).fired_at;
    auto const higher = [] {
        auto made = two_levels();
        made.levels = {{severity::warning, 88}};
        return made;
    }();
    a.rules.set_rules({});
    a.rules.set_rules({higher});
    CHECK(a.step(90).empty());
    CHECK(a.rules.alerts().at(0).fired_at == since);
}

TEST_CASE("a rule that cannot be used is refused with its name and field, and changes nothing", "[alert]") {
    one_series a{two_levels()};
    a.step(90);
    auto const refused = [&](alert::rule rule, char const* why) {
        std::vector<alert::rule> all{{.name = "good", .expr = "x > 1"}};
        all.push_back(std::move(rule));
        CHECK_THROWS_WITH(a.rules.set_rules(all), Contains(why));
    };
    refused({.name = "two words", .expr = "x"}, "'two words', alert:");
    refused({.name = "r", .expr = "x >"}, "rule 'r', expr: character 4");
    refused({.name = "r", .expr = "x", .levels = {{severity::warning, 2}, {severity::critical, 1}}}, "levels");
    refused({.name = "r", .expr = "x", .levels = {{severity::critical, 1}, {severity::warning, 2}}}, "levels");
    refused({.name = "r", .expr = "x", .levels = {{severity::warning, 1, 2}}}, "'clear'");
    refused({.name = "r", .expr = "x", .pending_for = -1s}, "for");
    refused({.name = "r", .expr = "x > 1", .on_absence = alert::without_value::stays}, "on_absence: needs levels");
    refused({.name = "r", .expr = "x", .labels = {{"alertname", "y"}}}, "labels.alertname");
    refused({.name = "r", .expr = "x", .labels = {{"team", "{{ $value }}"}}}, "plain texts");
    refused({.name = "r", .expr = "x", .annotations = {{"summary", "{{ $x }}"}}}, "annotations.summary");
    refused({.name = "good", .expr = "x > 2"}, "another rule has the same name");
    CHECK(a.rules.status().at(0).rule.name == "full");
    CHECK(a.step(90).empty());
}

TEST_CASE("rules of one name differ by their severity, as in rules files of Prometheus", "[alert]") {
    alert::evaluator rules;
    rules.set_rules({{.name = "r", .expr = "x > 1"}, {.name = "r", .expr = "x > 2", .at = severity::critical}});
    alert::frame frame;
    frame.set(frame.add("x", {}), 3);
    std::vector<alert::alert_event> events;
    rules.step(frame, events);
    REQUIRE(events.size() == 2);
    CHECK(events[0].alert.fingerprint != events[1].alert.fingerprint);
}

TEST_CASE("series that a rule cannot tell apart are its problem, not that of the others", "[alert]") {
    alert::evaluator rules;
    rules.set_rules({{.name = "ambiguous", .expr = "x / on(pool) y > 0"},
                     {.name = "hidden", .expr = "y > 0", .labels = {{"tier", "all"}}},
                     {.name = "good", .expr = "x > 0"}});
    alert::frame frame;
    frame.set(frame.add("x", {{"pool", "a"}}), 1);
    frame.set(frame.add("y", {{"pool", "a"}, {"tier", "l1"}}), 1);
    frame.set(frame.add("y", {{"pool", "a"}, {"tier", "l2"}}), 1);
    std::vector<alert::alert_event> events;
    rules.step(frame, events);
    CHECK(events.size() == 1);
    auto const status = rules.status();
    CHECK_THAT(status[0].problem, Contains("several series match"));
    CHECK_THAT(status[1].problem, Contains("hide"));
    CHECK(status[2].problem.empty());
    CHECK(status[2].firing == 1);
}

TEST_CASE("no more alerts of a rule than are allowed", "[alert]") {
    alert::evaluator rules{2};
    rules.set_rules({{.name = "r", .expr = "x > 0"}});
    alert::frame frame;
    for (int i = 0; i < 5; ++i) {
        frame.set(frame.add("x", {{"i", std::to_string(i)}}), 1);
    }
    std::vector<alert::alert_event> events;
    rules.step(frame, events);
    CHECK(events.size() == 2);
    CHECK_THAT(rules.status().at(0).problem, Contains("more than 2 alerts"));
    CHECK_THAT(rules.status().at(0).problem, Contains("3 are left out"));
    for (alert::frame::index i = 0; i < 3; ++i) {
        frame.set(i, 0);
    }
    rules.step(frame, events);
    rules.step(frame, events);
    CHECK(rules.status().at(0).firing == 2);
    CHECK(rules.status().at(0).problem.empty());
}

TEST_CASE("a window goes on when series come and go", "[alert]") {
    one_series a{{.name = "r", .expr = "max_over_time(x[5s]) > 5"}};
    CHECK(a.step(9) == "fired");
    a.frame.add("y", {});
    CHECK(a.step(1).empty());
    CHECK(a.step(1, 4s).empty());
    CHECK(a.step(1) == "resolved");
}

TEST_CASE("a long window of many values keeps its rate, its extremes, and bounded memory", "[alert]") {
    alert::evaluator rules;
    rules.set_rules({{.name = "rate", .expr = "rate(x[1h]) > 0"},
                     {.name = "increase", .expr = "increase(x[1h]) > 0"},
                     {.name = "average", .expr = "avg_over_time(y[1h]) > 0"},
                     {.name = "maximum", .expr = "max_over_time(y[1h]) > 0"}});
    alert::frame frame;
    auto const x = frame.add("x", {});
    auto const y = frame.add("y", {});
    std::vector<alert::alert_event> events;
    for (int i = 0; i < 10'000; ++i) {
        frame.begin(orfeas::wall_time{1'000'000s + std::chrono::seconds{i}});
        frame.set(x, (i * 2) % 5'000); // restarts
        frame.set(y, i == 7'000 ? 1'000 : 3);
        rules.step(frame, events);
    }
    auto const value_of = [&](std::string_view name) {
        for (auto const& each : rules.alerts()) {
            if (each.rule == name) {
                return each.value;
            }
        }
        return 0.0;
    };
    CHECK(value_of("rate") == Approx(2).epsilon(0.01));
    CHECK(value_of("increase") == Approx(7'200).epsilon(0.01));
    CHECK(value_of("average") == Approx(3 + 997.0 / 3'600).epsilon(0.01));
    CHECK(value_of("maximum") == 1'000);
}
