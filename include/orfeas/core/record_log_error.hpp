// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <string_view>
#include <system_error>
#include <type_traits>

namespace orfeas::inline v0 {

/// Why a log of records was not opened or not written to.
enum class record_log_error {
    foreign_log = 1,
    record_too_large,
    not_open,
};

constexpr std::string_view error_domain(record_log_error) noexcept {
    return "orfeas.record_log";
}

constexpr std::string_view describe(record_log_error e) noexcept {
    switch (e) {
    case record_log_error::foreign_log:
        return "the bytes are no log of records: none was found in them";
    case record_log_error::record_too_large:
        return "the record is larger than the log takes";
    case record_log_error::not_open:
        return "the log has not been opened, or opening it failed";
    }
    return "unknown error";
}

} // namespace orfeas::inline v0

template<>
struct std::is_error_code_enum<orfeas::record_log_error> : std::true_type {};
