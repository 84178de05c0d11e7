// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/metrics/counter.hpp>
#include <orfeas/metrics/detail/registry_core.hpp>
#include <orfeas/metrics/gauge.hpp>
#include <orfeas/metrics/histogram.hpp>
#include <orfeas/metrics/label_name.hpp>
#include <orfeas/metrics/up_down_counter.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace orfeas::inline v0::metrics {

namespace detail {

/// Where each of some labels comes when they are sorted by name.
template<label_name... Names>
struct label_order {
    static constexpr std::size_t size = sizeof...(Names);
    static_assert(size <= family::most_labels, "at most 32 labels");

    static constexpr std::array<std::string_view, size> declared{Names.view()...};
    static constexpr std::array<std::size_t, size> places = [] {
        std::array<std::size_t, size> made{};
        for (std::size_t i = 0; i < size; ++i) {
            for (std::string_view const other : declared) {
                made[i] += other < declared[i] ? 1U : 0U;
            }
        }
        return made;
    }();
    static constexpr bool are_different = [] {
        for (std::size_t i = 0; i < size; ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (declared[i] == declared[j]) {
                    return false;
                }
            }
        }
        return true;
    }();
    static_assert(are_different, "each label has a name of its own");

    static constexpr std::array<std::string_view, size> sorted = [] {
        std::array<std::string_view, size> made{};
        for (std::size_t i = 0; i < size; ++i) {
            made[places[i]] = declared[i];
        }
        return made;
    }();
    static constexpr std::uint32_t unbounded = [] {
        std::array<bool, size> const flags{Names.is_unbounded...};
        std::uint32_t made = 0;
        for (std::size_t i = 0; i < size; ++i) {
            made |= flags[i] ? std::uint32_t{1} << places[i] : 0U;
        }
        return made;
    }();
};

inline counter handle_of(registry_core& core, family& of, label_values values, std::in_place_type_t<counter>) {
    return counter{core.resolve(of, values)};
}
inline up_down_counter handle_of(registry_core& core, family& of, label_values values,
                                 std::in_place_type_t<up_down_counter>) {
    return up_down_counter{core.resolve(of, values)};
}
inline gauge handle_of(registry_core& core, family& of, label_values values, std::in_place_type_t<gauge>) {
    auto const [series, level] = core.resolve_gauge(of, values);
    return gauge{series, *level};
}
inline histogram handle_of(registry_core& core, family& of, label_values values, std::in_place_type_t<histogram>) {
    return histogram{core.resolve(of, values), of.shape()};
}

} // namespace detail

/// The series of one metric by the values of their labels, whose names are part of the type. A light handle that can be
/// copied; the registry that made it outlives it.
///
///     auto requests = registry.counter_family<"method", "status">("http_requests_total", "Requests.");
///     requests.with("GET", "200").add();
///
/// Thread-safe.
template<class Instrument, label_name... Names>
class typed_family {
  public:
    /// Made by a registry.
    typed_family(detail::registry_core& core, detail::family& family) noexcept : core_{&core}, family_{&family} {}

    /// The series with these label values, in the order of the names; made if there is none. Where the series exists this
    /// takes no lock and allocates nothing; a handle that is kept is faster still.
    /// In a full family it is the overflow series, see basic_registry. Throws std::bad_alloc, and registration_error for a
    /// gauge where a callback gauge has these labels.
    template<std::convertible_to<std::string_view>... Values>
        requires(sizeof...(Values) == sizeof...(Names))
    Instrument with(Values const&... values) const {
        using order = detail::label_order<Names...>;
        std::array<std::string_view, sizeof...(Names)> sorted;
        std::size_t next = 0;
        ((sorted[order::places[next++]] = std::string_view{values}), ...);
        return detail::handle_of(*core_, *family_, sorted, std::in_place_type<Instrument>);
    }

  private:
    detail::registry_core* core_;
    detail::family* family_;
};

} // namespace orfeas::inline v0::metrics
