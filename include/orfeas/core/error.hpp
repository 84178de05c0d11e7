// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace orfeas::inline v0 {

/// An error enumeration that speaks for itself. Found by argument-dependent lookup:
/// `error_domain(e)` names the module ("orfeas.http"), `describe(e)` gives the sentence of the enumerator.
/// Such an enumeration also specialises `std::is_error_code_enum` and so becomes a `std::error_code`,
/// from which `boost::system::error_code` converts.
template<class E>
concept described_error = std::is_enum_v<E> && requires(E e) {
    { error_domain(e) } -> std::convertible_to<std::string_view>;
    { describe(e) } -> std::convertible_to<std::string_view>;
};

namespace detail {

template<described_error E>
class described_category final : public std::error_category {
  public:
    char const* name() const noexcept override { return std::string_view{error_domain(E{})}.data(); }
    std::string message(int value) const override { return std::string{describe(static_cast<E>(value))}; }
};

} // namespace detail

/// The category of a described error enumeration: one object per enumeration, immutable.
/// Thread-safe.
template<described_error E>
std::error_category const& category_of() noexcept {
    static detail::described_category<E> const category{};
    return category;
}

/// Makes the error code of a described enumerator. A module in a nested namespace brings it beside its enumeration by
/// `using v0::make_error_code;`, where std::error_code finds it.
template<described_error E>
    requires std::is_error_code_enum<E>::value
std::error_code make_error_code(E e) noexcept {
    return {static_cast<int>(e), category_of<E>()};
}

/// A configured value that cannot be used. `what()` is one sentence that names the field, the value and what is allowed.
class option_error : public std::invalid_argument {
  public:
    option_error(std::string_view field, std::string_view value, std::string_view allowed)
        : std::invalid_argument{sentence(field, value, allowed)}, field_{field}, value_{value}, allowed_{allowed} {}

    std::string const& field() const noexcept { return field_; }     ///< the option or environment variable
    std::string const& value() const noexcept { return value_; }     ///< what was given
    std::string const& allowed() const noexcept { return allowed_; } ///< what may be given

  private:
    static std::string sentence(std::string_view field, std::string_view value, std::string_view allowed) {
        std::string text{field};
        text.append(" is '").append(value).append("', but must be ").append(allowed);
        return text;
    }

    std::string field_;
    std::string value_;
    std::string allowed_;
};

} // namespace orfeas::inline v0
