// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/pool_fwd.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <optional>
#include <utility>

namespace orfeas::inline v0::memory {

/// One object in a resource's memory, which goes back when the owner ends: a counter or a struct of parameters for a
/// kernel. `get()` may always be passed to one; `store` and `load` always work; `*` and `->` are for memory that the host
/// may touch. The object is not initialised unless a value is given. Move-only; one moved from is null.
///
/// The resource must outlive it. As for a buffer, memory of a stream goes back in the stream's order.
/// Thread-compatible (distinct objects).
template<class T, memory_resource Resource = pool>
class unique {
  public:
    using element_type = T;

    unique() = default;

    /// Not initialised. Throws out_of_memory.
    explicit unique(Resource& resource) : one_{resource, 1} {}

    /// Not initialised, for work of `stream`. Throws out_of_memory.
    unique(Resource& resource, stream_ref stream)
        requires stream_ordered_resource<Resource>
        : one_{resource, stream, 1} {}

    T* get() noexcept { return one_.data(); }
    T const* get() const noexcept { return one_.data(); }
    explicit operator bool() const noexcept { return get() != nullptr; }

    T& operator*() noexcept { return one_[0]; }
    T const& operator*() const noexcept { return one_[0]; }
    T* operator->() noexcept { return &one_[0]; }
    T const* operator->() const noexcept { return &one_[0]; }

    /// Copies a value of the host into the object. Throws what the resource's copy throws.
    void store(T const& value)
        requires copying_resource<Resource>
    {
        one_.copy_in({&value, 1});
    }

    /// Copies the object into a value of the host. Throws what the resource's copy throws.
    T load() const
        requires copying_resource<Resource>
    {
        ORFEAS_ASSERT(get() != nullptr, "load an object that is there");
        T value;
        one_.copy_out({&value, 1});
        return value;
    }

    std::optional<stream_ref> stream() const noexcept { return one_.stream(); }
    void set_stream(stream_ref stream) noexcept
        requires stream_ordered_resource<Resource>
    {
        one_.set_stream(stream);
    }

    /// Gives the memory up without deallocating it: the caller has to, with `sizeof(T)` and `alignof(T)`.
    [[nodiscard]] T* release() noexcept { return one_.release(); }

    void swap(unique& other) noexcept { one_.swap(other.one_); }

  private:
    buffer<T, Resource> one_;
};

/// An object of this value in a resource's memory: `auto const parameters = make_unique_in(pool, relief_parameters{…});`.
/// Throws out_of_memory, and what the resource's copy throws.
template<class T, copying_resource Resource>
unique<T, Resource> make_unique_in(Resource& resource, T const& value) {
    unique<T, Resource> made{resource};
    made.store(value);
    return made;
}

} // namespace orfeas::inline v0::memory
