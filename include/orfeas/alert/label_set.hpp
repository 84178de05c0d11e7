// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/stable_hash.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// Labels in the order of their names, each name once, no value empty: as Prometheus has it, a label without a value is
/// not there.
using label_set = std::vector<std::pair<std::string, std::string>>;

/// The value of a label; empty when it is not there.
inline std::string_view value_of(label_set const& labels, std::string_view name) noexcept {
    auto const at = std::lower_bound(labels.begin(), labels.end(), name,
                                     [](auto const& each, std::string_view wanted) { return each.first < wanted; });
    return at == labels.end() || at->first != name ? std::string_view{} : std::string_view{at->second};
}

/// Sets a label, or takes it away when the value is empty.
inline void set_label(label_set& labels, std::string_view name, std::string_view value) {
    auto const at = std::lower_bound(labels.begin(), labels.end(), name,
                                     [](auto const& each, std::string_view wanted) { return each.first < wanted; });
    bool const is_there = at != labels.end() && at->first == name;
    if (value.empty()) {
        if (is_there) {
            labels.erase(at);
        }
    } else if (is_there) {
        at->second = value;
    } else {
        labels.emplace(at, std::string{name}, std::string{value});
    }
}

/// Labels in any order as a label_set. Of a name that stands twice, the last value holds.
inline label_set label_set_of(std::span<std::pair<std::string, std::string> const> labels) {
    label_set made;
    for (auto const& [name, value] : labels) {
        set_label(made, name, value);
    }
    return made;
}

/// Tells label sets apart, on every machine and in every run alike: a 64-bit hash.
inline std::uint64_t fingerprint(label_set const& labels) {
    std::string text;
    for (auto const& [name, value] : labels) {
        text.append(name).append(1, '\xff').append(value).append(1, '\xff'); // a byte that UTF-8 does not have
    }
    return stable_hash64(text);
}

} // namespace orfeas::inline v0::alert
