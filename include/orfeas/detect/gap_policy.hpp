// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::detect {

/// What it means that values are missing: that a sample's value is not finite, or that no sample came for several times the
/// usual interval.
///
/// * ignore: nothing. A missing value is judged as normal, and the stream goes on where it stopped.
/// * hold: the value has not changed since. The last one is taken in again for each that is missing.
/// * zero: nothing happened, so the value was 0, as for rates of events. Zeros are taken in.
/// * alert: a failure. The verdict is `silent` while values are missing, and at the sample that ends a gap.
enum class gap_policy : std::uint8_t { ignore, hold, zero, alert };

constexpr std::string_view to_string(gap_policy policy) noexcept {
    switch (policy) {
    case gap_policy::ignore:
        return "ignore";
    case gap_policy::hold:
        return "hold";
    case gap_policy::zero:
        return "zero";
    case gap_policy::alert:
        return "alert";
    }
    return "ignore";
}

/// The policy of that name; ignore for any other.
constexpr gap_policy gap_policy_of(std::string_view name) noexcept {
    return name == "hold"    ? gap_policy::hold
           : name == "zero"  ? gap_policy::zero
           : name == "alert" ? gap_policy::alert
                             : gap_policy::ignore;
}

} // namespace orfeas::inline v0::detect
