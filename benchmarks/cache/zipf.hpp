// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace bench {

using key_list = std::vector<std::uint64_t>;

/// The key of the n-th most popular object. Neighbours in rank are not neighbours in number.
inline std::uint64_t key_of_rank(std::size_t rank) {
    return orfeas::mix64(rank);
}

/// The keys of `requests` to `objects`, the n-th most popular of which is asked for n^-exponent times as often as the first.
inline key_list zipf_keys(std::size_t requests, std::size_t objects, double exponent, std::uint64_t seed) {
    std::vector<double> sums(objects);
    double sum = 0;
    for (std::size_t i = 0; i < objects; ++i) {
        sum += std::pow(static_cast<double>(i + 1), -exponent);
        sums[i] = sum;
    }
    std::mt19937_64 random{seed};
    std::uniform_real_distribution<double> anywhere{0, sum};
    key_list keys(requests);
    for (auto& each : keys) {
        auto const found = std::lower_bound(sums.begin(), sums.end() - 1, anywhere(random));
        each = key_of_rank(static_cast<std::size_t>(found - sums.begin()));
    }
    return keys;
}

} // namespace bench
