// SPDX-License-Identifier: MIT

#include "leak_score.hpp"
#include "leak_suite.hpp"
#include "parts.hpp"
#include "predict_linear.hpp"

#include <orfeas/forecast/predictive_alert.hpp>
#include <orfeas/forecast/time_to_critical.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace bench::forecast {

namespace {

using orfeas::forecast::critical_estimate;
using orfeas::forecast::time_to_critical;

constexpr std::array<std::size_t, 3> windows{60, 180, 360}; // values: 10 min, 30 min, 1 h
constexpr std::array leads{20.0, 25.0, 30.0, 40.0};         // each window has the best of these

std::vector<leak_series> series_of(leak_version version, bool quick) {
    std::vector<leak_series> all;
    for (std::uint64_t seed = 1; seed <= (quick ? 1U : 3U); ++seed) {
        auto suite = leak_suite(version, seed);
        std::move(suite.begin(), suite.end(), std::back_inserter(all));
    }
    return all;
}

std::vector<critical_estimate> estimates_of(leak_series const& series) {
    orfeas::forecast::time_to_critical_options options;
    options.critical = leak_critical;
    time_to_critical judge{options};
    std::vector<critical_estimate> all;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
        judge.update(std::chrono::seconds{10 * i}, series.values[i]);
        all.push_back(judge.estimate());
    }
    return all;
}

/// What our forecasts came to.
struct outcome {
    leak_score score;
    double confidence = 0; // of the alerts, summed
    double least_confidence = 1;
    std::size_t told = 0; // forecasts of at most an hour in series that have an incident
    std::size_t within = 0;
    std::vector<double> errors{}; // of the time, relative, with half an hour to go
    std::size_t asked = 0;

    void add(leak_series const& series) {
        auto const all = estimates_of(series);
        score.add(series, alerts(all));
        if (series.has_incident) {
            compare(all);
        }
    }

    /// The rows at which a predictive_alert of its defaults raises one.
    std::vector<std::size_t> alerts(std::vector<critical_estimate> const& all) {
        orfeas::forecast::predictive_alert alert;
        std::vector<std::size_t> begins;
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto const answer = alert.update(std::chrono::seconds{10 * i}, all[i]);
            if (answer.phase == orfeas::forecast::alert_phase::starts) {
                begins.push_back(i);
                confidence += answer.confidence;
                least_confidence = std::min(least_confidence, answer.confidence);
            }
        }
        return begins;
    }

    void compare(std::vector<critical_estimate> const& all) {
        for (std::size_t i = 0; i + 1 < all.size(); ++i) {
            double const left = static_cast<double>(all.size() - 1 - i) * leak_interval / 60;
            if (all[i] && all[i].minutes <= 60) {
                ++told;
                within += all[i].low <= left && left <= all[i].high ? 1U : 0U;
            }
            if (std::abs(left - 30) < 1e-9) {
                ++asked;
                if (all[i]) {
                    errors.push_back(std::abs(all[i].minutes - left) / left);
                }
            }
        }
    }

    double coverage() const {
        return static_cast<double>(within) / static_cast<double>(std::max<std::size_t>(told, 1));
    }
};

double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// The best F1 of a window over the leads.
leak_score best_of_window(std::vector<leak_series> const& all, std::size_t window) {
    std::array<leak_score, leads.size()> scores;
    for (auto const& each : all) {
        auto const minutes = predict_linear(each, window);
        for (std::size_t i = 0; i < leads.size(); ++i) {
            scores[i].add(each, alerts_of(minutes, {.lead = leads[i]}));
        }
    }
    return *std::max_element(scores.begin(), scores.end(),
                             [](auto const& a, auto const& b) { return a.f1() < b.f1(); });
}

void tell(report& to, std::string const& name, std::string const& unit, double value, bar const& target) {
    to.add({.bench = "forecast",
            .name = name,
            .unit = unit,
            .ours = value,
            .lower_is_better = target.op == "<=",
            .target = target});
}

outcome measure(report& to, leak_version version, std::string const& name, double least_f1) {
    auto const all = series_of(version, to.arguments().quick);
    outcome seen;
    for (auto const& each : all) {
        seen.add(each);
    }
    result f1{
        .bench = "forecast", .name = name + ", F1", .unit = "", .ours = seen.score.f1(), .lower_is_better = false};
    double best = 0;
    for (std::size_t const window : windows) {
        double const peer = best_of_window(all, window).f1();
        f1.peers.emplace_back("predict_linear " + std::to_string(window / 6) + " min", peer);
        best = std::max(best, peer);
    }
    f1.target = bar{"ours", ">=", least_f1};
    to.add(f1);
    tell(to, name + ", F1 above the best predict_linear", "", seen.score.f1() - best, {"ours", ">=", 0.001});
    to.add({.bench = "forecast", .name = name + ", precision", .unit = "", .ours = seen.score.precision()});
    to.add({.bench = "forecast",
            .name = name + ", incidents found 10 min ahead",
            .unit = "",
            .ours = seen.score.recall()});
    to.add({.bench = "forecast",
            .name = name + ", false alerts",
            .unit = "a day",
            .ours = seen.score.false_alerts_a_day()});
    tell(to, name + ", coverage of the 80 % interval off by", "", std::abs(seen.coverage() - 0.8), {"ours", "<=", 0.1});
    to.add({.bench = "forecast",
            .name = name + ", error of the time at 30 min, median",
            .unit = "",
            .ours = median(seen.errors)});
    to.add({.bench = "forecast",
            .name = name + ", abstained at 30 min",
            .unit = "",
            .ours = 1 - static_cast<double>(seen.errors.size()) /
                            static_cast<double>(std::max<std::size_t>(seen.asked, 1))});
    return seen;
}

} // namespace

void measure_leaks(report& to) {
    auto const easy = measure(to, leak_version::easy, "leaks 1 (easy)", 0.95);
    auto const hard = measure(to, leak_version::hard, "leaks 2 (hard)", 0.81);
    double const alerts = static_cast<double>(easy.score.alerts + hard.score.alerts);
    double const right = static_cast<double>(easy.score.right + hard.score.right);
    tell(to, "leaks, alerts of both suites that are right", "", right / alerts, {"ours", ">=", 0.8});
    tell(to, "leaks, least confidence of an alert", "", std::min(easy.least_confidence, hard.least_confidence),
         {"ours", ">=", 0.75});
    to.add({.bench = "forecast",
            .name = "leaks, mean confidence of the alerts",
            .unit = "",
            .ours = (easy.confidence + hard.confidence) / alerts});
}

} // namespace bench::forecast
