// SPDX-License-Identifier: MIT
#pragma once

#include "archive.hpp"
#include "csv.hpp"
#include "segments.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// Metrics of servers with labelled incidents: SMD and ASD, as data/smd holds them.

namespace bench::detect {

/// An incident and the metrics to blame, numbered from 0.
struct incident {
    row_window rows;
    std::vector<std::size_t> metrics;
};

struct server {
    std::string name;
    double seconds_per_row;
    matrix train;
    matrix test;
    std::vector<std::uint8_t> labels; ///< of the rows of `test`
    std::vector<incident> incidents;
};

/// interpretation_label.csv: `begin-end:metric,metric,…` with metrics numbered from 1; in SMD `end` is behind the last row. In
/// the order of their rows, which the file does not always keep.
inline std::vector<incident> read_incidents(std::filesystem::path const& path, bool end_is_behind) {
    auto const name = path.string();
    auto const text = text_of_file(path);
    csv_cursor cursor{name, text};
    std::vector<incident> all;
    while (auto const line = cursor.line()) {
        auto const dash = line->find('-');
        auto const colon = line->find(':');
        if (dash == std::string_view::npos || colon == std::string_view::npos || dash > colon) {
            cursor.complain("begin-end:metrics", *line);
        }
        auto const end = cursor.index(line->substr(dash + 1, colon - dash - 1));
        auto& made = all.emplace_back();
        made.rows = {cursor.index(line->substr(0, dash)), end_is_behind ? end - 1 : end};
        for (auto rest = line->substr(colon + 1); !rest.empty();) {
            made.metrics.push_back(cursor.index(csv_cursor::field(rest)) - 1);
        }
    }
    std::sort(all.begin(), all.end(), [](incident const& a, incident const& b) { return a.rows.first < b.rows.first; });
    return all;
}

inline server read_server(std::filesystem::path const& folder, double seconds_per_row, bool end_is_behind) {
    server made{.name = folder.filename().string(),
                .seconds_per_row = seconds_per_row,
                .train = read_matrix(folder / "train.csv"),
                .test = read_matrix(folder / "test.csv"),
                .labels = {},
                .incidents = read_incidents(folder / "interpretation_label.csv", end_is_behind)};
    for (double const each : read_matrix(folder / "test_label.csv").values) {
        made.labels.push_back(each != 0 ? 1 : 0);
    }
    if (made.labels.size() != made.test.rows() || made.train.columns != made.test.columns) {
        throw std::runtime_error{folder.string() + ": train, test and labels do not fit together"};
    }
    return made;
}

/// The machines of SMD in the folder, by name: one row a minute, 38 metrics.
inline std::vector<server> read_smd(std::filesystem::path const& folder) {
    std::vector<std::filesystem::path> archives;
    for (auto const& each : std::filesystem::directory_iterator{folder}) {
        if (each.path().filename().string().starts_with("smd-machine-")) {
            archives.push_back(each.path());
        }
    }
    std::sort(archives.begin(), archives.end());
    std::vector<server> all;
    for (auto const& archive : archives) {
        auto const name = archive.filename().string();
        auto const machine = name.substr(4, name.find(".tar") - 4);
        all.push_back(read_server(unpacked(archive) / "smd" / machine, 60, true));
    }
    return all;
}

/// The twelve servers of ASD: one row in 5 minutes, 19 metrics.
inline std::vector<server> read_asd(std::filesystem::path const& folder) {
    auto const root = unpacked(folder / "asd-12-servers.tar.xz") / "asd";
    std::vector<server> all;
    for (int i = 1; i <= 12; ++i) {
        all.push_back(read_server(root / ("server-" + std::to_string(i)), 300, false));
    }
    return all;
}

/// What TSB-AD published for one machine.
struct tsb_reference {
    std::size_t vus_window = 0;
    std::map<std::string, double> vus_pr; ///< by detector
};

/// tsb_ad_m_vus_pr_reference.csv, by machine.
inline std::map<std::string, tsb_reference> read_tsb_reference(std::filesystem::path const& folder) {
    auto const text = text_of_file(folder / "tsb_ad_m_vus_pr_reference.csv");
    csv_cursor cursor{"tsb_ad_m_vus_pr_reference.csv", text};
    std::vector<std::string> columns;
    auto head = cursor.line().value_or("");
    while (!head.empty()) {
        columns.emplace_back(csv_cursor::field(head));
    }
    std::map<std::string, tsb_reference> all;
    while (auto line = cursor.line()) {
        auto& made = all[std::string{csv_cursor::field(*line)}];
        for (std::size_t i = 1; i < columns.size(); ++i) {
            auto const value = csv_cursor::field(*line);
            if (columns[i] == "vus_window") {
                made.vus_window = cursor.index(value);
            } else if (i > 5) { // machine, file, window, length, points, segments; then the detectors
                made.vus_pr[columns[i]] = cursor.number(value);
            }
        }
    }
    return all;
}

} // namespace bench::detect
