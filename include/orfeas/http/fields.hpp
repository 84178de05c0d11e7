// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/detail/text.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::http {

/// One header field of an answer.
struct field {
    std::string name;
    std::string value;
};

/// The header fields of an answer, in order. Names compare without regard to case.
/// What could split an answer in two (RFC 9112 section 11.1) never enters: a name that is no token or a value with
/// control characters throws std::invalid_argument.
/// Thread-compatible (distinct objects).
class fields {
  public:
    /// Adds a field, whether or not there is one of this name.
    void add(std::string_view name, std::string_view value) {
        if (!detail::is_token(name) || !detail::is_field_value(value)) {
            throw std::invalid_argument{"a header field must be a token and a value without control characters"};
        }
        list_.push_back({std::string{name}, std::string{detail::trimmed(value)}});
    }

    /// Puts `value` in the place of all fields of this name.
    void set(std::string_view name, std::string_view value) {
        erase(name);
        add(name, value);
    }

    /// Takes all fields of this name out; says how many there were.
    std::size_t erase(std::string_view name) {
        return std::erase_if(list_, [name](field const& f) { return detail::equals_ignoring_case(f.name, name); });
    }

    /// The value of the first field of this name.
    std::optional<std::string_view> find(std::string_view name) const noexcept {
        auto const at = std::find_if(list_.begin(), list_.end(),
                                     [name](field const& f) { return detail::equals_ignoring_case(f.name, name); });
        return at == list_.end() ? std::nullopt : std::optional<std::string_view>{at->value};
    }

    std::size_t size() const noexcept { return list_.size(); }
    bool empty() const noexcept { return list_.empty(); }
    auto begin() const noexcept { return list_.begin(); }
    auto end() const noexcept { return list_.end(); }

  private:
    std::vector<field> list_;
};

} // namespace orfeas::inline v0::http
