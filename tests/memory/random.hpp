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

/// A power of two times a random mantissa: sizes of every magnitude from 1 to `most` are equally likely.
template<class Generator>
std::uint64_t log_uniform(Generator& random, std::uint64_t most) {
    auto const bound = std::uniform_int_distribution<std::uint64_t>{0, 63}(random);
    auto const top = (std::uint64_t{1} << bound) <= most ? std::uint64_t{1} << bound : most;
    return std::uniform_int_distribution<std::uint64_t>{1, top}(random);
}

} // namespace orfeas_test
