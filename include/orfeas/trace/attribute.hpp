// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/text_ref.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0::trace {

/// What an attribute may hold: a boolean, a number or text.
template<class T>
concept attribute_type = std::is_arithmetic_v<T> || std::convertible_to<T const&, std::string_view>;

/// The value of an attribute as it is handed in or read in place: a boolean, a 64-bit integer, a double or borrowed text.
/// Unsigned numbers above the largest signed one become doubles.
/// Thread-compatible (distinct objects).
class attribute_ref {
  public:
    enum class type_of : std::uint8_t { boolean, integer, real, text };

    template<attribute_type T>
    constexpr attribute_ref(T const& value) noexcept {
        if constexpr (std::same_as<T, bool>) {
            set(value);
        } else if constexpr (std::floating_point<T>) {
            set(static_cast<double>(value));
        } else if constexpr (std::integral<T>) {
            if (sizeof(T) == 8 && std::unsigned_integral<T> && static_cast<std::int64_t>(value) < 0) {
                set(static_cast<double>(value));
            } else {
                set(static_cast<std::int64_t>(value));
            }
        } else {
            set(std::string_view{value});
        }
    }

    constexpr type_of type() const noexcept { return type_; }
    constexpr bool boolean() const noexcept { return value_.integer != 0; }           ///< when that is its type
    constexpr std::int64_t integer() const noexcept { return value_.integer; }        ///< when that is its type
    constexpr double real() const noexcept { return value_.real; }                    ///< when that is its type
    constexpr std::string_view text() const noexcept { return {value_.text, size_}; } ///< when that is its type
    constexpr std::size_t text_size() const noexcept { return size_; }                ///< 0 when that is not its type

  private:
    constexpr void set(bool value) noexcept {
        value_.integer = value ? 1 : 0;
        type_ = type_of::boolean;
    }
    constexpr void set(std::int64_t value) noexcept { value_.integer = value; }
    constexpr void set(double value) noexcept {
        value_.real = value;
        type_ = type_of::real;
    }
    constexpr void set(std::string_view value) noexcept {
        value_.text = value.data();
        size_ = value.size();
        type_ = type_of::text;
    }

    union any_value {
        std::int64_t integer = 0;
        double real;
        char const* text;
    };

    any_value value_{};
    std::size_t size_ = 0; ///< of the text
    type_of type_ = type_of::integer;
};

/// A key and its value, borrowed: what `{{"attempt", 2}, {"host", name}}` is made of.
/// Thread-compatible (distinct objects).
struct attribute {
    text_ref key;
    attribute_ref value;
};

} // namespace orfeas::inline v0::trace
