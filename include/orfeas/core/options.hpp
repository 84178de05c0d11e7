// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/error.hpp>
#include <orfeas/core/fields.hpp>

#include <unistd.h>

#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Configuration: aggregates `<type>_options` with a default for every member, validated once by the constructor that
/// takes them, and readable from the environment. An options struct owns one prefix and names its members:
///
///     struct sampler_options {
///         std::uint32_t history_size = 300;
///         static constexpr std::string_view environment_prefix = "ORFEAS_OBSERVE_";
///         static void fields(auto& self, auto&& field) {
///             field("history_size", self.history_size, in_range(1, 86'400), "frames kept in memory");
///         }
///     };

namespace orfeas::inline v0 {

namespace detail {

template<class T>
inline constexpr bool is_duration = false;
template<class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

inline std::string number_text(double value) {
    std::array<char, 32> text;
    auto const [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), end};
}

inline std::string option_text(bool value) {
    return value ? "true" : "false";
}
inline std::string option_text(std::string_view value) {
    return std::string{value};
}
inline std::string option_text(std::string const& value) {
    return value;
}
inline std::string option_text(char const* value) {
    return value;
}
template<class T>
    requires std::is_arithmetic_v<T>
std::string option_text(T value) {
    if constexpr (std::is_integral_v<T>) {
        return std::to_string(value);
    } else {
        return number_text(static_cast<double>(value));
    }
}
template<class Rep, class Period>
std::string option_text(std::chrono::duration<Rep, Period> value) {
    using namespace std::chrono;
    auto const seconds = duration<double>{value}.count();
    if (seconds != 0 && seconds < 0.001 && seconds > -0.001) {
        return number_text(seconds * 1e6) + "us";
    }
    if (seconds < 1 && seconds > -1 && seconds != 0) {
        return number_text(seconds * 1e3) + "ms";
    }
    return number_text(seconds) + "s";
}
inline std::string option_text(std::vector<std::string> const& values) {
    std::string text;
    for (auto const& value : values) {
        text.append(text.empty() ? "" : ",").append(value);
    }
    return text;
}

} // namespace detail

/// Allows values from `low` to `high`, both included. Not-a-number is never allowed.
template<class Bound>
struct in_range {
    Bound low;
    Bound high;

    constexpr in_range(Bound lowest, Bound highest) : low{lowest}, high{highest} {}

    template<class T>
    bool allows(T const& value) const {
        if constexpr (std::integral<T> && std::integral<Bound>) {
            return std::cmp_greater_equal(value, low) && std::cmp_less_equal(value, high);
        } else {
            return value >= low && value <= high;
        }
    }
    std::string describe() const { return "between " + detail::option_text(low) + " and " + detail::option_text(high); }
};

template<class Low, class High>
in_range(Low, High) -> in_range<std::common_type_t<Low, High>>;

/// Allows values from `low` upwards.
template<class Bound>
struct at_least {
    Bound low;

    constexpr explicit at_least(Bound lowest) : low{lowest} {}

    template<class T>
    bool allows(T const& value) const {
        if constexpr (std::integral<T> && std::integral<Bound>) {
            return std::cmp_greater_equal(value, low);
        } else {
            return value >= low;
        }
    }
    std::string describe() const { return "at least " + detail::option_text(low); }
};

/// Allows the listed texts. The texts outlive the constraint (string literals).
template<std::size_t N>
struct one_of {
    std::array<std::string_view, N> names;

    template<std::convertible_to<std::string_view>... Names>
    constexpr explicit one_of(Names... texts) : names{texts...} {}

    bool allows(std::string_view value) const {
        for (std::string_view const name : names) {
            if (name == value) {
                return true;
            }
        }
        return false;
    }
    std::string describe() const {
        std::string text = "one of ";
        for (std::size_t i = 0; i < N; ++i) {
            text.append(i == 0 ? "'" : ", '").append(names[i]).append("'");
        }
        return text;
    }
};
template<class... Names>
one_of(Names...) -> one_of<sizeof...(Names)>;

/// Allows every text and list but the empty one.
struct non_empty {
    template<class T>
    bool allows(T const& value) const noexcept {
        return !value.empty();
    }
    std::string describe() const { return "not empty"; }
};

/// Allows everything that the member's type can hold.
struct any_value {
    template<class T>
    bool allows(T const&) const noexcept {
        return true;
    }
    std::string describe() const { return "any value"; }
};

/// An aggregate that configures a component.
template<class O>
concept options = has_fields<O> && std::default_initializable<O> && requires {
    { O::environment_prefix } -> std::convertible_to<std::string_view>;
};

/// Checks every member against its constraint, then `options.check()` if there is one.
/// Throws option_error that names the field, its value and what is allowed.
template<has_fields O>
void validate(O const& options) {
    O::fields(options, [](std::string_view name, auto const& value, auto const& constraint, std::string_view) {
        if (!constraint.allows(value)) {
            throw option_error{name, detail::option_text(value), constraint.describe()};
        }
    });
    if constexpr (requires { options.check(); }) {
        options.check();
    }
}

namespace detail {

inline bool parse_option(std::string_view text, bool& out) {
    if (text == "true" || text == "1" || text == "on" || text == "yes") {
        return out = true, true;
    }
    if (text == "false" || text == "0" || text == "off" || text == "no") {
        return out = false, true;
    }
    return false;
}
inline bool parse_option(std::string_view text, std::string& out) {
    out = text;
    return true;
}
inline bool parse_option(std::string_view text, std::vector<std::string>& out) {
    out.clear();
    while (!text.empty()) {
        auto const comma = text.find(',');
        if (comma > 0) {
            out.emplace_back(text.substr(0, comma));
        }
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return true;
}
template<std::integral T>
bool parse_option(std::string_view text, T& out) {
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error == std::errc{} && rest == text.data() + text.size()) {
        return true;
    }
    if constexpr (std::is_unsigned_v<T>) { // sizes may be written with a unit
        auto const bytes = parse_bytes(text);
        if (bytes && std::in_range<T>(*bytes)) {
            return out = static_cast<T>(*bytes), true;
        }
    }
    return false;
}
template<std::floating_point T>
bool parse_option(std::string_view text, T& out) {
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && rest == text.data() + text.size();
}

/// Seconds in one `suffix`, or nothing.
inline std::optional<double> duration_unit(std::string_view suffix) {
    if (suffix == "us") {
        return 1e-6;
    }
    if (suffix == "ms") {
        return 1e-3;
    }
    if (suffix.empty() || suffix == "s") {
        return 1.0;
    }
    if (suffix == "min") {
        return 60.0;
    }
    if (suffix == "h") {
        return 3600.0;
    }
    if (suffix == "d") {
        return 86400.0;
    }
    return std::nullopt;
}
template<class Rep, class Period>
bool parse_option(std::string_view text, std::chrono::duration<Rep, Period>& out) {
    double number = 0;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) {
        return false;
    }
    auto const unit = duration_unit(text.substr(static_cast<std::size_t>(rest - text.data())));
    if (!unit) {
        return false;
    }
    double const ticks = number * *unit * static_cast<double>(Period::den) / static_cast<double>(Period::num);
    if (!(ticks >= static_cast<double>(std::numeric_limits<Rep>::lowest()) / 2 &&
          ticks <= static_cast<double>(std::numeric_limits<Rep>::max()) / 2)) {
        return false;
    }
    out = std::chrono::duration<Rep, Period>{static_cast<Rep>(ticks)};
    return true;
}

template<class T>
std::string_view expected_form(T const&) {
    if constexpr (std::is_same_v<T, bool>) {
        return "true or false";
    } else if constexpr (is_duration<T>) {
        return "a duration such as 250ms, 5s, 10min or 24h";
    } else if constexpr (std::is_unsigned_v<T>) {
        return "a whole number, or a size such as 256MiB";
    } else if constexpr (std::is_integral_v<T>) {
        return "a whole number";
    } else {
        return "a number";
    }
}

inline std::string environment_name(std::string_view prefix, std::string_view field) {
    std::string name{prefix};
    for (char const c : field) {
        name.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
    }
    return name;
}

/// The part of a `NAME=value` entry before the equals sign.
inline std::string_view entry_name(std::string_view entry) {
    return entry.substr(0, entry.find('='));
}

/// The part after it; empty where there is none.
inline std::string_view entry_value(std::string_view entry) {
    auto const equals = entry.find('=');
    return equals == std::string_view::npos ? std::string_view{} : entry.substr(equals + 1);
}

} // namespace detail

/// The process's environment as `NAME=value` entries, or a list of such entries given by hand (for tests).
/// Thread-compatible (distinct objects).
class environment {
  public:
    /// Reads the process's environment now; it must not be changed by another thread meanwhile.
    environment() {
        for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
            entries_.emplace_back(*entry);
        }
    }
    environment(std::initializer_list<std::string_view> entries) : entries_{entries.begin(), entries.end()} {}

    std::optional<std::string_view> get(std::string_view name) const {
        for (std::string_view const entry : entries_) {
            if (detail::entry_name(entry) == name && entry.size() > name.size()) {
                return entry.substr(name.size() + 1);
            }
        }
        return std::nullopt;
    }

    std::vector<std::string> const& entries() const noexcept { return entries_; }

  private:
    std::vector<std::string> entries_;
};

namespace detail {

/// Throws option_error for a variable under `prefix` that is none of `known`.
inline void refuse_unknown(environment const& variables, std::string_view prefix,
                           std::vector<std::string> const& known) {
    for (std::string_view const entry : variables.entries()) {
        auto const name = entry_name(entry);
        bool is_known = !name.starts_with(prefix);
        for (std::size_t i = 0; !is_known && i < known.size(); ++i) {
            is_known = known[i] == name;
        }
        if (is_known) {
            continue;
        }
        std::string allowed = "one of";
        for (auto const& each : known) {
            allowed.append(each == known.front() ? " " : ", ").append(each);
        }
        throw option_error{name, entry_value(entry), allowed};
    }
}

} // namespace detail

/// `base` with every member replaced whose variable (`<prefix><MEMBER>`) is set. The result is validated.
/// Throws option_error that names the variable, its value and what is allowed, for a malformed value, a value outside
/// its range, and any variable under the prefix that is not a member.
template<options O>
O from_environment(O base = {}, environment const& variables = {}) {
    std::vector<std::string> known;
    O::fields(base, [&](std::string_view field, auto& member, auto const& constraint, std::string_view) {
        auto const name = known.emplace_back(detail::environment_name(O::environment_prefix, field));
        auto const text = variables.get(name);
        if (!text) {
            return;
        }
        if (!detail::parse_option(*text, member)) {
            throw option_error{name, *text, detail::expected_form(member)};
        }
        if (!constraint.allows(member)) {
            throw option_error{name, *text, constraint.describe()};
        }
    });
    detail::refuse_unknown(variables, O::environment_prefix, known);
    try {
        validate(base);
    } catch (option_error const& error) { // of a combination: name the variable, as for all else
        throw option_error{detail::environment_name(O::environment_prefix, error.field()), error.value(),
                           error.allowed()};
    }
    return base;
}

} // namespace orfeas::inline v0
