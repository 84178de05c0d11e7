// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/core/clock.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace orfeas::inline v0::alert {

/// Says that nobody is told of the alerts that match, for some time: of maintenance, say. A value.
struct silence {
    std::uint64_t id = 0;                  ///< given when it is added; counts up
    std::vector<label_matcher> matchers{}; ///< all must match; there is at least one
    std::string author{};                  ///< who wants it
    std::string comment{};                 ///< why
    wall_time begin{};
    wall_time end{};

    bool applies(wall_time now) const noexcept { return now >= begin && now < end; }
};

/// Says that alerts of one kind are not told of while one of another kind fires: that a cache is slow is no news where its
/// server is down. An alert does not inhibit itself. A value.
struct inhibition {
    std::vector<label_matcher> source; ///< the alerts that explain others
    std::vector<label_matcher> target; ///< those that are explained
    std::vector<std::string> equal{};  ///< names of labels that must be the same in both
};

} // namespace orfeas::inline v0::alert
