// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/metrics/names.hpp>

#include <cstddef>
#include <string_view>

namespace orfeas::inline v0::metrics {

/// The name of a label as a template argument: `counter_family<"method", "status">`. A name that Prometheus does not take,
/// and `le` and `quantile`, which it keeps for itself, do not compile.
template<std::size_t Size>
struct label_name {
    consteval label_name(char const (&name)[Size]) {
        for (std::size_t i = 0; i < Size; ++i) {
            text[i] = name[i];
        }
        if (!is_label_name(view()) || view() == "le" || view() == "quantile") {
            throw "the name of a label matches [a-zA-Z_][a-zA-Z0-9_]* without two leading underscores";
        }
    }

    constexpr std::string_view view() const noexcept { return {text, Size - 1}; }

    char text[Size]{};
    bool is_unbounded = false;
};

/// A label whose values have no end, such as a path or a user: `counter_family<"method", unbounded<"path">>`. Once the family
/// is full, new values of such labels become "overflow" while the other labels keep theirs.
template<label_name Name>
inline constexpr auto unbounded = [] {
    auto marked = Name;
    marked.is_unbounded = true;
    return marked;
}();

} // namespace orfeas::inline v0::metrics
