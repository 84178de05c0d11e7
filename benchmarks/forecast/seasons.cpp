// SPDX-License-Identifier: MIT

#include "detect/archive.hpp"
#include "detect/nab_data.hpp"
#include "parts.hpp"
#include "support/text_file.hpp"

#include <orfeas/forecast/seasonal_forecaster.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace bench::forecast {

namespace {

using bench::detect::nab_file;

constexpr std::array<std::size_t, 3> steps{1, 6, 12};
constexpr std::int64_t day = 86'400;

/// How far off forecasts of some steps were, and the seasonal-naive ones, which say what was a day before.
struct season_score {
    double ours = 0;
    double naive = 0;
    double told = 0;
    double within = 0; // the band

    double mase() const { return naive > 0 ? ours / naive : 1; }
};

/// The last value at least a day before `time`.
double value_a_day_before(nab_file const& series, std::size_t row) {
    std::int64_t const time = series.seconds[row] - day;
    std::size_t at = row;
    while (at > 0 && series.seconds[at] > time) {
        --at;
    }
    return series.values[at];
}

/// Rolling origin: every forecast by the values so far only, counted from the third day on.
std::array<season_score, steps.size()> play(nab_file const& series) {
    orfeas::forecast::seasonal_forecaster judge;
    std::array<season_score, steps.size()> made{};
    for (std::size_t i = 0; i < series.values.size(); ++i) {
        judge.update(std::chrono::seconds{series.seconds[i]}, series.values[i]);
        for (std::size_t k = 0; k < steps.size(); ++k) {
            std::size_t const row = i + steps[k];
            if (row >= series.values.size() || series.seconds[row] - series.seconds[0] < 2 * day ||
                series.seconds[row] <= series.seconds[i]) {
                continue;
            }
            auto const said = judge.forecast(std::chrono::seconds{series.seconds[row] - series.seconds[i]}).value();
            double const came = series.values[row];
            made[k].ours += std::abs(said.point - came);
            made[k].naive += std::abs(value_a_day_before(series, row) - came);
            made[k].told += 1;
            made[k].within += said.low <= came && came <= said.high ? 1 : 0;
        }
    }
    return made;
}

void measure_group(report& to, std::filesystem::path const& folder, std::string const& group) {
    std::array<double, steps.size()> sums{};
    std::array<double, steps.size()> within{};
    std::array<double, steps.size()> told{};
    double worst = 0;
    auto const files = files_in(folder / group, {".csv"});
    for (auto const& file : files) {
        auto const scores = play(bench::detect::read_nab_file(file, file.stem().string()));
        for (std::size_t k = 0; k < steps.size(); ++k) {
            sums[k] += scores[k].mase() / static_cast<double>(files.size());
            within[k] += scores[k].within;
            told[k] += scores[k].told;
            worst = std::max(worst, scores[k].mase());
        }
    }
    for (std::size_t k = 0; k < steps.size(); ++k) {
        auto const name = "seasons, " + group + ", " + std::to_string(steps[k]) + (k == 0 ? " step" : " steps");
        to.add({.bench = "forecast",
                .name = name + ", MASE against seasonal-naive",
                .unit = "",
                .ours = sums[k],
                .target = bar{"ours", "<=", 0.9}});
        to.add({.bench = "forecast",
                .name = name + ", coverage of the 80 % band off by",
                .unit = "",
                .ours = std::abs(within[k] / told[k] - 0.8),
                .target = bar{"ours", "<=", 0.1}});
    }
    to.add({.bench = "forecast", .name = "seasons, " + group + ", worst MASE of a series", .unit = "", .ours = worst});
}

} // namespace

void measure_seasons(report& to) {
    auto const& data = to.arguments().data;
    auto const archive = data ? *data / "nab" / "nab-data.tar.xz" : std::filesystem::path{};
    if (!data) {
        to.add({.bench = "forecast", .name = "seasons", .skipped = "no --data DIR"});
    } else if (!std::filesystem::is_regular_file(archive)) {
        to.add({.bench = "forecast", .name = "seasons", .skipped = "no nab/nab-data.tar.xz in " + data->string()});
    } else {
        auto const folder = bench::detect::unpacked(archive) / "nab" / "data";
        measure_group(to, folder, "realAWSCloudwatch");
        measure_group(to, folder, "realTraffic");
    }
}

} // namespace bench::forecast
