// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/default_rules.hpp>
#include <orfeas/alert/evaluator.hpp>
#include <orfeas/alert/prometheus_rules.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

// Debian's promtool as the oracle: random rules over random series, each evaluated once a minute by both.

namespace alert = orfeas::alert;
using namespace std::chrono_literals;

namespace {

constexpr int minutes = 45;
constexpr double stale = std::numeric_limits<double>::quiet_NaN();

struct input {
    std::string metric;
    alert::label_set labels;
    std::vector<double> values;
};

struct world {
    std::vector<input> inputs;
    std::vector<alert::rule> rules;
};

/// A text whose rounding cannot differ by the order of a sum.
std::string text_of(double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.10g", value);
    return text.data();
}

class generator {
  public:
    explicit generator(unsigned seed) : random_{seed} {}

    world make(int count) {
        for (int i = 0; i < count; ++i) {
            make_case(i);
        }
        return std::move(made_);
    }

  private:
    int draw(int low, int high) { return std::uniform_int_distribution<>{low, high}(random_); }
    template<class T, std::size_t N>
    T pick(T const (&from)[N]) {
        return from[static_cast<std::size_t>(draw(0, static_cast<int>(N) - 1))];
    }

    /// Steps, ramps and gaps between small numbers.
    std::vector<double> values(bool is_counter) {
        std::vector<double> made;
        double now = draw(0, 10);
        for (int i = 0; i < minutes; ++i) {
            if (draw(0, 3) == 0) {
                now = is_counter ? (draw(0, 9) == 0 ? 0 : now + draw(0, 20)) : draw(0, 10);
            } else if (is_counter) {
                now += draw(0, 3);
            }
            made.push_back(draw(0, 14) == 0 ? stale : now);
        }
        return made;
    }

    std::string add_metric(std::string name, bool is_counter, bool by_both = false) {
        int const count = draw(1, 3);
        for (int i = 0; i < count; ++i) {
            alert::label_set labels{{"pool", std::string(1, static_cast<char>('a' + i))}};
            if (by_both) {
                labels.emplace_back("tier", i % 2 == 0 ? "l1" : "l2");
            }
            made_.inputs.push_back({name, labels, values(is_counter)});
        }
        return name;
    }

    /// None that sums or means of the values come to, where the last digit would decide.
    std::string threshold() { return std::to_string(draw(0, 9)) + ".37"; }
    std::string comparison() {
        constexpr char const* known[] = {" > ", " < ", " >= ", " <= "};
        return pick(known) + threshold();
    }

    std::string condition(std::string const& m) {
        constexpr char const* windows[] = {"3m", "5m", "10m"};
        constexpr char const* over[] = {"avg_over_time", "min_over_time", "max_over_time"};
        constexpr char const* aggregates[] = {"sum", "avg", "min", "max", "count"};
        constexpr char const* sets[] = {" and ", " or ", " unless "};
        switch (draw(0, 12)) {
        case 0:
            return add_metric(m, false) + comparison();
        case 1:
            return add_metric(m, false) + " / " + add_metric(m + "_b", false) + comparison();
        case 2:
            return "rate(" + add_metric(m, true) + "[" + pick(windows) + "]) * 60" + comparison();
        case 3:
            return "increase(" + add_metric(m, true) + "[" + pick(windows) + "]) / 3" + comparison();
        case 4:
            return pick(over) + ("(" + add_metric(m, false)) + "[" + pick(windows) + "]) " + comparison();
        case 5:
            return "absent(" + add_metric(m, false) + "{pool=\"a\"})";
        case 6:
            return pick(aggregates) + (" by (tier) (" + add_metric(m, false, true)) + ")" + comparison();
        case 7:
            return pick(aggregates) + ("(" + add_metric(m, false)) + ")" + comparison();
        case 8:
            return add_metric(m, false) + comparison() + pick(sets) + add_metric(m + "_b", false) + comparison();
        case 9:
            return add_metric(m, false) + comparison() + pick(sets) + "on(tier) " + add_metric(m + "_b", false, true) +
                   comparison();
        case 10:
            return "predict_linear(" + add_metric(m, false) + "[10m], 5*60) + 20.03" + " > 2" + threshold();
        case 11:
            return "-" + add_metric(m, false) + "{pool=~\"a|b.*\"} * 2 + 12" + comparison();
        default:
            return threshold() + " < " + add_metric(m, false) + "{pool!=\"b\"} and " + add_metric(m + "_b", false) +
                   " != 3 or " + m + " == 4";
        }
    }

    void make_case(int i) {
        alert::rule made;
        made.name = "alert_" + std::to_string(i);
        made.expr = i % 5 == 0 ? add_metric("m" + std::to_string(i), false) : condition("m" + std::to_string(i));
        if (i % 5 == 0) { // one of each level
            double const up = draw(0, 1) == 0 ? 1 : -1;
            double const first = draw(2, 5) + 0.37;
            made.levels = {{alert::severity::warning, first, first - up * draw(0, 2)},
                           {alert::severity::critical, first + up * draw(1, 3), first + up * draw(0, 1)}};
            made.bad = up > 0 ? alert::bad_side::above : alert::bad_side::below;
        }
        made.pending_for = std::chrono::minutes{draw(0, 2) == 0 ? draw(1, 5) : 0};
        made.keep_firing_for = std::chrono::minutes{draw(0, 2) == 0 ? draw(1, 5) : 0};
        // Windows may round by the order of a sum, in the last digit; a level that no longer holds shows the value of now here, and
        // the last one that was beyond the threshold there.
        bool const may_differ = made.expr.find('[') != std::string::npos || !made.levels.empty();
        made.annotations = {
            {"told", may_differ ? "{{ $labels.pool }}" : "{{ $labels.pool }} is {{ $value | humanize }}"}};
        made_.rules.push_back(made);
    }

    std::mt19937 random_;
    world made_;
};

using firing = std::map<std::string, std::set<std::string>>; // of a rule: alerts as lines of YAML

/// The rules with one of their levels alone, which is what Prometheus has; others as they are, or not at all.
std::vector<alert::rule> with_level(std::vector<alert::rule> all, std::size_t at, bool has_others) {
    std::erase_if(all, [&](alert::rule const& each) { return each.levels.empty() && !has_others; });
    for (auto& each : all) {
        if (!each.levels.empty()) {
            each.levels = {each.levels[at]};
        }
    }
    return all;
}

/// Adds what our rules say in each minute.
void add_ours(world const& in, std::vector<alert::rule> of, std::vector<firing>& made) {
    alert::evaluator rules;
    rules.set_rules(std::move(of));
    alert::frame frame;
    for (auto const& each : in.inputs) {
        frame.add(each.metric, each.labels);
    }
    std::vector<alert::alert_event> events;
    for (int minute = 0; minute < minutes; ++minute) {
        frame.begin(orfeas::wall_time{std::chrono::minutes{minute}});
        for (std::size_t i = 0; i < in.inputs.size(); ++i) {
            frame.set(i, in.inputs[i].values[static_cast<std::size_t>(minute)]);
        }
        events.clear();
        rules.step(frame, events);
        auto& now = made[static_cast<std::size_t>(minute)];
        for (auto const& each : rules.alerts()) {
            if (each.state == alert::alert_state::firing) {
                std::string line = "          - exp_labels: {";
                for (auto const& [name, value] : each.labels) {
                    if (name != "alertname") {
                        line += name + ": \"" + value + "\", ";
                    }
                }
                line += "}\n            exp_annotations: {told: \"" + each.annotations[0].second + "\"}\n";
                now[each.rule].insert(line);
            }
        }
    }
    for (auto const& each : rules.status()) {
        INFO(each.rule.expr);
        CHECK(each.problem.empty());
    }
}

void write_rules(world const& in, std::filesystem::path const& to) {
    std::ofstream{to} << alert::prometheus_rules(in.rules);
}

void write_tests(world const& in, std::vector<firing> const& expected, std::filesystem::path const& to) {
    std::ofstream out{to};
    out << "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n";
    for (auto const& each : in.inputs) {
        out << "      - series: '" << each.metric << "{";
        for (auto const& [name, value] : each.labels) {
            out << name << "=\"" << value << "\",";
        }
        out << "}'\n        values: '";
        for (double const value : each.values) {
            out << (std::isnan(value) ? "stale" : text_of(value)) << ' ';
        }
        out << "'\n";
    }
    out << "    alert_rule_test:\n";
    for (auto const& each : in.rules) {
        for (int minute = 0; minute < minutes; ++minute) {
            out << "      - eval_time: " << minute << "m\n        alertname: " << each.name
                << "\n        exp_alerts:\n";
            auto const& now = expected[static_cast<std::size_t>(minute)];
            if (auto const at = now.find(each.name); at != now.end()) {
                for (auto const& line : at->second) {
                    out << line;
                }
            }
        }
    }
}

} // namespace

TEST_CASE("rules mean what they mean to Prometheus: 1,200 random rules over 45 minutes", "[alert][promtool]") {
    if (std::system("promtool --version > /dev/null 2>&1") != 0) {
        ORFEAS_TEST_SKIP("promtool is not installed");
    }
    auto const folder =
        std::filesystem::temp_directory_path() / ("orfeas_promtool_" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(folder);
    auto const cases = generator{20260101}.make(1'200);
    std::vector<firing> expected(minutes);
    add_ours(cases, with_level(cases.rules, 0, true), expected);
    add_ours(cases, with_level(cases.rules, 1, false), expected);
    std::size_t fired = 0;
    for (auto const& each : expected) {
        fired += each.size();
    }
    CHECK(fired > 10'000); // of 54,000: the cases are not trivial
    CHECK(fired < 44'000);
    write_rules(cases, folder / "rules.yml");
    write_tests(cases, expected, folder / "tests.yml");
    auto const log = (folder / "log").string();
    int const status = std::system(("cd " + folder.string() + " && promtool test rules tests.yml > log 2>&1").c_str());
    std::ifstream said{log};
    std::string text{std::istreambuf_iterator<char>{said}, {}};
    INFO(text.substr(0, 4'000));
    CHECK(status == 0);
    CHECK(text.find("SUCCESS") != std::string::npos);
    std::filesystem::remove_all(folder);
}

TEST_CASE("the rules that are configured beforehand are rules of Prometheus, too", "[alert][promtool]") {
    if (std::system("promtool --version > /dev/null 2>&1") != 0) {
        ORFEAS_TEST_SKIP("promtool is not installed");
    }
    auto const file =
        std::filesystem::temp_directory_path() / ("orfeas_rules_" + std::to_string(std::random_device{}()) + ".yml");
    std::ofstream{file} << alert::prometheus_rules(alert::default_rules());
    CHECK(std::system(("promtool check rules " + file.string() + " > /dev/null").c_str()) == 0);
    std::filesystem::remove(file);
}
