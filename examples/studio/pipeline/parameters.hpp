// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>
#include <orfeas/core/fields.hpp>
#include <orfeas/core/options.hpp>

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace studio {

/// The file formats of a mesh.
enum class mesh_format : std::uint8_t { stl, glb };

/// As a query writes it.
constexpr std::string_view to_string(mesh_format format) noexcept {
    return format == mesh_format::stl ? "stl" : "glb";
}

/// Allows every mesh_format.
struct any_mesh_format {
    static constexpr bool allows(mesh_format) noexcept { return true; }
    static std::string describe() { return "one of 'stl', 'glb'"; }
};

/// What a caller may choose about a relief. Lengths in millimetres.
/// `fields` names every member, its allowed values and its meaning; the parser, the problems and the docs come from it.
struct parameters {
    double width_mm = 80;
    double relief_mm = 3;
    double base_mm = 1.6;
    std::uint32_t resolution = 256;
    mesh_format format = mesh_format::stl;

    static void fields(auto& self, auto&& field) {
        using orfeas::in_range;
        field("width_mm", self.width_mm, in_range(10.0, 500.0), "width of the solid; its depth follows the picture");
        field("relief_mm", self.relief_mm, in_range(0.1, 50.0), "height of white above black");
        field("base_mm", self.base_mm, in_range(0.4, 20.0), "thickness of the plate below black");
        field("resolution", self.resolution, in_range(16, 1024), "grid points along the longer side");
        field("format", self.format, any_mesh_format{}, "file format of the mesh");
    }

    friend bool operator==(parameters const&, parameters const&) = default;
};
static_assert(orfeas::has_fields<parameters>);

namespace detail {

/// Reads all of `text`: digits with an optional fraction or exponent, no sign but minus, no white space.
template<class Number>
    requires std::is_arithmetic_v<Number>
bool parse_value(std::string_view text, Number& out) noexcept {
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && rest == text.data() + text.size();
}

inline bool parse_value(std::string_view text, mesh_format& out) noexcept {
    for (auto const format : {mesh_format::stl, mesh_format::glb}) {
        if (text == to_string(format)) {
            out = format;
            return true;
        }
    }
    return false;
}

inline std::string value_text(mesh_format format) {
    return std::string{to_string(format)};
}
template<class Number>
    requires std::is_arithmetic_v<Number>
std::string value_text(Number value) {
    char text[32];
    auto const [end, error] = std::to_chars(text, text + sizeof text, value);
    return {text, end};
}

} // namespace detail

/// Throws orfeas::option_error (field, value, allowed) unless every member is within its range.
inline void check(parameters const& asked) {
    parameters::fields(asked, [](std::string_view field, auto const& value, auto const& allowed, std::string_view) {
        if (!allowed.allows(value)) {
            throw orfeas::option_error{field, detail::value_text(value), allowed.describe()};
        }
    });
}

/// Sets the member that `name` names from `text`. Throws orfeas::option_error (field, value, allowed) when there is no
/// such member, or when the text is not one of its allowed values; `to` keeps its value then.
inline void set_parameter(parameters& to, std::string_view name, std::string_view text) {
    bool known = false;
    std::string names = "one of";
    parameters::fields(to, [&](std::string_view field, auto& member, auto const& allowed, std::string_view) {
        names.append(names.ends_with("of") ? " " : ", ").append(field);
        if (field != name) {
            return;
        }
        known = true;
        auto value = member;
        if (!detail::parse_value(text, value) || !allowed.allows(value)) {
            throw orfeas::option_error{field, text, allowed.describe()};
        }
        member = value;
    });
    if (!known) {
        throw orfeas::option_error{name, text, names};
    }
}

/// The defaults with each (name, text) pair of a query applied. A name given twice is an error, as it is not clear which
/// was meant. Throws orfeas::option_error as set_parameter does.
template<class Pairs>
parameters parse_parameters(Pairs const& query) {
    parameters result;
    for (auto each = query.begin(); each != query.end(); ++each) {
        auto const& [name, text] = *each;
        for (auto before = query.begin(); before != each; ++before) {
            if (std::string_view{before->first} == std::string_view{name}) {
                throw orfeas::option_error{name, text, "given once"};
            }
        }
        set_parameter(result, name, text);
    }
    return result;
}

/// The parameters as a query in one fixed spelling: equal parameters give equal texts, so it serves as a cache key.
inline std::string to_query(parameters const& from) {
    std::string query;
    parameters::fields(from, [&](std::string_view field, auto const& value, auto const&, std::string_view) {
        query.append(query.empty() ? "" : "&").append(field).append("=").append(detail::value_text(value));
    });
    return query;
}

} // namespace studio
