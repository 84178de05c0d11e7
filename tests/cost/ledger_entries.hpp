// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cost/ledger_entry.hpp>

#include <chrono>
#include <random>
#include <string>
#include <string_view>

/// Entries that the tests of ledgers share.

namespace orfeas_test {

inline orfeas::wall_time hour(int number) {
    return orfeas::wall_time{std::chrono::sys_days{std::chrono::year{2026} / 3 / 31}} + std::chrono::hours{number};
}

/// An entry of an hour whose numbers are all there, and no round ones.
inline orfeas::cost::ledger_entry some_entry(int number, unsigned seed = 1) {
    std::mt19937_64 random{seed * 1'000 + static_cast<unsigned>(number)};
    std::uniform_real_distribution<> part{0.1, 1e7};
    orfeas::cost::ledger_entry made{hour(number), std::chrono::hours{1}, "EUR", {}};
    auto const fill = [&](std::string_view, double& value, auto const&...) { value = part(random); };
    orfeas::cost::service_amounts::fields(made.used.service, fill);
    for (int i = 0; i < number % 3; ++i) {
        auto& device = made.used.devices.emplace_back();
        device.device = {std::to_string(i), "a \"GPU\", big", i == 0 ? "" : "GPU-" + std::to_string(i)};
        orfeas::cost::device_amounts::fields(device.amounts, fill);
    }
    return made;
}

} // namespace orfeas_test
