// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0 {

template<class Signature>
class unique_function;

/// A callable that is owned, on the heap; C++23 has it as std::move_only_function. What it holds need not be copyable.
/// Calling an empty one is a bug, and so is a null pointer to a function; test with `!= nullptr`.
/// Thread-compatible (distinct objects); calls are as thread-safe as the callable.
template<class Result, class... Args>
class unique_function<Result(Args...)> {
  public:
    unique_function() = default;
    unique_function(std::nullptr_t) noexcept {}

    template<class F>
        requires(!std::same_as<std::remove_cvref_t<F>, unique_function> &&
                 std::is_invocable_r_v<Result, std::decay_t<F>&, Args...>)
    unique_function(F&& f) // implicit: a lambda is passed where a unique_function is asked for
        : target_{std::make_unique<target_of<std::decay_t<F>>>(std::forward<F>(f))} {}

    Result operator()(Args... args) const { return target_->call(std::forward<Args>(args)...); }

    friend bool operator==(unique_function const& f, std::nullptr_t) noexcept { return f.target_ == nullptr; }

  private:
    struct target {
        virtual ~target() = default;
        virtual Result call(Args... args) = 0;
    };

    template<class F>
    struct target_of final : target {
        template<class From>
        explicit target_of(From&& from) : callable{std::forward<From>(from)} {}
        Result call(Args... args) override { return static_cast<Result>(callable(std::forward<Args>(args)...)); }

        F callable;
    };

    std::unique_ptr<target> target_;
};

} // namespace orfeas::inline v0
