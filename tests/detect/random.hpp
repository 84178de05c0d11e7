// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace orfeas_test {

/// The seed of a randomised test: ORFEAS_TEST_SEED if it is set, else a new one. Tests print it with INFO.
inline std::uint64_t test_seed() {
    if (char const* const given = std::getenv("ORFEAS_TEST_SEED")) {
        return std::strtoull(given, nullptr, 10);
    }
    return std::random_device{}();
}

} // namespace orfeas_test
