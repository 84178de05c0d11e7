// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/concepts.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace orfeas_test {

/// What a detector says of values that come every five minutes; the first is number `from`.
template<orfeas::detect::detector D>
std::vector<orfeas::detect::verdict> judged(D& judge, std::vector<double> const& values, std::size_t from = 0) {
    std::vector<orfeas::detect::verdict> made;
    for (std::size_t i = 0; i < values.size(); ++i) {
        made.push_back(judge.update({std::chrono::seconds{300 * (from + i)}, values[i]}));
    }
    return made;
}

/// How many alerts start.
inline std::size_t starts(std::span<orfeas::detect::verdict const> verdicts) {
    std::size_t count = 0;
    for (auto const& each : verdicts) {
        count += each.alert.phase == orfeas::detect::alert_phase::starts ? 1U : 0U;
    }
    return count;
}

} // namespace orfeas_test
