// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::trace {

/// Why a finished trace is kept.
enum class keep_reason : std::uint8_t {
    none,     ///< it is not
    ratio,    ///< it belongs to the share of all traces that is kept
    slow,     ///< it took longer than a set limit
    unusual,  ///< it took longer than nearly all before it with the same root
    error,    ///< a span of it failed
    quota,    ///< few of its kind were kept this second
    attribute ///< a policy of the application's found what it looks for
};

constexpr std::string_view to_string(keep_reason reason) noexcept {
    switch (reason) {
    case keep_reason::none:
        return "none";
    case keep_reason::ratio:
        return "ratio";
    case keep_reason::slow:
        return "slow";
    case keep_reason::unusual:
        return "unusual";
    case keep_reason::error:
        return "error";
    case keep_reason::quota:
        return "quota";
    case keep_reason::attribute:
        return "attribute";
    }
    return "none";
}

inline constexpr std::size_t keep_reasons = 7;

} // namespace orfeas::inline v0::trace
