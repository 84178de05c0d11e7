// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <string_view>

namespace orfeas::inline v0 {

namespace detail {

struct any_field_visitor {
    template<class... Parts>
    void operator()(std::string_view, Parts&&...) const {}
};

} // namespace detail

/// A plain struct that names its members: `T::fields(object, field)` calls `field(name, member, …)` once per member, in
/// declaration order. Options add a constraint and a help text, reports a unit and a help text. JSON, CSV, environment
/// variables, validation and labels all come from this one visitor.
template<class T>
concept has_fields = requires(T& object, detail::any_field_visitor visitor) { T::fields(object, visitor); };

/// Calls `field(name, member, …)` for each member of `object`.
template<class T, class Field>
void for_each_field(T& object, Field&& field) {
    T::fields(object, field);
}

} // namespace orfeas::inline v0
