// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <string_view>
#include <system_error>
#include <type_traits>

namespace orfeas::inline v0::detect {

/// Why a saved state was not taken up.
enum class error {
    foreign_state = 1,
    truncated_state,
    other_version,
    other_options,
    corrupted_state,
};

constexpr std::string_view error_domain(error) noexcept {
    return "orfeas.detect";
}

constexpr std::string_view describe(error e) noexcept {
    switch (e) {
    case error::foreign_state:
        return "the bytes are no saved state of this kind of detector";
    case error::truncated_state:
        return "the saved state ends too early";
    case error::other_version:
        return "the state was saved by a release with another layout";
    case error::other_options:
        return "the state was saved under other options";
    case error::corrupted_state:
        return "the saved state has changed since it was saved: its checksum or its numbers are wrong";
    }
    return "unknown error";
}

using v0::make_error_code;

} // namespace orfeas::inline v0::detect

template<>
struct std::is_error_code_enum<orfeas::detect::error> : std::true_type {};
