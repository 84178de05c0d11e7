// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0::trace {

/// A name that is handed to a span: a string literal, of which the address is kept, or any other text, which is copied.
/// Arrays of characters that are not constant go in as `std::string_view{array}`.
/// Thread-compatible (distinct objects).
class text_ref {
  public:
    constexpr text_ref() = default;

    template<std::size_t N>
    consteval text_ref(char const (&literal)[N])
        : data_{literal}, size_{N - 1}, is_literal_{true}, look_{look_of(view())} {
        if (literal[N - 1] != '\0') { // reading it shows that the text is constant, not only its address
            throw "a name is a string literal or a std::string_view";
        }
    }

    template<std::convertible_to<std::string_view> Text>
        requires(!std::is_array_v<std::remove_reference_t<Text>>)
    constexpr text_ref(Text const& text) noexcept {
        std::string_view const view = text;
        data_ = view.data();
        size_ = view.size();
    }

    constexpr std::string_view view() const noexcept { return {data_, size_}; }
    constexpr bool is_literal() const noexcept { return is_literal_; }

    /// A number below 64 that is the same for equal texts, to tell most different ones apart. O(1).
    constexpr std::uint8_t look() const noexcept { return is_literal_ ? look_ : look_of(view()); }

  private:
    /// From the first and the last eight bytes and the size.
    static constexpr std::uint8_t look_of(std::string_view text) noexcept {
        std::size_t const part = text.size() < 8 ? text.size() : 8;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        for (std::size_t i = 0; i < part; ++i) {
            first = first << 8U | static_cast<unsigned char>(text[i]);
            last = last << 8U | static_cast<unsigned char>(text[text.size() - part + i]);
        }
        return static_cast<std::uint8_t>((first ^ (last + text.size()) * 0x9e3779b97f4a7c15U) * 0xd1b54a32d192ed03U >>
                                         58U);
    }

    char const* data_ = "";
    std::size_t size_ = 0;
    bool is_literal_ = false;
    std::uint8_t look_ = 0; ///< of a literal
};

} // namespace orfeas::inline v0::trace
