// SPDX-License-Identifier: MIT
#pragma once

#include <new>
#include <string>

namespace orfeas::inline v0::memory::detail {

/// Keeps the first of several sentences.
inline void note(std::string& first, char const* sentence) noexcept {
    if (!first.empty()) {
        return;
    }
    try {
        first = sentence;
    } catch (std::bad_alloc const&) { // the figures of the report must do
    }
}

} // namespace orfeas::inline v0::memory::detail
