// SPDX-License-Identifier: MIT

#include "nab.hpp"

#include "support/report.hpp"

#include <orfeas/detect/outlier_detector.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bench::detect {

namespace {

using orfeas::detect::outlier_detector;
using orfeas::detect::outlier_options;
using score_columns = std::vector<std::vector<double>>;

constexpr auto standard = nab_profiles[0];
constexpr std::size_t folds = 5;

/// A published detector, by the scores that NAB keeps of it.
struct published {
    std::string name;
    score_columns scores;
    std::vector<nab_series> series;
    double threshold = 0; ///< its best on the standard profile
};

std::vector<published> read_published(std::filesystem::path const& folder, std::vector<nab_file> const& files) {
    std::vector<published> all;
    for (auto const& [shown, stored] : {std::pair{"HTM", "numenta"}, std::pair{"CAD OSE", "contextOSE"},
                                        std::pair{"ARTime", "ARTime"}, std::pair{"AWS RCF", "randomCutForest"}}) {
        auto& made = all.emplace_back(published{shown, read_nab_scores(folder, stored, files), {}, 0});
        made.series = with_scores(files, made.scores);
        made.threshold = nab_best(made.series, standard).threshold;
    }
    return all;
}

double days_of(std::vector<nab_file> const& files) {
    double days = 0;
    for (auto const& each : files) {
        days += scored_days(each);
    }
    return days;
}

/// Adds a case in which more, or less, is better, with the figures that `of` gives for the published detectors.
template<class Figure>
void add(report& to, std::string name, std::string unit, double ours, bar target, std::vector<published> const& peers,
         Figure of) {
    result made{.bench = "detect", .name = std::move(name), .unit = std::move(unit), .ours = ours};
    made.lower_is_better = target.op == "<=";
    made.target = std::move(target);
    for (auto const& each : peers) {
        made.peers.emplace_back(each.name, of(each));
    }
    to.add(std::move(made));
}

/// The options among which a nested estimate chooses on other files.
std::vector<outlier_options> variants() {
    std::vector<outlier_options> all;
    for (std::uint32_t const warm_up : {200U, 250U, 300U}) {
        for (std::uint32_t const lookback : {4'000U, 8'000U, 16'000U}) {
            auto& made = all.emplace_back();
            made.warm_up = warm_up;
            made.lookback = lookback;
        }
    }
    return all;
}

/// The standard score when options and threshold of each fifth of the files are those that are best on the others.
double nested_score(std::vector<nab_file> const& files, std::vector<score_columns> const& of_variant) {
    auto const fold_of = nab_folds(files.size());
    double raw = 0;
    std::size_t windows = 0;
    for (std::size_t fold = 0; fold < folds; ++fold) {
        nab_optimum best{};
        std::size_t chosen = 0;
        for (std::size_t v = 0; v < of_variant.size(); ++v) {
            std::vector<nab_series> others;
            for (std::size_t i = 0; i < files.size(); ++i) {
                if (fold_of[i] != fold) {
                    others.push_back(files[i].with(of_variant[v][i]));
                }
            }
            if (auto const found = nab_best(others, standard); found.score > best.score) {
                best = found;
                chosen = v;
            }
        }
        for (std::size_t i = 0; i < files.size(); ++i) {
            if (fold_of[i] == fold) {
                raw += nab_raw(files[i].with(of_variant[chosen][i]), standard, best.threshold);
                windows += files[i].windows.size();
            }
        }
    }
    return nab_normalised(raw, windows, standard);
}

void tell_nested(report& to, std::vector<nab_file> const& files) {
    std::vector<score_columns> of_variant;
    for (auto const& options : variants()) {
        of_variant.push_back(nab_scores(files, [&] { return outlier_detector{options}; }));
    }
    to.add({.bench = "detect",
            .name = "NAB standard, options and threshold from other files",
            .unit = "points",
            .ours = nested_score(files, of_variant),
            .lower_is_better = false});
}

} // namespace

std::vector<std::size_t> nab_folds(std::size_t files) {
    std::vector<std::size_t> fold_of;
    for (std::size_t i = 0; i < files; ++i) {
        fold_of.push_back(i % folds);
    }
    return fold_of;
}

nab_events nab_events_at(std::vector<nab_series> const& all, double threshold) {
    nab_events events;
    for (auto const& each : all) {
        events += count_nab_events(each, threshold, 10);
    }
    return events;
}

void measure_nab(report& to, std::filesystem::path const& folder) {
    auto const files = read_nab(folder);
    auto const peers = read_published(folder, files);
    auto const scores = nab_scores(files, [] { return outlier_detector{}; });
    auto const ours = with_scores(files, scores);
    constexpr double boundary = 0.5; // of the verdict's score: nothing is chosen here
    constexpr std::array least{71.0, 64.0, 76.0};
    for (std::size_t i = 0; i < nab_profiles.size(); ++i) {
        auto const& profile = nab_profiles[i];
        add(to, "NAB " + std::string{profile.name} + ", at the boundary", "points", nab_score(ours, profile, boundary),
            bar{"ours", ">=", least[i]}, peers,
            [&](published const& each) { return nab_best(each.series, profile).score; });
    }
    double const days = days_of(files);
    auto const events = nab_events_at(ours, boundary);
    add(to, "NAB windows found, of 116", "windows", static_cast<double>(events.windows_found), bar{"ours", ">=", 98},
        peers, [](published const& each) {
            return static_cast<double>(nab_events_at(each.series, each.threshold).windows_found);
        });
    add(to, "NAB false alerts a stream-day", "", static_cast<double>(events.wrong) / days, bar{"ours", "<=", 0.075},
        peers, [&](published const& each) {
            return static_cast<double>(nab_events_at(each.series, each.threshold).wrong) / days;
        });
    auto const fold_of = nab_folds(files.size());
    add(to, "NAB standard, threshold from other files", "points", nab_transferred(ours, fold_of, folds, standard),
        bar{"ours", ">=", 69}, peers,
        [&](published const& each) { return nab_transferred(each.series, fold_of, folds, standard); });
    for (auto const& profile : nab_profiles) {
        to.add({.bench = "detect",
                .name = "NAB " + std::string{profile.name} + ", best threshold",
                .unit = "points",
                .ours = nab_best(ours, profile).score,
                .lower_is_better = false});
    }
    tell_nested(to, files);
}

} // namespace bench::detect
