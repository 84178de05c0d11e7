// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

namespace detect_tool {

/// Reads a number from the front of a text, piece by piece; once something did not fit, nothing does.
class time_scanner {
  public:
    explicit time_scanner(std::string_view text) : rest_{text} {}

    /// Exactly so many digits, of a number in [low, high].
    int digits(std::size_t count, int low, int high) {
        int value = 0;
        fits_ = fits_ && rest_.size() >= count;
        for (std::size_t i = 0; fits_ && i < count; ++i) {
            fits_ = rest_[i] >= '0' && rest_[i] <= '9';
            value = value * 10 + (rest_[i] - '0');
        }
        fits_ = fits_ && value >= low && value <= high;
        rest_.remove_prefix(fits_ ? count : 0);
        return value;
    }

    /// One of these characters, which it returns.
    char one_of(std::string_view allowed) {
        fits_ = fits_ && !rest_.empty() && allowed.find(rest_.front()) != std::string_view::npos;
        char const found = fits_ ? rest_.front() : '\0';
        rest_.remove_prefix(fits_ ? 1 : 0);
        return found;
    }

    /// A fraction of a second, if one follows: a dot and digits, of which nine count.
    std::chrono::nanoseconds fraction() {
        std::int64_t nanoseconds = 0;
        if (!fits_ || !rest_.starts_with('.')) {
            return {};
        }
        rest_.remove_prefix(1);
        std::int64_t unit = 100'000'000;
        fits_ = !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
        for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; unit /= 10) {
            nanoseconds += (rest_.front() - '0') * unit;
            rest_.remove_prefix(1);
        }
        return std::chrono::nanoseconds{nanoseconds};
    }

    bool at_end() const { return fits_ && rest_.empty(); }
    bool fits() const { return fits_; }

  private:
    std::string_view rest_;
    bool fits_ = true;
};

namespace detail {

/// `YYYY-MM-DD HH:MM:SS` with an optional fraction, in UTC; with T and an offset as RFC 3339 has it.
inline std::optional<std::chrono::nanoseconds> parse_date_time(std::string_view text) {
    using namespace std::chrono;
    time_scanner scan{text};
    year const y{scan.digits(4, 1678, 2261)}; // what 64 bits of nanoseconds reach
    scan.one_of("-");
    month const m{static_cast<unsigned>(scan.digits(2, 1, 12))};
    scan.one_of("-");
    day const d{static_cast<unsigned>(scan.digits(2, 1, 31))};
    scan.one_of(" Tt");
    hours const h{scan.digits(2, 0, 23)};
    scan.one_of(":");
    minutes const min{scan.digits(2, 0, 59)};
    scan.one_of(":");
    seconds const s{scan.digits(2, 0, 60)}; // 60: a leap second
    auto const fraction = scan.fraction();
    minutes offset{};
    if (scan.fits() && !scan.at_end()) {
        char const sign = scan.one_of("Zz+-");
        if (sign == '+' || sign == '-') {
            offset = hours{scan.digits(2, 0, 23)};
            scan.one_of(":");
            offset += minutes{scan.digits(2, 0, 59)};
            offset = sign == '-' ? -offset : offset;
        }
    }
    if (!scan.at_end() || !year_month_day{y, m, d}.ok()) {
        return std::nullopt;
    }
    return sys_days{y / m / d}.time_since_epoch() + h + min + s + fraction - offset;
}

} // namespace detail

/// The time since 1970 (UTC) that a text says: `YYYY-MM-DD HH:MM:SS`, RFC 3339, or seconds, which may have a fraction. Empty
/// for anything else.
inline std::optional<std::chrono::nanoseconds> parse_timestamp(std::string_view text) {
    if (text.size() > 4 && text[4] == '-') {
        return detail::parse_date_time(text);
    }
    double seconds = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    constexpr double most = 9e9; // the year 2255: later times do not fit
    if (error != std::errc{} || end != text.data() + text.size() || !(seconds >= -most && seconds <= most)) {
        return std::nullopt;
    }
    auto const whole = static_cast<std::int64_t>(seconds < 0 ? seconds - 1 : seconds);
    auto const part = static_cast<std::int64_t>((seconds - static_cast<double>(whole)) * 1e9);
    return std::chrono::seconds{whole} + std::chrono::nanoseconds{part};
}

} // namespace detect_tool
