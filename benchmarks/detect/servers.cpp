// SPDX-License-Identifier: MIT

#include "servers.hpp"

#include "event_score.hpp"
#include "server_data.hpp"
#include "support/allocations.hpp"
#include "support/cpu_timer.hpp"
#include "support/report.hpp"
#include "vus_pr.hpp"

#include <orfeas/detect/correlation_detector.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench::detect {

namespace {

using orfeas::detect::correlation_detector;
using orfeas::detect::vector_sample;

/// What the detector said of one server's test rows.
struct judged_server {
    server const& of;
    std::vector<double> severity;
    std::vector<double> raw;
    std::vector<double> score;
    std::vector<std::vector<float>> parts;
};

/// One parameter set for all servers: the defaults. Warmed up on the rows of `train`, or cold.
judged_server judge(server const& of, bool is_warmed) {
    judged_server made{of, {}, {}, {}, {}};
    std::size_t const width = of.test.columns;
    correlation_detector judge{width};
    std::size_t row = 0;
    auto const take = [&](matrix const& rows, std::size_t i) {
        std::chrono::duration<double> const time{static_cast<double>(row++) * of.seconds_per_row};
        return judge.update({std::chrono::duration_cast<std::chrono::nanoseconds>(time),
                             std::span{rows.values}.subspan(i * width, width)});
    };
    for (std::size_t i = 0; is_warmed && i < of.train.rows(); ++i) {
        take(of.train, i);
    }
    for (std::size_t i = 0; i < of.test.rows(); ++i) {
        auto const verdict = take(of.test, i);
        made.severity.push_back(judge.severity());
        made.raw.push_back(verdict.raw_score);
        made.score.push_back(verdict.score);
        made.parts.emplace_back(judge.parts().begin(), judge.parts().end());
    }
    return made;
}

std::vector<judged_server> judge_all(std::vector<server> const& all, bool is_warmed) {
    std::vector<judged_server> made;
    for (auto const& each : all) {
        made.push_back(judge(each, is_warmed));
    }
    return made;
}

std::vector<labelled_series> series_of(std::vector<judged_server> const& all,
                                       std::vector<double> judged_server::* scores) {
    std::vector<labelled_series> made;
    for (auto const& each : all) {
        made.push_back({each.*scores, each.of.labels, each.of.seconds_per_row});
    }
    return made;
}

/// TSB-AD's window of a machine, by its rule where it published none.
std::size_t window_of(server const& of, std::map<std::string, tsb_reference> const& published) {
    for (auto const& [name, reference] : published) {
        if (of.name.ends_with(name)) {
            return reference.vus_window;
        }
    }
    std::vector<double> first;
    for (std::size_t i = 0; i < of.test.rows(); ++i) {
        first.push_back(of.test.values[i * of.test.columns]);
    }
    return vus_window(first);
}

double mean_vus(std::vector<judged_server> const& all, std::map<std::string, tsb_reference> const& published) {
    double sum = 0;
    for (auto const& each : all) {
        sum += vus_pr(each.severity, each.of.labels, window_of(each.of, published));
    }
    return sum / static_cast<double>(all.size());
}

/// What TSB-AD published for the same series, in the mean.
double published_vus(std::map<std::string, tsb_reference> const& published, std::string const& detector) {
    double sum = 0;
    for (auto const& [name, reference] : published) {
        sum += reference.vus_pr.at(detector);
    }
    return sum / static_cast<double>(published.size());
}

/// The share of the metrics to blame among the first 1.5 times as many, at the row of an incident with the highest score.
double blame_of(std::vector<judged_server> const& all) {
    double sum = 0;
    std::size_t count = 0;
    for (auto const& each : all) {
        for (auto const& [rows, metrics] : each.of.incidents) {
            if (metrics.empty()) {
                continue;
            }
            auto const at = [&](std::size_t row) { return each.raw.begin() + static_cast<std::ptrdiff_t>(row); };
            auto const peak = std::max_element(at(rows.first), at(rows.last + 1)) - each.raw.begin();
            auto const& parts = each.parts[static_cast<std::size_t>(peak)];
            std::vector<std::size_t> ranked(parts.size());
            std::iota(ranked.begin(), ranked.end(), std::size_t{0});
            std::stable_sort(ranked.begin(), ranked.end(),
                             [&](std::size_t a, std::size_t b) { return parts[a] > parts[b]; });
            sum += blame_share(ranked, metrics, 1.5);
            ++count;
        }
    }
    return sum / static_cast<double>(count);
}

void tell(report& to, std::string name, std::string unit, double ours, double least) {
    result made{.bench = "detect", .name = std::move(name), .unit = std::move(unit), .ours = ours};
    made.lower_is_better = false;
    if (least > 0) {
        made.target = bar{"ours", ">=", least};
    }
    to.add(std::move(made));
}

/// The bars of one data set, of servers that were warmed up.
struct event_bars {
    double f1;
    double automatic_f1;
    std::array<double, 3> recall;
    double blame;
};

void tell_events(report& to, std::string const& name, std::vector<judged_server> const& all, event_bars const& bars) {
    auto const raw = series_of(all, &judged_server::raw);
    tell(to, name + " event F1, one threshold", "", best_composite_f1(raw).value, bars.f1);
    auto const alerts = counted_at(series_of(all, &judged_server::score), 0.5);
    tell(to, name + " event F1, automatic threshold", "", mean_composite_f1(alerts), bars.automatic_f1);
    double found = 0;
    double segments = 0;
    double wrong = 0;
    double days = 0;
    for (auto const& each : alerts) {
        found += static_cast<double>(each.segments_found());
        segments += static_cast<double>(each.segments());
        wrong += static_cast<double>(each.false_alerts());
        days += each.normal_days();
    }
    tell(to, name + " event recall, automatic threshold", "", found / segments, 0);
    to.add({.bench = "detect",
            .name = name + " false alerts a host-day, automatic threshold",
            .unit = "",
            .ours = wrong / days});
    constexpr std::array rates{2.0, 1.0, 0.2};
    constexpr std::array shown{"2", "1", "0.2"};
    for (std::size_t i = 0; i < rates.size(); ++i) {
        tell(to, name + " event recall at " + shown[i] + " false alerts a host-day", "", event_recall_at(raw, rates[i]),
             bars.recall[i]);
    }
    tell(to, name + " blame, share of metrics", "", blame_of(all), bars.blame);
    double adjusted = 0;
    for (auto const& each : raw) {
        adjusted += best_point_adjusted_f1(each) / static_cast<double>(raw.size());
    }
    tell(to, name + " point-adjusted F1 (misleads)", "", adjusted, 0);
}

/// Noise with one factor that all metrics share.
std::vector<double> load(std::size_t rows, std::size_t metrics) {
    std::mt19937_64 random{11};
    std::normal_distribution<> noise;
    std::vector<double> made;
    double factor = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        factor = 0.95 * factor + noise(random);
        for (std::size_t m = 0; m < metrics; ++m) {
            made.push_back(50 + factor * static_cast<double>(1 + m % 5) + noise(random));
        }
    }
    return made;
}

/// What a sample costs once learning has settled.
void tell_cost(report& to, std::size_t metrics, double most) {
    std::size_t const rows = to.arguments().quick ? 4'096 : 16'384;
    auto const values = load(rows, metrics);
    correlation_detector judge{metrics};
    std::uint64_t const before = allocations();
    std::int64_t second = 0;
    auto const judge_all = [&] {
        for (std::size_t i = 0; i < rows; ++i) {
            auto const verdict =
                judge.update({std::chrono::seconds{++second}, std::span{values}.subspan(i * metrics, metrics)});
            benchmark::DoNotOptimize(verdict);
        }
    };
    for (std::size_t i = 0; i < 40'000; i += rows) { // past the first samples, of which each is learned
        judge_all();
    }
    std::uint64_t const made = allocations() - before;
    auto const name = "correlation of " + std::to_string(metrics);
    auto const times = race({{"ours", static_cast<double>(rows), judge_all}}, 15);
    to.add({.bench = "detect",
            .name = name + ", a sample",
            .unit = "ns",
            .ours = times[0],
            .target = bar{"ours", "<=", most}});
    to.add({.bench = "detect",
            .name = name + ", allocations after construction",
            .unit = "",
            .ours = static_cast<double>(made),
            .target = bar{"ours", "<=", 0}});
}

} // namespace

void measure_servers(report& to, std::filesystem::path const& folder) {
    auto const published = read_tsb_reference(folder);
    auto const machines = read_smd(folder);
    {
        auto const cold = judge_all(machines, false);
        result vus{.bench = "detect", .name = "SMD VUS-PR, test alone", .unit = "", .ours = mean_vus(cold, published)};
        vus.lower_is_better = false;
        vus.target = bar{"ours", ">=", 0.5};
        for (auto const* each : {"TranAD", "EIF", "PCA", "OmniAnomaly"}) {
            vus.peers.emplace_back(each, published_vus(published, each));
        }
        to.add(std::move(vus));
        tell_events(to, "SMD cold", cold, {});
    }
    {
        auto const warmed = judge_all(machines, true);
        tell(to, "SMD VUS-PR, after train", "", mean_vus(warmed, published), 0.55);
        tell_events(to, "SMD", warmed, {0.83, 0.75, {0.95, 0.92, 0.85}, 0.88});
    }
    auto const servers = read_asd(folder);
    auto const warmed = judge_all(servers, true);
    tell(to, "ASD VUS-PR, after train", "", mean_vus(warmed, {}), 0.4);
    tell_events(to, "ASD", warmed, {0.7, 0, {0.95, 0.9, 0.65}, 0.9});
}

void measure_correlation_cost(report& to) {
    tell_cost(to, 16, 600);
    tell_cost(to, 38, 1'500);
}

} // namespace bench::detect
