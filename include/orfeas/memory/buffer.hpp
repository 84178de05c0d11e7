// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/pool.hpp>

#include <algorithm>
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

    /// As the constructor, but empty when there is no memory.
    static std::optional<buffer> try_make(Resource& resource, std::size_t size) noexcept {
        buffer made;
        made.resource_ = &resource;
        made.size_ = size;
        if (size != 0) {
            made.data_ = static_cast<T*>(resource.try_allocate(bytes_for(size), alignof(T)));
            if (made.data_ == nullptr) {
                return std::nullopt;
            }
        }
        return made;
    }

    buffer(buffer&& other) noexcept
        : resource_{other.resource_},
          data_{std::exchange(other.data_, nullptr)},
          size_{std::exchange(other.size_, 0)} {}

    buffer& operator=(buffer&& other) noexcept {
        buffer{std::move(other)}.swap(*this);
        return *this;
    }

    ~buffer() {
        if (data_ != nullptr) {
            resource_->deallocate(data_, bytes_for(size_), alignof(T));
        }
    }

    void swap(buffer& other) noexcept {
        std::swap(resource_, other.resource_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
    }

    T* data() noexcept { return data_; }
    T const* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }
    bool empty() const noexcept { return size_ == 0; }

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
    /// A size that no resource can serve stands for one that a std::size_t cannot hold.
    static constexpr std::size_t bytes_for(std::size_t size) noexcept {
        constexpr auto most = std::numeric_limits<std::size_t>::max() / 2;
        return size > most / sizeof(T) ? most : size * sizeof(T);
    }

    Resource* resource_ = nullptr;
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace orfeas::inline v0::memory
