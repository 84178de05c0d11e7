// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/default_rules.hpp>
#include <orfeas/alert/engine.hpp>
#include <orfeas/alert/prometheus_rules.hpp>
#include <orfeas/alert/rules_file.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string const good = R"(groups:
  - name: memory
    interval: 15s
    rules:
      - alert: gpu_memory_high
        expr: used / total # of the device
        levels:
          - {severity: warning, above: 0.85, clear: 0.8}
          - {severity: critical, above: 0.95}
        for: 1m30s
        keep_firing_for: 0
        on_absence: stays
        annotations:
          summary: "{{ $value | humanizePercentage }} in use"
      - alert: plain
        expr: |
          rate(errors_total[5m])
            > 1
        labels: {severity: critical, team: gpu}
        enabled: false
inhibitions:
  - source: alertname="down"
    target: alertname=~"slow|gpu.*"
    equal: [component]
)";

} // namespace

TEST_CASE("a rules file is one of Prometheus, with more", "[alert]") {
    auto const read = alert::read_rules(good);
    REQUIRE(read.rules.size() == 2);
    auto const& first = read.rules[0];
    CHECK(first.name == "gpu_memory_high");
    CHECK(first.group == "memory");
    REQUIRE(first.levels.size() == 2);
    CHECK(first.levels[0].threshold == 0.85);
    CHECK(first.levels[0].clear == 0.8);
    CHECK_FALSE(first.levels[1].clear);
    CHECK(first.pending_for == 90s);
    CHECK(first.on_absence == alert::without_value::stays);
    CHECK(first.annotations == alert::label_set{{"summary", "{{ $value | humanizePercentage }} in use"}});
    auto const& second = read.rules[1];
    CHECK(second.at == alert::severity::critical);
    CHECK_FALSE(second.is_enabled);
    CHECK(alert::value_of(second.labels, "team") == "gpu");
    REQUIRE(read.inhibitions.size() == 1);
    CHECK(read.inhibitions[0].equal == std::vector<std::string>{"component"});
    CHECK(read.inhibitions[0].target[0].matches("gpu_memory_high"));
}

TEST_CASE("rules that were exported for Prometheus are read again", "[alert]") {
    auto const rules = alert::default_rules();
    auto one_level = rules;
    std::erase_if(one_level, [](alert::rule const& each) { return !each.levels.empty(); });
    REQUIRE_FALSE(one_level.empty());
    auto const read = alert::read_rules(alert::prometheus_rules(one_level)).rules;
    REQUIRE(read.size() == one_level.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        CHECK(read[i].expr == one_level[i].expr);
        CHECK(read[i].pending_for == one_level[i].pending_for);
        CHECK(read[i].annotations == one_level[i].annotations);
    }
    CHECK_NOTHROW(alert::read_rules(alert::prometheus_rules(rules))); // levels are rules of their own there
}

TEST_CASE("a rules file that is not understood is refused with line and column", "[alert]") {
    auto const refused = [](std::string const& rule, char const* where, char const* why) {
        std::string const text = "groups:\n  - name: g\n    rules:\n      - alert: a\n" + rule;
        CHECK_THROWS_WITH(alert::read_rules(text, "r.yml"),
                          StartsWith(std::string{"r.yml:"} + where + ": ") && Contains(why));
    };
    refused("        expr: x\n        four: 1m\n", "6:9", "'four' is not known here");
    refused("        expr: x\n        expr: y\n", "6:9", "twice");
    refused("        expr: x > (1\n", "5:21", "')' is missing");
    refused("        expr: \"x > (1\"\n", "5:15", "character 7");
    refused("        expr: x\n        for: 5 minutes\n", "6:14", "'5 minutes' is not a duration");
    refused("        expr: x\n        annotations: {summary: '{{ $x }}'}\n", "6:32", "annotations.summary");
    refused("        expr: x\n        labels: {a: {}}\n", "6:21", "a text is expected");
    refused("        expr: x\n        levels: [{severity: bad, above: 1}]\n", "6:29", "not a severity");
    refused("        expr: x\n        levels: [{severity: info, above: one}]\n", "6:42", "not a number");
    refused("        expr: x\n        levels: [{severity: info}]\n", "6:18", "'above' or 'below'");
    refused("        expr: x\n        levels: [{severity: info, above: 1}, {severity: warning, below: 0}]\n", "6:46",
            "all 'above'");
    refused("        expr: x\n        levels: [{severity: warning, above: 1}, {severity: info, above: 2}]\n", "6:17",
            "in order");
    refused("        expr: x\n        on_absence: fires\n", "6:21", "ends or stays");
    refused("        expr: x\n      - record: y\n        expr: x\n", "6:17", "recording rules");
    refused("        expr: x\n      - expr: y\n", "6:9", "'alert' is missing");
    refused("        expr: x\n      - alert: a\n        expr: y\n", "6:9", "there already");
    CHECK_THROWS_WITH(alert::read_rules("groups: [", "r.yml"), StartsWith("r.yml:1:"));
    CHECK_THROWS_WITH(alert::read_rules("groups: 1", "r.yml"), Contains("is a list"));
    CHECK_THROWS_WITH(alert::read_rules("- 1", "r.yml"), Contains("a map is expected"));
    CHECK_THROWS_WITH(alert::read_rules("inhibitions: [{source: 'a=', target: 'b=\"c\"'}]"),
                      StartsWith("rules:1:24: "));
}

TEST_CASE("a bad file leaves the rules as they were", "[alert]") {
    alert::engine engine;
    engine.set_rules(alert::read_rules(good).rules);
    CHECK_THROWS_AS(engine.set_rules(alert::read_rules(good + "x: 1\n").rules), alert::rules_file_error);
    CHECK(engine.rules().size() == 2);
}

TEST_CASE("any text of a rules file is read or refused", "[alert]") {
    std::mt19937 random{9};
    int read = 0;
    for (int i = 0; i < 3'000; ++i) {
        auto text = good;
        for (auto count = random() % 3; count > 0; --count) {
            auto const at = random() % text.size();
            switch (random() % 3) {
            case 0:
                text.erase(at, random() % 9);
                break;
            case 1:
                text.insert(at, 1, static_cast<char>(random() % 128));
                break;
            default:
                text[at] = ":[]{}\"'\n #-"[random() % 11];
            }
        }
        try {
            static_cast<void>(alert::read_rules(text));
            ++read;
        } catch (alert::rules_file_error const& problem) {
            REQUIRE(problem.line() > 0);
            REQUIRE(problem.column() > 0);
        }
    }
    CHECK(read > 500);
    CHECK(read < 2'900);
}

TEST_CASE("rules are loaded from a file that is there and not too large", "[alert]") {
    auto const path =
        std::filesystem::temp_directory_path() / ("orfeas_rules_" + std::to_string(std::random_device{}()));
    CHECK_THROWS_WITH(alert::load_rules(path.string()), Contains("cannot be read"));
    std::ofstream{path} << good;
    CHECK(alert::load_rules(path.string()).rules.size() == 2);
    std::filesystem::resize_file(path, 5U << 20U);
    CHECK_THROWS_WITH(alert::load_rules(path.string()), Contains("larger than"));
    std::filesystem::remove(path);
}
