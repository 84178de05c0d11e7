// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// An array that grows without moving: address space for `limit` elements is reserved at once, and memory is taken for
/// as many as are in use. Whoever holds the address of an element may read it for the life of the array.
/// Thread-compatible (distinct objects).
template<class T>
class reserved_array {
    static_assert(std::is_nothrow_default_constructible_v<T> && std::is_trivially_destructible_v<T>);

  public:
    /// Throws std::bad_alloc if the system has no address space left.
    explicit reserved_array(std::size_t limit) : limit_bytes_{round_up(limit * sizeof(T), page_bytes())} {
        void* const at = ::mmap(nullptr, limit_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) {
            throw std::bad_alloc{};
        }
        data_ = static_cast<T*>(at);
    }

    reserved_array(reserved_array&& other) noexcept
        : limit_bytes_{other.limit_bytes_},
          data_{std::exchange(other.data_, nullptr)},
          committed_bytes_{std::exchange(other.committed_bytes_, 0)},
          size_{std::exchange(other.size_, 0)} {}
    reserved_array& operator=(reserved_array&&) = delete;
    ~reserved_array() {
        if (data_ != nullptr) {
            ::munmap(data_, limit_bytes_); // cannot fail: the whole of a mapping of ours
        }
    }

    T* data() const noexcept { return data_; }
    T& operator[](std::size_t i) const noexcept { return data_[i]; }
    std::size_t size() const noexcept { return size_; }
    std::size_t limit() const noexcept { return limit_bytes_ / sizeof(T); }

    /// Makes the array larger; the new elements are default-constructed. Throws std::bad_alloc if the system has no memory
    /// left, or beyond the limit; nothing has changed then.
    void grow(std::size_t count) {
        std::size_t const needed = count * sizeof(T);
        if (needed > limit_bytes_) {
            throw std::bad_alloc{};
        }
        if (needed > committed_bytes_) {
            commit(needed);
        }
        for (; size_ < count; ++size_) {
            ::new (static_cast<void*>(data_ + size_)) T();
        }
    }

  private:
    static std::size_t page_bytes() noexcept { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

    static std::size_t round_up(std::size_t bytes, std::size_t step) noexcept {
        return bytes == 0 ? step : (bytes + step - 1) / step * step;
    }

    /// A little more than needed, so that growth by single elements makes few system calls.
    void commit(std::size_t needed) {
        std::size_t const ahead = needed / 64 < 64 * 1024 ? needed / 8 : needed / 64;
        std::size_t const wanted = round_up(needed + ahead, page_bytes());
        std::size_t const bytes = wanted < limit_bytes_ ? wanted : limit_bytes_;
        if (::mprotect(data_, bytes, PROT_READ | PROT_WRITE) != 0) {
            throw std::bad_alloc{};
        }
        committed_bytes_ = bytes;
    }

    std::size_t limit_bytes_;
    T* data_ = nullptr;
    std::size_t committed_bytes_ = 0;
    std::size_t size_ = 0;
};

} // namespace orfeas::inline v0::cache::detail
