// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/state.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <concepts>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0::detect {

/// Any detector of samples of that type, chosen at run time. A call costs one indirection more; copying copies the detector.
/// Thread-compatible (distinct objects).
template<class Sample>
class basic_any_detector {
  public:
    template<class D>
        requires(!std::same_as<std::remove_cvref_t<D>, basic_any_detector> && saves_state<std::remove_cvref_t<D>> &&
                 requires(std::remove_cvref_t<D>& judge, Sample const& each) {
                     { judge.update(each) } -> std::same_as<verdict>;
                 })
    basic_any_detector(D&& judge) : held_{std::make_unique<holder<std::remove_cvref_t<D>>>(std::forward<D>(judge))} {}

    basic_any_detector(basic_any_detector const& other) : held_{other.held_->copy()} {}
    basic_any_detector(basic_any_detector&&) noexcept = default;
    basic_any_detector& operator=(basic_any_detector other) noexcept {
        held_ = std::move(other.held_);
        return *this;
    }
    ~basic_any_detector() = default;

    verdict update(Sample const& each) { return held_->update(each); }
    bool warm() const noexcept { return held_->warm(); }
    void reset() { held_->reset(); }
    void save(state_writer& out) const { held_->save(out); }
    std::error_code load(state_reader& in) { return held_->load(in); }

  private:
    struct base {
        virtual ~base() = default;
        virtual std::unique_ptr<base> copy() const = 0;
        virtual verdict update(Sample const& each) = 0;
        virtual bool warm() const noexcept = 0;
        virtual void reset() = 0;
        virtual void save(state_writer& out) const = 0;
        virtual std::error_code load(state_reader& in) = 0;
    };

    template<class D>
    struct holder final : base {
        template<class From>
        explicit holder(From&& from) : judge{std::forward<From>(from)} {}

        std::unique_ptr<base> copy() const override { return std::make_unique<holder>(judge); }
        verdict update(Sample const& each) override { return judge.update(each); }
        bool warm() const noexcept override { return judge.warm(); }
        void reset() override { judge.reset(); }
        void save(state_writer& out) const override { judge.save(out); }
        std::error_code load(state_reader& in) override { return judge.load(in); }

        D judge;
    };

    std::unique_ptr<base> held_;
};

using any_detector = basic_any_detector<sample>;
using any_vector_detector = basic_any_detector<vector_sample>;
static_assert(detector<any_detector>);
static_assert(vector_detector<any_vector_detector>);

} // namespace orfeas::inline v0::detect
