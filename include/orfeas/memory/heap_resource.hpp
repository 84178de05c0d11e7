// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/out_of_memory.hpp>

#include <cstddef>
#include <cstring>
#include <limits>
#include <new>

namespace orfeas::inline v0::memory {

/// The program's own heap as a resource: aligned operator new and delete, nothing kept, nothing counted. For tests, for
/// comparisons, and for code that is written against a resource and needs no pool.
/// Thread-safe.
class heap_resource {
  public:
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
        if (void* const p = try_allocate(bytes, alignment)) {
            return p;
        }
        throw out_of_memory{{.requested_bytes = bytes, .alignment = alignment}, "heap"};
    }

    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (bytes > std::numeric_limits<std::ptrdiff_t>::max()) {
            return nullptr; // no object is larger; some heaps abort when they are asked
        }
        return ::operator new(bytes, std::align_val_t{alignment}, std::nothrow);
    }

    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        ::operator delete(p, bytes, std::align_val_t{alignment});
    }

    void copy_in(void* to, void const* from, std::size_t bytes) noexcept { copy(to, from, bytes); }
    void copy_out(void* to, void const* from, std::size_t bytes) noexcept { copy(to, from, bytes); }
    bool host_accessible() const noexcept { return true; }

    friend bool operator==(heap_resource const&, heap_resource const&) noexcept { return true; }

  private:
    static void copy(void* to, void const* from, std::size_t bytes) noexcept {
        if (bytes != 0) {
            std::memcpy(to, from, bytes); // memcpy of nothing still asks for valid pointers
        }
    }
};
static_assert(copying_resource<heap_resource>);

} // namespace orfeas::inline v0::memory
