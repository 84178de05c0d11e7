// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/detail/field_view.hpp>
#include <orfeas/http/status.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http {

/// An answer as a client received it: status, fields, body. A value that owns its text; the views that it hands out are
/// valid until it is changed, moved or destroyed.
/// Thread-compatible (distinct objects).
class client_response : public detail::field_view {
  public:
    /// The status; any number from 200 to 599 may come, also one without an enumerator.
    http::status status() const noexcept { return static_cast<http::status>(code_); }
    std::uint16_t code() const noexcept { return code_; }
    /// Whether the status is 2xx.
    bool is_success() const noexcept { return code_ >= 200 && code_ < 300; }

    std::span<std::byte const> body() const noexcept { return body_; }
    std::string_view body_text() const noexcept { return {reinterpret_cast<char const*>(body_.data()), body_.size()}; }
    /// The body, to be kept.
    std::vector<std::byte> take_body() && noexcept { return std::move(body_); }

  private:
    friend class response_parser;

    std::vector<std::byte> body_;
    std::uint16_t code_ = 0;
};

} // namespace orfeas::inline v0::http
