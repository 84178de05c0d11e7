// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::memory {

/// Why a memory backend could not do what it was asked for.
enum class error {
    out_of_memory = 1,
    unavailable,
    call_failed,
    device_lost,
};

constexpr std::string_view error_domain(error) noexcept {
    return "orfeas.memory";
}

constexpr std::string_view describe(error e) noexcept {
    switch (e) {
    case error::out_of_memory:
        return "the device has no memory left for the request";
    case error::unavailable:
        return "the driver or the device is not there";
    case error::call_failed:
        return "the driver refused a call";
    case error::device_lost:
        return "the device, or this process's access to it, is lost until a restart";
    }
    return "unknown memory error";
}

using v0::make_error_code; // argument-dependent lookup does not go to the enclosing namespace

} // namespace orfeas::inline v0::memory

template<>
struct std::is_error_code_enum<orfeas::memory::error> : std::true_type {};

namespace orfeas::inline v0::memory {

/// A backend's call that failed. `what()` names the call, the backend's own code, the device and what to do.
class backend_error : public std::runtime_error {
  public:
    /// `call` is the entry point's name (a string literal), `native_code` the code that it returned.
    backend_error(error reason, char const* call, std::int64_t native_code, std::string const& sentence)
        : std::runtime_error{sentence}, reason_{reason}, call_{call}, native_code_{native_code} {}

    error reason() const noexcept { return reason_; }
    std::error_code code() const noexcept { return reason_; }
    char const* call() const noexcept { return call_; }
    std::int64_t native_code() const noexcept { return native_code_; }

  private:
    error reason_;
    char const* call_;
    std::int64_t native_code_;
};

} // namespace orfeas::inline v0::memory
