// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/verdict_merger.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0::detect {

/// Several detectors of the same stream as one: each judges every sample, and the verdict with the highest score is that of
/// the pipeline. Its alerts are those of all its parts as one: an alert lasts while any part has one, and has an identity of
/// the pipeline's own. The parts are known at compile time, so what is not used costs nothing.
///
///     detect::pipeline judge{detect::outlier_detector{}, my_detector{}};
///
/// A detector if its parts are, a vector_detector if they are that. As quick as its parts, and no allocation of its own.
/// Thread-compatible (distinct objects).
template<class... Parts>
    requires(sizeof...(Parts) > 0 && ((detector<Parts> && ...) || (vector_detector<Parts> && ...)))
class pipeline {
  public:
    static constexpr state_kind kind{"pipeline", 1};

    pipeline()
        requires(std::default_initializable<Parts> && ...)
    = default;
    explicit pipeline(Parts... parts) : parts_{std::move(parts)...} {}

    verdict update(sample const& each)
        requires(detector<Parts> && ...)
    {
        return judge(each);
    }
    verdict update(vector_sample const& each)
        requires(vector_detector<Parts> && ...)
    {
        return judge(each);
    }

    /// What the parts said of the last sample, in their order; not a part of the saved state.
    std::span<verdict const, sizeof...(Parts)> verdicts() const noexcept { return verdicts_; }

    /// The part at that place.
    template<std::size_t I>
    auto const& part() const noexcept {
        return std::get<I>(parts_);
    }

    /// Whether any part can raise an alert.
    bool warm() const noexcept {
        return std::apply([](Parts const&... part) { return (part.warm() || ...); }, parts_);
    }

    void reset() {
        std::apply([](Parts&... part) { (part.reset(), ...); }, parts_);
        verdicts_ = {};
        merger_.reset();
    }

    void save(state_writer& out) const {
        std::apply([&](Parts const&... part) { (part.save(out), ...); }, parts_);
        save_state(out, kind, sizeof...(Parts), merger_);
    }

    std::error_code load(state_reader& in) {
        auto loaded = *this;
        auto from = in; // moves on only if all is well
        std::error_code refused;
        std::apply([&](Parts&... part) { ((refused = refused ? refused : part.load(from)), ...); }, loaded.parts_);
        refused = refused ? refused : load_state(from, kind, sizeof...(Parts), loaded.merger_);
        if (!refused) {
            *this = std::move(loaded);
            in = from;
        }
        return refused;
    }

  private:
    template<class Sample>
    verdict judge(Sample const& each) {
        std::apply([&](Parts&... part) { verdicts_ = {part.update(each)...}; }, parts_);
        return merger_.merge(verdicts_);
    }

    std::tuple<Parts...> parts_;
    std::array<verdict, sizeof...(Parts)> verdicts_{};
    detail::verdict_merger merger_;
};

} // namespace orfeas::inline v0::detect
