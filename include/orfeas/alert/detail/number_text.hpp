// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::alert::detail {

// Numbers as the templates of Prometheus write them (template/template.go of 2.42).

inline std::string special_number_text(double value) {
    return std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

/// `%.4g`.
inline std::string four_digits(double value) {
    if (!std::isfinite(value)) {
        return special_number_text(value);
    }
    std::array<char, 32> text;
    auto const [end, error] =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 4);
    return {text.data(), end};
}

/// The shortest text that gives the same number back, with an exponent below 1e-4 and from 1e+06 on: as Go prints numbers.
inline std::string plain_number_text(double value) {
    if (!std::isfinite(value)) {
        return special_number_text(value);
    }
    double const size = std::abs(value);
    auto const format =
        size != 0 && (size < 1e-4 || size >= 1e6) ? std::chars_format::scientific : std::chars_format::fixed;
    std::array<char, 64> text;
    auto const [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, format);
    return {text.data(), end};
}

/// 1234567 as 1.235M.
inline std::string humanized(double value) {
    if (value == 0 || !std::isfinite(value)) {
        return four_digits(value);
    }
    std::string_view prefix;
    if (std::abs(value) >= 1) {
        for (std::string_view const each : {"k", "M", "G", "T", "P", "E", "Z", "Y"}) {
            if (std::abs(value) < 1000) {
                break;
            }
            prefix = each;
            value /= 1000;
        }
    } else {
        for (std::string_view const each : {"m", "u", "n", "p", "f", "a", "z", "y"}) {
            if (std::abs(value) >= 1) {
                break;
            }
            prefix = each;
            value *= 1000;
        }
    }
    return four_digits(value).append(prefix);
}

/// 1234567 as 1.177Mi.
inline std::string humanized_1024(double value) {
    if (std::abs(value) <= 1 || !std::isfinite(value)) {
        return four_digits(value);
    }
    std::string_view prefix;
    for (std::string_view const each : {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"}) {
        if (std::abs(value) < 1024) {
            break;
        }
        prefix = each;
        value /= 1024;
    }
    return four_digits(value).append(prefix);
}

/// 0.853 as 85.3%.
inline std::string humanized_percentage(double value) {
    return four_digits(value * 100).append("%");
}

/// Seconds: 5025 as 1h 23m 45s, 0.0015 as 1.5ms.
inline std::string humanized_duration(double value) {
    if (!std::isfinite(value) || value == 0) {
        return four_digits(value).append(value == 0 ? "s" : "");
    }
    if (std::abs(value) >= 1) {
        auto const whole = static_cast<std::int64_t>(std::abs(value) < 9e18 ? std::abs(value) : 9e18);
        std::string made = value < 0 ? "-" : "";
        auto const part = [&](std::int64_t count, std::string_view unit) {
            made.append(std::to_string(count)).append(unit);
        };
        if (whole >= 86'400) {
            part(whole / 86'400, "d ");
        }
        if (whole >= 3'600) {
            part(whole / 3'600 % 24, "h ");
        }
        if (whole >= 60) {
            part(whole / 60 % 60, "m ");
            part(whole % 60, "s");
            return made;
        }
        return made.append(four_digits(std::abs(value))).append("s");
    }
    std::string_view prefix;
    for (std::string_view const each : {"m", "u", "n", "p", "f", "a", "z", "y"}) {
        if (std::abs(value) >= 1) {
            break;
        }
        prefix = each;
        value *= 1000;
    }
    return four_digits(value).append(prefix).append("s");
}

} // namespace orfeas::inline v0::alert::detail
