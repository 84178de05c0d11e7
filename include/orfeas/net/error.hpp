// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <string_view>
#include <system_error>

namespace orfeas::inline v0::net {

/// What can go wrong in transport, beside the errors of the operating system.
enum class error {
    invalid_address = 1, ///< the text names no address of this machine's kind
    timed_out,           ///< the peer made no sufficient progress before its deadline
};

constexpr std::string_view error_domain(error) noexcept {
    return "orfeas.net";
}

/// The sentence of an enumerator.
constexpr std::string_view describe(error e) noexcept {
    switch (e) {
    case error::invalid_address:
        return "not a numeric IPv4 or IPv6 address, nor 'localhost'";
    case error::timed_out:
        return "the peer made no sufficient progress before its deadline";
    }
    return "unknown error";
}

} // namespace orfeas::inline v0::net

/// A transport error converts to std::error_code.
template<>
struct std::is_error_code_enum<orfeas::net::error> : std::true_type {};

namespace orfeas::inline v0::net {
using v0::make_error_code; // found where the enumeration is
static_assert(described_error<error>);
} // namespace orfeas::inline v0::net
