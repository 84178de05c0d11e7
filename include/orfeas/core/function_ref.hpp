// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0 {

template<class Signature>
class function_ref;

/// A callable that is borrowed for the length of a call: two words, no allocation, never empty.
/// The callable must outlive the reference, so use it for parameters only.
/// Thread-compatible (distinct objects).
template<class Result, class... Args>
class function_ref<Result(Args...)> {
  public:
    template<class F>
        requires(!std::same_as<std::remove_cvref_t<F>, function_ref> && std::is_invocable_r_v<Result, F&, Args...>)
    function_ref(F&& f) noexcept // implicit: a lambda is passed where a function_ref is asked for
        : object_{const_cast<void*>(static_cast<void const*>(__builtin_addressof(f)))},
          call_{[](void* object, Args... args) -> Result {
              return (*static_cast<std::add_pointer_t<F>>(object))(std::forward<Args>(args)...);
          }} {}

    Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

  private:
    void* object_;
    Result (*call_)(void*, Args...);
};

} // namespace orfeas::inline v0
