// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace orfeas::inline v0::cache::detail {

/// So many objects side by side, all made from the same arguments; they need not be movable.
/// Thread-compatible (distinct objects).
template<class T>
class fixed_array {
  public:
    template<class... Arguments>
    explicit fixed_array(std::size_t count, Arguments&&... arguments)
        : data_{static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{alignof(T)}))} {
        try {
            for (; size_ < count; ++size_) {
                ::new (static_cast<void*>(data_ + size_)) T(arguments...);
            }
        } catch (...) {
            release();
            throw;
        }
    }

    fixed_array(fixed_array const&) = delete;
    fixed_array& operator=(fixed_array const&) = delete;
    ~fixed_array() { release(); }

    T& operator[](std::size_t i) const noexcept { return data_[i]; }
    std::size_t size() const noexcept { return size_; }
    T* begin() const noexcept { return data_; }
    T* end() const noexcept { return data_ + size_; }

  private:
    void release() noexcept {
        std::destroy_n(data_, size_);
        ::operator delete(data_, std::align_val_t{alignof(T)});
    }

    T* data_;
    std::size_t size_ = 0;
};

} // namespace orfeas::inline v0::cache::detail
