// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace studio {

/// The file formats that the studio decodes.
enum class picture_format { png, jpeg, pgm };

/// Short name for people and for traces.
constexpr std::string_view to_string(picture_format format) noexcept {
    switch (format) {
    case picture_format::png:
        return "PNG";
    case picture_format::jpeg:
        return "JPEG";
    case picture_format::pgm:
        return "PGM";
    }
    return "unknown";
}

/// The format that the first bytes announce, whatever a file name or a content type says. Empty when none does.
/// Thread-safe.
inline std::optional<picture_format> sniff(std::span<std::byte const> bytes) noexcept {
    using namespace std::string_view_literals;
    std::string_view const text{reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    if (text.starts_with("\x89PNG\r\n\x1a\n"sv)) {
        return picture_format::png;
    }
    if (text.starts_with("\xff\xd8\xff"sv)) {
        return picture_format::jpeg;
    }
    if (text.starts_with("P2"sv) || text.starts_with("P5"sv)) {
        return picture_format::pgm;
    }
    return std::nullopt;
}

} // namespace studio
