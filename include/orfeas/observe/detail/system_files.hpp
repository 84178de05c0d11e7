// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

/// The small text files by which Linux tells of itself.

namespace orfeas::inline v0::observe::detail {

/// Stands for what cannot be read.
inline constexpr double no_reading = std::numeric_limits<double>::quiet_NaN();

/// The first 16 KiB of a file; nothing when it cannot be read.
inline std::optional<std::string> read_text(std::string const& path) {
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return std::nullopt;
    }
    std::array<char, 16'384> text;
    std::size_t length = 0;
    ssize_t got = 0;
    do { // files of the kernel come in several pieces
        got = ::read(file, text.data() + length, text.size() - length);
        length += got > 0 ? static_cast<std::size_t>(got) : 0;
    } while (got > 0 && length < text.size());
    ::close(file);
    return got < 0 ? std::nullopt : std::optional{std::string{text.data(), length}};
}

/// The whole number that `text` begins with, after spaces.
inline std::optional<std::uint64_t> leading_number(std::string_view text) noexcept {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    std::uint64_t number = 0;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} ? std::optional{number} : std::nullopt;
}

/// The whole number after `name` and a space or an equals sign, wherever such a word stands in `text`.
inline std::optional<std::uint64_t> number_named(std::string_view text, std::string_view name) noexcept {
    for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        bool const begins = at == 0 || text[at - 1] == '\n' || text[at - 1] == ' ';
        auto const rest = text.substr(at + name.size());
        if (begins && !rest.empty() && (rest.front() == ' ' || rest.front() == '=')) {
            return leading_number(rest.substr(1));
        }
    }
    return std::nullopt;
}

/// A reading as a double, `scale` times as large; NaN where there is none.
inline double scaled(std::optional<std::uint64_t> reading, double scale = 1) noexcept {
    return reading ? static_cast<double>(*reading) * scale : no_reading;
}

} // namespace orfeas::inline v0::observe::detail
