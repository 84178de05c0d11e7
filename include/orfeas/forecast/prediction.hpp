// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0::forecast {

/// What a metric will be at a time to come. All numbers are finite.
struct prediction {
    double point = 0; ///< the middle of what is expected
    double low = 0;   ///< the value lies in [low, high] with probability `level`
    double high = 0;
    double level = 0.8;

    friend bool operator==(prediction const&, prediction const&) = default;
};
static_assert(std::is_trivially_copyable_v<prediction>);

/// Which way a metric is better.
enum class polarity : std::uint8_t {
    higher_is_better, ///< a hit ratio, a throughput
    lower_is_better,  ///< a latency, memory in use
};

constexpr std::string_view to_string(polarity of) noexcept {
    return of == polarity::higher_is_better ? "higher_is_better" : "lower_is_better";
}

/// The polarity of that name; lower_is_better for any other.
constexpr polarity polarity_of(std::string_view name) noexcept {
    return name == "higher_is_better" ? polarity::higher_is_better : polarity::lower_is_better;
}

} // namespace orfeas::inline v0::forecast
