// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/observe/series.hpp>

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe::detail {

/// The names in a text with commas between them, without the blanks around them; a comma within braces belongs to a key.
inline std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> names;
    std::size_t begin = 0;
    bool in_braces = false;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i == text.size() || (text[i] == ',' && !in_braces)) {
            auto const name = text.substr(begin, i - begin);
            auto const first = name.find_first_not_of(' ');
            if (first != std::string_view::npos) {
                names.emplace_back(name.substr(first, name.find_last_not_of(' ') - first + 1));
            }
            begin = i + 1;
        } else {
            in_braces = text[i] == '{' || (in_braces && text[i] != '}');
        }
    }
    return names;
}

/// Names of series, by key or by metric name; "*" stands for all. Thread-compatible (distinct objects).
class name_list {
  public:
    name_list() = default;

    /// Names with commas between them.
    explicit name_list(std::string_view text) {
        for (auto& each : split_names(text)) {
            names_.insert(std::move(each));
        }
    }

    void add(std::string_view name) { names_.emplace(name); }

    bool contains(series const& each) const {
        return names_.contains("*") || names_.contains(each.name) || names_.contains(each.key);
    }

  private:
    std::set<std::string, std::less<>> names_;
};

} // namespace orfeas::inline v0::observe::detail
