// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/fields.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/core/utf8.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0 {

/// Writes compact JSON (RFC 8259) to the end of a string that the caller owns and may reuse.
/// Commas and colons come by themselves; numbers keep their shortest exact form; NaN and infinities become null;
/// strings are escaped, and bytes that are not UTF-8 become U+FFFD, so the output always is valid JSON.
/// Thread-compatible (distinct objects).
class json_writer {
  public:
    explicit json_writer(std::string& out) noexcept : out_{out} {}
    json_writer(json_writer const&) = delete;
    json_writer& operator=(json_writer const&) = delete;

    json_writer& begin_object() { return open('{'); }
    json_writer& end_object() { return close('}'); }
    json_writer& begin_array() { return open('['); }
    json_writer& end_array() { return close(']'); }

    /// The name of the next value; only inside an object.
    json_writer& key(std::string_view name) {
        separate();
        quote(name);
        out_.push_back(':');
        needs_comma_ = false;
        return *this;
    }

    json_writer& value(std::string_view text) {
        separate();
        quote(text);
        needs_comma_ = true;
        return *this;
    }
    json_writer& value(char const* text) { return value(std::string_view{text}); }
    json_writer& value(std::string const& text) { return value(std::string_view{text}); }

    template<std::same_as<bool> B>
    json_writer& value(B flag) {
        return literal(flag ? "true" : "false");
    }

    template<class Number>
        requires((std::integral<Number> && !std::same_as<Number, bool>) || std::floating_point<Number>)
    json_writer& value(Number number) {
        if constexpr (std::floating_point<Number>) {
            if (!is_finite(static_cast<double>(number))) {
                return null();
            }
        }
        std::array<char, 40> text;
        auto const [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
        return literal({text.data(), static_cast<std::size_t>(end - text.data())});
    }

    json_writer& null() { return literal("null"); }

    /// A value that already is JSON, copied as it is.
    json_writer& raw(std::string_view json) { return literal(json); }

    /// `key` and `value` in one.
    template<class T>
    json_writer& member(std::string_view name, T const& v) {
        return key(name).value(v);
    }

  private:
    json_writer& open(char bracket) {
        separate();
        out_.push_back(bracket);
        needs_comma_ = false;
        return *this;
    }
    json_writer& close(char bracket) {
        out_.push_back(bracket);
        needs_comma_ = true;
        return *this;
    }
    json_writer& literal(std::string_view text) {
        separate();
        out_.append(text);
        needs_comma_ = true;
        return *this;
    }
    void separate() {
        if (needs_comma_) {
            out_.push_back(',');
        }
    }

    void quote(std::string_view text);
    void escape(unsigned char c);

    std::string& out_;
    bool needs_comma_ = false;
};

inline void json_writer::escape(unsigned char c) {
    static constexpr char digits[] = "0123456789abcdef";
    switch (c) {
    case '"':
        out_.append("\\\"");
        return;
    case '\\':
        out_.append("\\\\");
        return;
    case '\n':
        out_.append("\\n");
        return;
    case '\r':
        out_.append("\\r");
        return;
    case '\t':
        out_.append("\\t");
        return;
    default:
        out_.append("\\u00").append({digits[c >> 4U], digits[c & 15U]});
    }
}

inline void json_writer::quote(std::string_view text) {
    out_.push_back('"');
    while (!text.empty()) {
        auto const c = static_cast<unsigned char>(text.front());
        std::size_t length = 1;
        if (c < 0x20U || c == '"' || c == '\\') {
            escape(c);
        } else if (length = utf8_length(text); length > 0) {
            out_.append(text.substr(0, length));
        } else {
            out_.append(replacement_character); // one for each byte that cannot be read
            length = 1;
        }
        text.remove_prefix(length);
    }
    out_.push_back('"');
}

/// Writes any value that JSON can hold: booleans, numbers, text, optionals (null), wall times (seconds since the Unix
/// epoch), durations (seconds), ids and enumerations that have a `to_string`, ranges (arrays) and structs with fields (objects).
template<class T>
void write_json(json_writer& out, T const& value) {
    if constexpr (std::is_same_v<T, wall_time>) {
        out.value(unix_seconds(value));
    } else if constexpr (requires {
                             typename T::period;
                             typename T::rep;
                         }) {
        out.value(std::chrono::duration<double>{value}.count());
    } else if constexpr (requires { out.value(value); }) {
        out.value(value);
    } else if constexpr (requires {
                             { to_string(value) } -> std::convertible_to<std::string_view>;
                         }) {
        out.value(std::string_view{to_string(value)});
    } else if constexpr (requires {
                             value.has_value();
                             *value;
                         }) {
        if (value.has_value()) {
            write_json(out, *value);
        } else {
            out.null();
        }
    } else if constexpr (has_fields<T const>) {
        out.begin_object();
        T::fields(value, [&](std::string_view name, auto const& member, auto const&...) {
            out.key(name);
            write_json(out, member);
        });
        out.end_object();
    } else {
        out.begin_array();
        for (auto const& each : value) {
            write_json(out, each);
        }
        out.end_array();
    }
}

/// The JSON of a value as a new string.
template<class T>
std::string to_json(T const& value) {
    std::string text;
    json_writer writer{text};
    write_json(writer, value);
    return text;
}

} // namespace orfeas::inline v0
