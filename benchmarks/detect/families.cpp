// SPDX-License-Identifier: MIT

#include "families.hpp"

#include "family_suite.hpp"
#include "support/report.hpp"

#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/correlation_detector.hpp>
#include <orfeas/detect/drift_detector.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/detect/season_detector.hpp>
#include <orfeas/detect/spike_detector.hpp>
#include <orfeas/detect/verdict.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bench::detect {

namespace {

using namespace orfeas::detect;

/// The samples at which a detector starts an alert.
template<class D>
std::vector<std::size_t> starts(D judge, family_stream const& stream) {
    std::vector<std::size_t> made;
    std::vector<double> values(stream.metrics.size());
    for (std::size_t i = 0; i < stream.metrics[0].size(); ++i) {
        verdict said;
        if constexpr (detector<D>) {
            said = judge.update({family_time(i), stream.metrics[0][i]});
        } else {
            for (std::size_t m = 0; m < values.size(); ++m) {
                values[m] = stream.metrics[m][i];
            }
            said = judge.update({family_time(i), values});
        }
        if (said.alert.phase == alert_phase::starts) {
            made.push_back(i);
        }
    }
    return made;
}

/// What is asked of a detector on a family: recall at most 5 % of false alerts, and a delay.
struct bars {
    double recall;
    std::optional<double> delay;
};

template<class D>
void tell(report& to, std::string const& name, D const& judge, family which, family_level level,
          std::optional<bars> const& asked) {
    family_score score{which};
    for (auto const& stream : family_streams(which, level, family_final_seed)) {
        score.add(stream.injections, starts(judge, stream));
    }
    auto const title = std::string{to_string(which)} + ", " + std::string{to_string(level)} + ", by " + name + ": ";
    result recall{.bench = "detect", .name = title + "recall", .unit = "", .ours = score.recall()};
    recall.lower_is_better = false;
    result wrong{.bench = "detect", .name = title + "false alerts", .unit = "of all", .ours = score.false_share()};
    result delay{.bench = "detect",
                 .name = title + "delay",
                 .unit = which == family::gradual ? "of the ramp" : "samples",
                 .ours = score.delay()};
    if (asked) {
        recall.target = bar{"ours", ">=", asked->recall};
        wrong.target = bar{"ours", "<=", 0.05};
        if (asked->delay) {
            delay.target = bar{"ours", "<=", *asked->delay};
        }
    }
    to.add(std::move(recall));
    to.add(std::move(wrong));
    to.add(std::move(delay));
}

} // namespace

void measure_families(report& to) {
    using enum family;
    using enum family_level;
    for (auto const level : {easy, hard}) {
        auto const asked = [&](bars const& each) { return level == easy ? std::optional{each} : std::nullopt; };
        tell(to, "spike", spike_detector{}, spike, level, asked({0.95, 0}));
        tell(to, "spike", spike_detector{}, outlier, level, asked({0.95, 0}));
        tell(to, "drift", drift_detector{}, gradual, level, asked({0.95, 0.6}));
        tell(to, "season", season_detector{}, periodic, level, asked({0.85, std::nullopt}));
        tell(to, "correlation", correlation_detector{family_detail::correlated_metrics}, correlated, level,
             asked({0.99, 8}));
        for (auto const which : {spike, outlier, gradual, periodic}) {
            tell(to, "outlier", outlier_detector{}, which, level, std::nullopt);
            tell(to, "metric", metric_detector{}, which, level, std::nullopt);
        }
    }
}

} // namespace bench::detect
