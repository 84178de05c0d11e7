// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/utf8.hpp>
#include <orfeas/metrics/detail/label_key.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::metrics::detail {

/// Whether every format writes these values as they are: they are UTF-8. Linear in the bytes.
inline bool are_readable(label_values values) noexcept {
    for (std::string_view rest : values) {
        while (!rest.empty()) {
            std::size_t const length = utf8_length(rest);
            if (length == 0) {
                return false;
            }
            rest.remove_prefix(length);
        }
    }
    return true;
}

/// Label values as they are written, each byte that is not UTF-8 as U+FFFD: series that would be written alike are one.
/// Thread-compatible (distinct objects).
class readable_values {
  public:
    explicit readable_values(label_values from) {
        for (std::string_view rest : from) {
            std::string& text = texts_.emplace_back();
            while (!rest.empty()) {
                std::size_t const length = utf8_length(rest);
                text.append(length == 0 ? replacement_character : rest.substr(0, length));
                rest.remove_prefix(length == 0 ? 1 : length);
            }
        }
        views_.assign(texts_.begin(), texts_.end());
    }

    label_values values() const noexcept { return views_; }

  private:
    std::vector<std::string> texts_;
    std::vector<std::string_view> views_;
};

} // namespace orfeas::inline v0::metrics::detail
