// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/pool_fwd.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0::memory {

/// An array of a resource's memory that gives it back when it ends: `buffer<float> heights{pool, 512 * 512};`.
///
/// The elements are not initialised. Whether the host may touch them is the resource's to say (`host_accessible()`);
/// `data()` may always be passed to a kernel, and `copy_in` and `copy_out` always work. The resource must outlive the
/// buffer. Move-only; a buffer moved from is empty.
///
/// Made for a stream, it gives its memory back in that stream's order: it may end while work of the stream still uses it.
/// Without one, no running work may use it when it ends.
/// Thread-compatible (distinct objects).
template<class T, memory_resource Resource = pool>
class buffer {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>,
                  "a buffer neither constructs nor destroys its elements");

  public:
    using value_type = T;

    buffer() = default;

    /// `size` elements; none allocates nothing. Throws out_of_memory.
    buffer(Resource& resource, std::size_t size) : resource_{&resource}, size_{size} {
        if (size == 0) {
            return;
        }
        data_ = static_cast<T*>(resource.allocate(bytes_for(size), alignof(T)));
    }

    /// As above, and the resource is told what it is for: `{pool, n, {.tag = pool.tag("decode")}}`.
    buffer(Resource& resource, std::size_t size, allocation_hint hint)
        requires requires { resource.allocate(size, alignof(T), hint); }
        : resource_{&resource}, size_{size} {
        if (size != 0) {
            data_ = static_cast<T*>(resource.allocate(bytes_for(size), alignof(T), hint));
        }
    }

    /// `size` elements for work of `stream`. Throws out_of_memory.
    buffer(Resource& resource, stream_ref stream, std::size_t size)
        requires stream_ordered_resource<Resource>
        : resource_{&resource}, stream_{stream}, size_{size} {
        if (size != 0) {
            data_ = static_cast<T*>(resource.allocate(stream, bytes_for(size), alignof(T)));
        }
    }

    /// As the constructors, but nothing when there is no memory.
    static std::optional<buffer> try_make(Resource& resource, std::size_t size) noexcept {
        return adopt(resource, std::nullopt, size, [&] { return resource.try_allocate(bytes_for(size), alignof(T)); });
    }
    static std::optional<buffer> try_make(Resource& resource, stream_ref stream, std::size_t size) noexcept
        requires stream_ordered_resource<Resource>
    {
        return adopt(resource, stream, size,
                     [&] { return resource.try_allocate(stream, bytes_for(size), alignof(T)); });
    }

    buffer(buffer&& other) noexcept
        : resource_{other.resource_},
          stream_{other.stream_},
          data_{std::exchange(other.data_, nullptr)},
          size_{std::exchange(other.size_, 0)} {}

    buffer& operator=(buffer&& other) noexcept {
        buffer{std::move(other)}.swap(*this);
        return *this;
    }

    ~buffer() {
        if (data_ == nullptr) {
            return;
        }
        if constexpr (stream_ordered_resource<Resource>) {
            if (stream_) {
                resource_->deallocate(*stream_, data_, size_bytes(), alignof(T));
                return;
            }
        }
        resource_->deallocate(data_, size_bytes(), alignof(T));
    }

    void swap(buffer& other) noexcept {
        std::swap(resource_, other.resource_);
        std::swap(stream_, other.stream_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
    }

    T* data() noexcept { return data_; }
    T const* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }
    bool empty() const noexcept { return size_ == 0; }

    /// The stream in whose order the memory goes back, if any.
    std::optional<stream_ref> stream() const noexcept { return stream_; }

    /// From here on the buffer belongs to work of another stream, in whose order it goes back. What the earlier stream
    /// still does with it must come before that work, which is the caller's to arrange.
    void set_stream(stream_ref stream) noexcept
        requires stream_ordered_resource<Resource>
    {
        stream_ = stream;
    }

    /// Gives the memory up without deallocating it: the caller has to, with `size_bytes()` from before and `alignof(T)`.
    /// Leaves the buffer empty.
    [[nodiscard]] T* release() noexcept {
        size_ = 0;
        return std::exchange(data_, nullptr);
    }

    std::span<T> span() noexcept { return {data_, size_}; }
    std::span<T const> span() const noexcept { return {data_, size_}; }

    /// The element, checked against the size; loops are better off with `span()`. Host-accessible memory only.
    T& operator[](std::size_t i) noexcept {
        ORFEAS_ASSERT(i < size_, "index within the buffer");
        return data_[i];
    }
    T const& operator[](std::size_t i) const noexcept {
        ORFEAS_ASSERT(i < size_, "index within the buffer");
        return data_[i];
    }

    /// Copies host elements to the front of the buffer. Throws what the resource's copy throws.
    void copy_in(std::span<T const> from)
        requires copying_resource<Resource>
    {
        ORFEAS_ASSERT(from.size() <= size_, "copy in no more than the buffer holds");
        if (!from.empty()) {
            resource_->copy_in(data_, from.data(), from.size_bytes());
        }
    }

    /// Copies the front of the buffer to host elements. Throws what the resource's copy throws.
    void copy_out(std::span<T> to) const
        requires copying_resource<Resource>
    {
        ORFEAS_ASSERT(to.size() <= size_, "copy out no more than the buffer holds");
        if (!to.empty()) {
            resource_->copy_out(to.data(), data_, to.size_bytes());
        }
    }

  private:
    template<class Get>
    static std::optional<buffer> adopt(Resource& resource, std::optional<stream_ref> stream, std::size_t size,
                                       Get get) noexcept {
        buffer made;
        made.resource_ = &resource;
        made.stream_ = stream;
        if (size != 0) {
            made.data_ = static_cast<T*>(get());
            if (made.data_ == nullptr) {
                return std::nullopt;
            }
        }
        made.size_ = size;
        return made;
    }

    /// A size that no resource can serve stands for one that a std::size_t cannot hold.
    static constexpr std::size_t bytes_for(std::size_t size) noexcept {
        constexpr auto most = std::numeric_limits<std::size_t>::max() / 2;
        return size > most / sizeof(T) ? most : size * sizeof(T);
    }

    Resource* resource_ = nullptr;
    std::optional<stream_ref> stream_;
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace orfeas::inline v0::memory
