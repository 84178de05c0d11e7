// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>

#include <cstddef>
#include <span>

namespace orfeas::inline v0::memory::detail {

/// The upper median of `values`, which are reordered and at least one. Linear on average (Hoare's FIND, 1961).
inline double median_of(std::span<double> values) {
    ORFEAS_ASSERT(!values.empty(), "the median of at least one value");
    std::size_t const wanted = values.size() / 2;
    std::size_t low = 0;
    std::size_t high = values.size() - 1;
    while (low < high) {
        double const pivot = values[low + (high - low) / 2];
        std::size_t i = low;
        std::size_t j = high;
        while (true) {
            while (values[i] < pivot) {
                ++i;
            }
            while (pivot < values[j]) {
                --j;
            }
            if (i >= j) {
                break;
            }
            double const swapped = values[i];
            values[i++] = values[j];
            values[j--] = swapped;
        }
        (wanted <= j ? high : low) = wanted <= j ? j : j + 1;
    }
    return values[wanted];
}

} // namespace orfeas::inline v0::memory::detail
