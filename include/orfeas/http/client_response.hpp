// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/detail/text.hpp>
#include <orfeas/http/status.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http {

/// An answer as a client received it: status, fields, body. A value that owns its text; the views that it hands out are
/// valid until it is changed, moved or destroyed.
/// Thread-compatible (distinct objects).
class client_response {
  public:
    /// The status; any number from 200 to 599 may come, also one without an enumerator.
    http::status status() const noexcept { return static_cast<http::status>(code_); }
    std::uint16_t code() const noexcept { return code_; }
    /// Whether the status is 2xx.
    bool is_success() const noexcept { return code_ >= 200 && code_ < 300; }

    /// The value of the first field of this name, in any case of letters.
    std::optional<std::string_view> field(std::string_view name) const noexcept {
        for (auto const& [field_name, value] : fields_) {
            if (detail::equals_ignoring_case(text(field_name), name)) {
                return text(value);
            }
        }
        return std::nullopt;
    }

    /// Whether a list-valued field holds `token`, over all fields of this name and in any case of letters.
    bool field_holds(std::string_view name, std::string_view token) const noexcept {
        for (auto const& [field_name, value] : fields_) {
            if (detail::equals_ignoring_case(text(field_name), name) && detail::list_holds(text(value), token)) {
                return true;
            }
        }
        return false;
    }

    std::size_t field_count() const noexcept { return fields_.size(); }

    /// The i-th field: name and value.
    std::pair<std::string_view, std::string_view> field_at(std::size_t i) const noexcept {
        return {text(fields_[i].first), text(fields_[i].second)};
    }

    std::span<std::byte const> body() const noexcept { return body_; }
    std::string_view body_text() const noexcept { return {reinterpret_cast<char const*>(body_.data()), body_.size()}; }
    /// The body, to be kept.
    std::vector<std::byte> take_body() && noexcept { return std::move(body_); }

  private:
    friend class response_parser;

    struct slice { // a part of head_: offsets, so that copies and moves stay right
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };

    std::string_view text(slice s) const noexcept { return std::string_view{head_}.substr(s.begin, s.size); }

    std::string head_;
    std::vector<std::pair<slice, slice>> fields_;
    std::vector<std::byte> body_;
    std::uint16_t code_ = 0;
};

} // namespace orfeas::inline v0::http
