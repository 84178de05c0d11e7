// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::cache::redis {

/// Bytes that grow at the end: `prepare(n)` gives room without filling it with zeros, `commit(n)` makes what was written
/// there part of the content. Cleared, it keeps its memory. Moved from, it is empty.
/// Thread-compatible (distinct objects).
class byte_buffer {
  public:
    byte_buffer() = default;
    byte_buffer(byte_buffer const& other) { append(other.view()); }
    byte_buffer(byte_buffer&& other) noexcept
        : bytes_{std::move(other.bytes_)},
          size_{std::exchange(other.size_, 0)},
          capacity_{std::exchange(other.capacity_, 0)} {}
    byte_buffer& operator=(byte_buffer other) noexcept {
        swap(other);
        return *this;
    }
    ~byte_buffer() = default;

    void swap(byte_buffer& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    /// Room for `bytes` more bytes after the content; valid until the next call that is not const. Amortised O(1) a byte.
    char* prepare(std::size_t bytes) {
        if (capacity_ - size_ < bytes) {
            grow(bytes);
        }
        return bytes_.get() + size_;
    }

    /// Takes over the first `bytes` bytes of the room that was prepared.
    void commit(std::size_t bytes) noexcept {
        ORFEAS_ASSERT(bytes <= capacity_ - size_, "commit no more than was prepared");
        size_ += bytes;
    }

    void append(std::string_view more) {
        if (!more.empty()) {
            std::memcpy(prepare(more.size()), more.data(), more.size());
            size_ += more.size();
        }
    }

    /// Removes the first `bytes` bytes. O(bytes that remain).
    void consume(std::size_t bytes) noexcept {
        ORFEAS_ASSERT(bytes <= size_, "consume no more than there is");
        size_ -= bytes;
        if (size_ != 0 && bytes != 0) {
            std::memmove(bytes_.get(), bytes_.get() + bytes, size_);
        }
    }

    /// Forgets the content, keeps the memory.
    void clear() noexcept { size_ = 0; }

    /// Forgets the content, and the memory too when it is more than `bytes`.
    void clear_to(std::size_t bytes) noexcept {
        size_ = 0;
        if (capacity_ > bytes) {
            bytes_.reset();
            capacity_ = 0;
        }
    }

    char const* data() const noexcept { return bytes_.get(); }
    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return capacity_; }
    bool empty() const noexcept { return size_ == 0; }
    std::string_view view() const noexcept { return {bytes_.get(), size_}; }

  private:
    static constexpr std::size_t least_capacity = 64;

    void grow(std::size_t bytes) {
        std::size_t const wanted = std::max({size_ + bytes, capacity_ * 2, least_capacity});
        auto larger = std::make_unique_for_overwrite<char[]>(wanted);
        if (size_ != 0) {
            std::memcpy(larger.get(), bytes_.get(), size_);
        }
        bytes_ = std::move(larger);
        capacity_ = wanted;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace orfeas::inline v0::cache::redis
