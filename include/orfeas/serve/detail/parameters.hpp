// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::serve::detail {

/// The query parameter `name` as a whole number within [low, high], `fallback` when it is not given.
/// Throws http::problem_error (400) that names the parameter and the range.
inline std::uint64_t number_parameter(http::request const& q, std::string_view name, std::uint64_t low,
                                      std::uint64_t high, std::uint64_t fallback) {
    auto const text = q.parameter(name);
    if (!text) {
        return fallback;
    }
    std::uint64_t number = 0;
    auto const [rest, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc{} && rest == text->data() + text->size() && number >= low && number <= high) {
        return number;
    }
    throw http::problem_error{
        http::problem{http::status::bad_request}
            .detail(std::string{name} + " is not a whole number in its range.")
            .field(name)
            .allowed("a whole number from " + std::to_string(low) + " to " + std::to_string(high))};
}

/// The query parameter `name` as a number within [low, high], nothing when it is not given. Throws as `number_parameter`.
inline std::optional<double> real_parameter(http::request const& q, std::string_view name, double low, double high) {
    auto const text = q.parameter(name);
    if (!text) {
        return std::nullopt;
    }
    double number = 0;
    auto const [rest, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc{} && rest == text->data() + text->size() && number >= low && number <= high) {
        return number;
    }
    throw http::problem_error{
        http::problem{http::status::bad_request}
            .detail(std::string{name} + " is not a number in its range.")
            .field(name)
            .allowed("a number from " + orfeas::detail::number_text(low) + " to " + orfeas::detail::number_text(high))};
}

/// The query parameter `name`, one of two choices; the first when it is not given. Throws as `number_parameter`.
inline std::string_view choice_parameter(http::request const& q, std::string_view name,
                                         std::array<std::string_view, 2> const& choices) {
    auto const text = q.parameter(name);
    if (!text || *text == choices[0]) {
        return choices[0];
    }
    if (*text == choices[1]) {
        return choices[1];
    }
    std::string const allowed = std::string{choices[0]}.append(" or ").append(choices[1]);
    throw http::problem_error{http::problem{http::status::bad_request}
                                  .detail(std::string{name} + " is not one of " + allowed + ".")
                                  .field(name)
                                  .allowed(allowed)};
}

/// An answer that must not be kept, since the next one differs.
inline http::response fresh_json(std::string text) {
    return http::response::json(std::move(text)).set("cache-control", "no-store");
}

} // namespace orfeas::inline v0::serve::detail
