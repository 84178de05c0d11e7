// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
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
    consteval text_ref(char const (&literal)[N]) : data_{literal}, size_{N - 1}, is_literal_{true} {
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

  private:
    char const* data_ = "";
    std::size_t size_ = 0;
    bool is_literal_ = false;
};

} // namespace orfeas::inline v0::trace
