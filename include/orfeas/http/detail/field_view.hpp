// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/detail/text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http::detail {

/// The header of a message, request or answer, as it was parsed: its text, and where in it the fields stand.
/// Thread-compatible (distinct objects).
class field_view {
  public:
    /// The value of the first field of this name, in any case of letters.
    std::optional<std::string_view> field(std::string_view name) const noexcept {
        for (auto const& [field_name, value] : fields_) {
            if (equals_ignoring_case(text(field_name), name)) {
                return text(value);
            }
        }
        return std::nullopt;
    }

    /// Whether a list-valued field holds `token`, over all fields of this name and in any case of letters.
    bool field_holds(std::string_view name, std::string_view token) const noexcept {
        for (auto const& [field_name, value] : fields_) {
            if (equals_ignoring_case(text(field_name), name) && list_holds(text(value), token)) {
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

  protected:
    struct slice { // a part of head_: offsets, so that copies and moves stay right
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };

    std::string_view text(slice s) const noexcept { return std::string_view{head_}.substr(s.begin, s.size); }

    /// Where a part of head_ stands in it.
    slice slice_of(std::string_view part) const noexcept {
        return {static_cast<std::uint32_t>(part.data() - head_.data()), static_cast<std::uint32_t>(part.size())};
    }

    std::string head_;
    std::vector<std::pair<slice, slice>> fields_;
};

} // namespace orfeas::inline v0::http::detail
