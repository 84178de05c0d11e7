// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <span>

namespace orfeas::inline v0::metrics {

/// The labels given in one call: `{{"route", "/api"}, {"status", "200"}}`, or any contiguous range of `label`. Borrowed for
/// the length of the call; their order does not matter.
/// Thread-compatible (distinct objects).
class label_list {
  public:
    constexpr label_list() = default;
    constexpr label_list(std::initializer_list<label> labels) noexcept : first_{labels.begin()}, size_{labels.size()} {}
    template<std::convertible_to<std::span<label const>> Labels>
    constexpr label_list(Labels const& labels) noexcept {
        std::span<label const> const view = labels;
        first_ = view.data();
        size_ = view.size();
    }

    constexpr label const* begin() const noexcept { return first_; }
    constexpr label const* end() const noexcept { return first_ + size_; }
    constexpr std::size_t size() const noexcept { return size_; }

  private:
    label const* first_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace orfeas::inline v0::metrics
