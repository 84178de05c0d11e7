// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <concepts>
#include <initializer_list>
#include <span>

namespace orfeas::inline v0::metrics {

/// The labels given in one call: `{{"route", "/api"}, {"status", "200"}}`, or any contiguous range of `label`. Borrowed for
/// the length of the call; their order does not matter.
/// Thread-compatible (distinct objects).
class label_list {
  public:
    constexpr label_list() = default;
    constexpr label_list(std::initializer_list<label> labels) noexcept : labels_{std::data(labels), labels.size()} {}
    template<std::convertible_to<std::span<label const>> Labels>
    constexpr label_list(Labels const& labels) noexcept : labels_{labels} {}

    constexpr auto begin() const noexcept { return labels_.begin(); }
    constexpr auto end() const noexcept { return labels_.end(); }
    constexpr std::size_t size() const noexcept { return labels_.size(); }

  private:
    std::span<label const> labels_;
};

} // namespace orfeas::inline v0::metrics
