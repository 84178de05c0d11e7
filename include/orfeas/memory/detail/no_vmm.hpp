// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/error.hpp>

#include <cstdint>
#include <type_traits>

namespace orfeas::inline v0::memory::detail {

/// In the place of a backend that has no virtual memory management: says so, and refuses the rest.
struct no_vmm {
    static std::uint64_t granule_bytes() noexcept { return 0; }
    static std::uintptr_t reserve_addresses(std::uint64_t) { refuse(); }
    static void release_addresses(std::uintptr_t, std::uint64_t) { refuse(); }
    static physical_memory create(std::uint64_t) { refuse(); }
    static void destroy(physical_memory, std::uint64_t) { refuse(); }
    static void map(std::uintptr_t, std::uint64_t, physical_memory) { refuse(); }
    static void allow_access(std::uintptr_t, std::uint64_t) { refuse(); }
    static void unmap(std::uintptr_t, std::uint64_t) { refuse(); }

  private:
    [[noreturn]] static void refuse() {
        throw backend_error{error::unavailable, "no_vmm", 0, "this backend has no virtual memory management"};
    }
};

/// The backend itself if it has virtual memory management, else one that says that it has not.
template<class Backend>
decltype(auto) vmm_of(Backend const& backend) noexcept {
    if constexpr (vmm_backend<Backend>) {
        return (backend);
    } else {
        static constexpr no_vmm none{};
        return (none);
    }
}

template<class Backend>
using vmm_of_t = std::remove_cvref_t<decltype(vmm_of(std::declval<Backend const&>()))>;

} // namespace orfeas::inline v0::memory::detail
