// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bench::detect {

/// Rows of a series, both ends within.
struct row_window {
    std::size_t first;
    std::size_t last;

    bool operator==(row_window const&) const = default;
};

/// The runs of labelled rows, in order.
inline std::vector<row_window> segments_of(std::span<std::uint8_t const> labels) {
    std::vector<row_window> all;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (labels[i] == 0) {
            continue;
        }
        if (i > 0 && labels[i - 1] != 0) {
            all.back().last = i;
        } else {
            all.push_back({i, i});
        }
    }
    return all;
}

} // namespace bench::detect
