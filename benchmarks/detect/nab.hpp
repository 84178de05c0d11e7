// SPDX-License-Identifier: MIT
#pragma once

#include "nab_data.hpp"

#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/sample.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {
class report;
} // namespace bench

namespace bench::detect {

/// The score of each row of each file, by a detector that `make` makes anew for each.
template<class Make>
std::vector<std::vector<double>> nab_scores(std::vector<nab_file> const& files, Make make) {
    std::vector<std::vector<double>> all;
    for (auto const& file : files) {
        orfeas::detect::detector auto judge = make();
        auto& scores = all.emplace_back();
        for (std::size_t i = 0; i < file.values.size(); ++i) {
            orfeas::detect::sample const each{std::chrono::seconds{file.seconds[i]}, file.values[i]};
            scores.push_back(judge.update(each).score);
        }
    }
    return all;
}

/// The fold of each file, as every fifth by name.
std::vector<std::size_t> nab_folds(std::size_t files);

/// Alerts of all files at a threshold, runs of rows within 10 being one.
nab_events nab_events_at(std::vector<nab_series> const& all, double threshold);

/// The outlier detector on NAB, beside what is stored of others.
void measure_nab(report& to, std::filesystem::path const& folder);

} // namespace bench::detect
