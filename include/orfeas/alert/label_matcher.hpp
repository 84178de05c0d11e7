// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/text_pattern.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// How a matcher compares: `=`, `!=`, `=~`, `!~`.
enum class match_kind : std::uint8_t { equal, not_equal, pattern, not_pattern };

constexpr std::string_view to_string(match_kind kind) noexcept {
    constexpr std::string_view names[] = {"=", "!=", "=~", "!~"};
    return names[static_cast<std::uint8_t>(kind)];
}

/// Compares one label: of series, of alerts for silences, routes and inhibitions. A label that is not there is as one of an
/// empty value. Patterns are those of `text_pattern`. Thread-compatible (distinct objects).
class label_matcher {
  public:
    /// Throws std::invalid_argument for an empty name and for a pattern that cannot be used.
    label_matcher(std::string name, match_kind kind, std::string value)
        : name_{std::move(name)}, kind_{kind}, value_{std::move(value)} {
        if (name_.empty()) {
            throw std::invalid_argument{"a label matcher needs the name of a label"};
        }
        if (kind_ == match_kind::pattern || kind_ == match_kind::not_pattern) {
            pattern_.emplace(value_);
        }
    }

    std::string const& name() const noexcept { return name_; }
    match_kind kind() const noexcept { return kind_; }
    std::string const& value() const noexcept { return value_; }

    bool matches(std::string_view value) const noexcept {
        switch (kind_) {
        case match_kind::equal:
            return value == value_;
        case match_kind::not_equal:
            return value != value_;
        case match_kind::pattern:
            return pattern_->matches(value);
        case match_kind::not_pattern:
            return !pattern_->matches(value);
        }
        return false;
    }

    friend bool operator==(label_matcher const& a, label_matcher const& b) noexcept {
        return a.name_ == b.name_ && a.kind_ == b.kind_ && a.value_ == b.value_;
    }

  private:
    std::string name_;
    match_kind kind_;
    std::string value_;
    std::optional<text_pattern> pattern_;
};

/// Whether all matchers match; also where there are none.
inline bool all_match(std::vector<label_matcher> const& matchers, label_set const& labels) noexcept {
    return std::all_of(matchers.begin(), matchers.end(),
                       [&](label_matcher const& each) { return each.matches(value_of(labels, each.name())); });
}

/// As `{name="value",…}`.
inline std::string to_string(std::vector<label_matcher> const& matchers) {
    std::string made{"{"};
    for (auto const& each : matchers) {
        made.append(made.size() > 1 ? "," : "").append(each.name()).append(to_string(each.kind())).append("\"");
        for (char const c : each.value()) {
            made.append(c == '"' || c == '\\' ? "\\" : c == '\n' ? "\\n" : "");
            made.append(c == '\n' ? "" : std::string_view{&c, 1});
        }
        made.append("\"");
    }
    return made.append("}");
}

} // namespace orfeas::inline v0::alert
