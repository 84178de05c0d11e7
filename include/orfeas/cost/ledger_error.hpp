// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <string_view>
#include <system_error>
#include <type_traits>

namespace orfeas::inline v0::cost {

using v0::make_error_code;

/// Why a ledger was not opened.
enum class ledger_error {
    other_layout = 1,
};

constexpr std::string_view error_domain(ledger_error) noexcept {
    return "orfeas.cost.ledger";
}

constexpr std::string_view describe(ledger_error e) noexcept {
    switch (e) {
    case ledger_error::other_layout:
        return "the ledger was written by a release with other columns, or is a log of something else";
    }
    return "unknown error";
}

} // namespace orfeas::inline v0::cost

template<>
struct std::is_error_code_enum<orfeas::cost::ledger_error> : std::true_type {};
