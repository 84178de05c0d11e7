// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/resource_adaptor.hpp>

#include <cstddef>

namespace orfeas::inline v0::memory::detail {

/// An adaptor that charges each request to an account before the resource below is asked, and clears the charge when the
/// request is refused there, or its memory has gone back. `Adaptor` keeps the account: `charge(bytes)` says whether there
/// is enough in it, `discharge(bytes)` takes a charge back, `check(bytes)` asserts that there is such a charge, and
/// `refusal(bytes, alignment)` is what a request that is refused throws. As thread-safe as the account is.
template<class Adaptor, memory_resource Resource>
class charging_adaptor : public resource_adaptor<Adaptor, Resource> {
  protected:
    using resource_adaptor<Adaptor, Resource>::resource_adaptor;

    void* take(std::size_t bytes, std::size_t alignment, auto get) {
        if (!account().charge(bytes)) {
            throw account().refusal(bytes, alignment);
        }
        try {
            return get();
        } catch (...) {
            account().discharge(bytes);
            throw;
        }
    }

    void* try_take(std::size_t bytes, std::size_t /*alignment*/, auto get) noexcept {
        if (!account().charge(bytes)) {
            return nullptr;
        }
        void* const p = get();
        if (p == nullptr) {
            account().discharge(bytes);
        }
        return p;
    }

    void give(void* /*p*/, std::size_t bytes, std::size_t /*alignment*/, auto give_back) noexcept {
        account().check(bytes);
        give_back();
        account().discharge(bytes); // not before: the resource below never holds more than is charged
    }

  private:
    Adaptor& account() noexcept { return static_cast<Adaptor&>(*this); }
};

} // namespace orfeas::inline v0::memory::detail
