// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/cost/usage.hpp>

#include <chrono>
#include <string>

namespace orfeas::inline v0::cost {

/// What was used in a period. Several entries about one period add up: a restart within it makes two.
struct ledger_entry {
    wall_time begin{};             ///< of the period, in whole seconds
    std::chrono::seconds length{}; ///< of the period, above 0
    std::string currency{};        ///< of the money
    usage used{};

    friend bool operator==(ledger_entry const&, ledger_entry const&) = default;
};

} // namespace orfeas::inline v0::cost
