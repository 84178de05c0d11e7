// SPDX-License-Identifier: MIT
#pragma once

#include "archive.hpp"
#include "csv.hpp"
#include "nab_score.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The corpus of the Numenta Anomaly Benchmark, as data/nab holds it.

namespace bench::detect {

/// One series with its windows.
struct nab_file {
    std::string name; ///< category/file.csv
    std::vector<std::int64_t> seconds;
    std::vector<double> values;
    std::vector<row_window> windows;

    nab_series with(std::vector<double> const& scores) const { return {scores, windows}; }
};

/// Days of the corpus outside probation: false alerts are counted on them.
inline double scored_days(nab_file const& file) {
    auto const begin = file.seconds[nab_probation(file.seconds.size())];
    return static_cast<double>(file.seconds.back() - begin) / 86'400;
}

/// The strings of a JSON text, in order. NAB's files have no escapes.
inline std::vector<std::string_view> quoted_strings(std::string_view json) {
    std::vector<std::string_view> all;
    for (auto at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
        auto const end = json.find('"', at + 1);
        all.push_back(json.substr(at + 1, end - at - 1));
        at = end == std::string_view::npos ? end : end + 1;
    }
    return all;
}

/// combined_windows.json: the times of begin and end in turn, by file.
inline std::map<std::string, std::vector<std::string_view>, std::less<>> windows_by_file(std::string_view json) {
    std::map<std::string, std::vector<std::string_view>, std::less<>> all;
    std::string file;
    for (auto const each : quoted_strings(json)) {
        if (each.ends_with(".csv")) {
            file = each;
            all[file];
        } else {
            all[file].push_back(each);
        }
    }
    return all;
}

/// The first row of that time. Throws std::runtime_error when there is none.
inline std::size_t row_at(nab_file const& file, std::int64_t time) {
    auto const found = std::find(file.seconds.begin(), file.seconds.end(), time);
    if (found == file.seconds.end()) {
        throw std::runtime_error{file.name + " has no row at the edge of its window"};
    }
    return static_cast<std::size_t>(found - file.seconds.begin());
}

inline nab_file read_nab_file(std::filesystem::path const& path, std::string name) {
    nab_file made{.name = std::move(name), .seconds = {}, .values = {}, .windows = {}};
    auto const text = text_of_file(path);
    csv_cursor cursor{made.name, text};
    cursor.line(); // timestamp,value
    while (auto line = cursor.line()) {
        made.seconds.push_back(cursor.seconds(csv_cursor::field(*line)));
        made.values.push_back(cursor.number(*line));
    }
    return made;
}

/// The 58 series by name, unpacked into a cache folder. Throws std::runtime_error for what is not as the README of the data
/// says.
inline std::vector<nab_file> read_nab(std::filesystem::path const& folder) {
    auto const data = unpacked(folder / "nab-data.tar.xz") / "nab" / "data";
    auto const json = text_of_file(folder / "combined_windows.json");
    std::vector<nab_file> all;
    for (auto const& [name, times] : windows_by_file(json)) {
        auto file = read_nab_file(data / name, name);
        csv_cursor const cursor{"combined_windows.json", json};
        for (std::size_t i = 0; i + 1 < times.size(); i += 2) {
            file.windows.push_back(
                {row_at(file, cursor.seconds(times[i])), row_at(file, cursor.seconds(times[i + 1]))});
        }
        all.push_back(std::move(file));
    }
    return all;
}

/// What a published detector gave for each row of `files`.
inline std::vector<std::vector<double>>
read_nab_scores(std::filesystem::path const& folder, std::string const& detector, std::vector<nab_file> const& files) {
    auto const scores = unpacked(folder / ("scores-" + detector + ".tar.xz")) / "nab" / "scores" / detector;
    std::vector<std::vector<double>> all;
    for (auto const& file : files) {
        auto const text = text_of_file(scores / file.name);
        csv_cursor cursor{file.name, text};
        cursor.line(); // anomaly_score
        auto& column = all.emplace_back();
        while (auto const line = cursor.line()) {
            column.push_back(cursor.number(*line));
        }
        if (column.size() != file.values.size()) {
            throw std::runtime_error{file.name + ": " + detector + " scored " + std::to_string(column.size()) +
                                     " rows"};
        }
    }
    return all;
}

/// What NAB published for a detector: profile name and normalised score. Empty for a detector that final_results.json lacks.
inline std::map<std::string, double> read_nab_results(std::filesystem::path const& folder, std::string_view detector) {
    auto const json = text_of_file(folder / "final_results.json");
    csv_cursor const cursor{"final_results.json", json};
    std::map<std::string, double> all;
    auto at = json.find("\"" + std::string{detector} + "\"");
    if (at == std::string::npos) {
        return all;
    }
    std::string_view body{json};
    body = body.substr(at, body.find('}', at) - at);
    for (auto const& profile : nab_profiles) {
        auto const key = "\"" + std::string{profile.name} + "\":";
        auto const value = body.substr(body.find(key) + key.size() + 1);
        all[std::string{profile.name}] = cursor.number(value.substr(0, value.find_first_of(",\n ")));
    }
    return all;
}

/// The corpus with a detector's scores, which outlive it.
inline std::vector<nab_series> with_scores(std::vector<nab_file> const& files,
                                           std::vector<std::vector<double>> const& scores) {
    std::vector<nab_series> all;
    for (std::size_t i = 0; i < files.size(); ++i) {
        all.push_back(files[i].with(scores[i]));
    }
    return all;
}

} // namespace bench::detect
