// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>

#include <cstddef>

namespace orfeas::inline v0::memory::detail {

/// What a resource does, for one whose type is forgotten. There is one table a type, so its address tells the type.
struct resource_calls {
    void* (*allocate)(void* resource, std::size_t bytes, std::size_t alignment);
    void* (*try_allocate)(void* resource, std::size_t bytes, std::size_t alignment) noexcept;
    void (*deallocate)(void* resource, void* p, std::size_t bytes, std::size_t alignment) noexcept;
    bool (*equal)(void const* a, void const* b); ///< both of the table's type
};

template<memory_resource Resource>
inline constexpr resource_calls calls_of{
    [](void* resource, std::size_t bytes, std::size_t alignment) {
        return static_cast<Resource*>(resource)->allocate(bytes, alignment);
    },
    [](void* resource, std::size_t bytes, std::size_t alignment) noexcept {
        return static_cast<Resource*>(resource)->try_allocate(bytes, alignment);
    },
    [](void* resource, void* p, std::size_t bytes, std::size_t alignment) noexcept {
        static_cast<Resource*>(resource)->deallocate(p, bytes, alignment);
    },
    [](void const* a, void const* b) {
        return static_cast<bool>(*static_cast<Resource const*>(a) == *static_cast<Resource const*>(b));
    },
};

} // namespace orfeas::inline v0::memory::detail
