// SPDX-License-Identifier: MIT
// One calm hour of the studio, recorded: what people are told of in it, by the rules that are configured beforehand, with all judges
// at work, from a cold start.

#include "support/catch.hpp"

#include <orfeas/alert/default_rules.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/observe/alert_watch.hpp>
#include <orfeas/observe/anomaly_watch.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/prediction_watch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace observe = orfeas::observe;
using namespace std::chrono_literals;

namespace {

using columns = std::map<std::string, std::vector<double>>;

/// The recorded series; the comment at the head of the file says how they are written.
columns recorded() {
    std::ifstream file{std::filesystem::path{__FILE__}.parent_path() / "data" / "calm_hour.txt"};
    columns made;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') {
            continue;
        }
        auto const tab = line.find('\t');
        auto& column = made[line.substr(0, tab)];
        std::istringstream words{line.substr(tab + 1)};
        for (std::string word; words >> word;) {
            auto const star = word.find('*');
            double const value =
                word.front() == '-' && word.size() - (star == std::string::npos ? 0 : word.size() - star) == 1
                    ? observe::history::absent
                    : std::stod(word);
            column.insert(column.end(), star == std::string::npos ? 1 : std::stoul(word.substr(star + 1)), value);
        }
    }
    return made;
}

/// Series as a key has them: a name, and labels without escapes.
observe::series series_of(std::string const& key) {
    observe::series made;
    auto const brace = key.find('{');
    made.name = key.substr(0, brace);
    for (auto at = brace; at != std::string::npos && key[at] != '}';) {
        auto const equal = key.find("=\"", at);
        auto const quote = key.find('"', equal + 2);
        made.labels.emplace_back(key.substr(at + 1, equal - at - 1), key.substr(equal + 2, quote - equal - 2));
        at = quote + 1;
    }
    return made;
}

/// What people are told of, and what the judges said.
struct outcome {
    std::vector<std::string> told;
    std::size_t anomalies = 0;
    std::size_t judged = 0; // series, in all frames
    std::vector<std::string> problems;

    std::string in_words() const {
        std::string made;
        for (auto const& each : told) {
            made += each + "\n";
        }
        return made + std::to_string(anomalies) + " anomalies, " + std::to_string(judged) +
               " series judged in all frames";
    }
};

/// The frames of an hour, one after the other, before all who look at them.
outcome lived(columns const& data) {
    auto const& times = data.at("time_seconds");
    outcome made;
    observe::alert_watch alerts;
    alerts.set_rules(orfeas::alert::default_rules());
    observe::anomaly_watch<orfeas::detect::metric_detector> anomalies;
    observe::prediction_watch predictions;
    alerts.subscribe({.name = "people"}, [&](orfeas::alert::notification const& each) {
        for (auto const& news : each.news) {
            made.told.push_back(std::string{to_string(news.kind)} + " " + news.alert.rule + ": " + news.reason);
        }
    });
    observe::history frames{300};
    std::map<std::string, double> counted;
    for (std::size_t i = 0; i < times.size(); ++i) {
        frames.begin_frame(orfeas::wall_time{480'000h} + std::chrono::duration_cast<orfeas::wall_time::duration>(
                                                             std::chrono::duration<double>{times[i]}));
        double const passed = i > 0 ? times[i] - times[i - 1] : 0;
        for (auto const& [key, values] : data) {
            if (key == "time_seconds") {
                continue;
            }
            auto const about = series_of(key);
            frames.set(key, values[i], [&about = about] { return about; });
            bool const is_cpu = about.name == "process_cpu_ratio";
            if ((is_cpu || about.name.ends_with("_per_second")) &&
                values[i] == values[i]) { // what the counter has come to
                auto const name = is_cpu ? std::string{"process_cpu_seconds_total"}
                                         : about.name.substr(0, about.name.size() - 11) + "_total";
                double const total = counted[key] += values[i] * passed;
                std::vector<orfeas::label> labels;
                for (auto const& [label, value] : about.labels) {
                    labels.push_back({label, value});
                }
                alerts.note({name, orfeas::measurement_kind::counter, orfeas::unit::none, total, labels, {}});
            }
        }
        auto const store = [&](orfeas::measurement const& m) {
            if (m.kind == orfeas::measurement_kind::gauge) {
                std::string key;
                observe::append_series_key(key, m.name, m.labels);
                frames.set(key, m.value, [&] {
                    observe::series about;
                    about.name = m.name;
                    for (auto const& each : m.labels) {
                        about.labels.emplace_back(each.name, each.value);
                    }
                    return about;
                });
            }
        };
        store({"process_cpu_cores", orfeas::measurement_kind::gauge, orfeas::unit::none, 2, {}, {}});
        anomalies.measure(store);
        predictions.measure(store);
        anomalies.take(frames);
        predictions.set_anomaly_score(anomalies.worst_score());
        predictions.take(frames);
        alerts.take(frames);
        made.judged += anomalies.report().series;
    }
    made.anomalies = anomalies.report().total;
    for (auto const& each : alerts.status()) {
        if (!each.problem.empty()) {
            made.problems.push_back(each.rule.name + ": " + each.problem);
        }
    }
    return made;
}

} // namespace

TEST_CASE("in a calm hour people are told of fewer than ten things", "[alert]") {
    auto const data = recorded();
    auto const frames = data.at("time_seconds").size();
    REQUIRE(frames >= 3'600);
    auto const made = lived(data);
    INFO(made.in_words());
    CHECK(made.judged > 5 * frames); // the judges were at work
    CHECK(made.told.size() + made.anomalies < 10);
    CHECK(made.problems.empty());
}

TEST_CASE("of a calm hour in which every request fails in the end, people are told", "[alert]") {
    auto data = recorded();
    auto const& requests = data.at(R"(http_application_requests_per_second{component="http"})");
    auto& errors = data.at(R"(http_errors_per_second{component="http"})");
    std::copy(requests.end() - 600, requests.end(), errors.end() - 600);
    auto const made = lived(data);
    INFO(made.in_words());
    CHECK(std::any_of(made.told.begin(), made.told.end(),
                      [](std::string const& each) { return each.starts_with("fired error_ratio_high"); }));
    CHECK(made.anomalies > 0);
}
