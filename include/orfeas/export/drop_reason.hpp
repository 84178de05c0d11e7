// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// The module `export`: its namespace is `exporting`, since `export` is a keyword.
namespace orfeas::inline v0::exporting {

/// Why a span or a data point was not exported.
enum class drop_reason : std::uint8_t {
    queue_full,        ///< as many waited as may wait
    queue_bytes,       ///< as many bytes waited as may wait
    rejected,          ///< the receiver took the rest of the request
    failed,            ///< the receiver refused the request for good, or answered with something else
    retries_exhausted, ///< the receiver could not be reached, or was busy, each time
    shutdown,          ///< the exporter was stopped before it could be sent
};

inline constexpr std::size_t drop_reasons = 6;

/// The enumerator's name, as the label `reason` has it.
constexpr std::string_view to_string(drop_reason reason) noexcept {
    switch (reason) {
    case drop_reason::queue_full:
        return "queue_full";
    case drop_reason::queue_bytes:
        return "queue_bytes";
    case drop_reason::rejected:
        return "rejected";
    case drop_reason::failed:
        return "failed";
    case drop_reason::retries_exhausted:
        return "retries_exhausted";
    case drop_reason::shutdown:
        return "shutdown";
    }
    return "failed";
}

} // namespace orfeas::inline v0::exporting
