// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <concepts>

namespace orfeas::inline v0::detect {

/// Judges the samples of one metric in the order in which they come, by those before and by nothing else.
///
/// `update(sample)` takes a sample in and judges it: in constant time, without allocating, whatever the sample holds.
/// `warm()` says whether it has seen enough to raise an alert. `reset()` forgets all but the options. A detector is a value
/// that belongs to one stream.
template<class D>
concept detector = saves_state<D> && std::copyable<D> && requires(D& judge, D const& view, sample const& each) {
    { judge.update(each) } -> std::same_as<verdict>;
    { view.warm() } noexcept -> std::same_as<bool>;
    { judge.reset() } -> std::same_as<void>;
};

/// The same for the samples of several metrics, whose number is fixed.
template<class D>
concept vector_detector =
    saves_state<D> && std::copyable<D> && requires(D& judge, D const& view, vector_sample const& each) {
        { judge.update(each) } -> std::same_as<verdict>;
        { view.warm() } noexcept -> std::same_as<bool>;
        { judge.reset() } -> std::same_as<void>;
    };

} // namespace orfeas::inline v0::detect
