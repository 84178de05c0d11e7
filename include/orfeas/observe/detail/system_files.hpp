// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
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
    auto const file =
        std::unique_ptr<std::FILE, decltype([](std::FILE* f) { std::fclose(f); })>{std::fopen(path.c_str(), "re")};
    if (file == nullptr) {
        return std::nullopt;
    }
    std::array<char, 16'384> text;
    std::size_t const length = std::fread(text.data(), 1, text.size(), file.get());
    if (std::ferror(file.get()) != 0) {
        return std::nullopt;
    }
    return std::string{text.data(), length};
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
