// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Sorts in place by `before`, O(n log n), not stable. Reports sort few things: <algorithm> would cost all who include
/// the module more than it saves here.
template<class T, class Before>
void heap_sort(std::vector<T>& items, Before const& before) {
    auto const sink = [&](std::size_t parent, std::size_t size) {
        for (std::size_t child = 2 * parent + 1; child < size; child = 2 * parent + 1) {
            if (child + 1 < size && before(items[child], items[child + 1])) {
                ++child;
            }
            if (!before(items[parent], items[child])) {
                return;
            }
            std::swap(items[parent], items[child]);
            parent = child;
        }
    };
    for (std::size_t i = items.size() / 2; i > 0; --i) {
        sink(i - 1, items.size());
    }
    for (std::size_t end = items.size(); end > 1; --end) {
        std::swap(items[0], items[end - 1]);
        sink(0, end - 1);
    }
}

} // namespace orfeas::inline v0::memory::detail
