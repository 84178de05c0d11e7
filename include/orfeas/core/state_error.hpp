// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <string_view>
#include <system_error>
#include <type_traits>

namespace orfeas::inline v0 {

/// Why a saved state was not taken up.
enum class state_error {
    foreign_state = 1,
    truncated_state,
    other_version,
    other_options,
    corrupted_state,
};

constexpr std::string_view error_domain(state_error) noexcept {
    return "orfeas.state";
}

constexpr std::string_view describe(state_error e) noexcept {
    switch (e) {
    case state_error::foreign_state:
        return "the bytes are no saved state of this kind";
    case state_error::truncated_state:
        return "the saved state ends too early";
    case state_error::other_version:
        return "the state was saved by a release with another layout";
    case state_error::other_options:
        return "the state was saved under other options";
    case state_error::corrupted_state:
        return "the saved state has changed since it was saved: its checksum or its numbers are wrong";
    }
    return "unknown error";
}

} // namespace orfeas::inline v0

template<>
struct std::is_error_code_enum<orfeas::state_error> : std::true_type {};
