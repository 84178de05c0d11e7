// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace orfeas::inline v0 {

/// The last `capacity` values of a stream, oldest first. Pushing into a full window overwrites the oldest value.
/// Allocates once, in the constructor; every operation is O(1).
/// Thread-compatible (distinct objects).
template<class T>
class window {
  public:
    using value_type = T;

    /// Walks from the oldest to the newest value.
    class const_iterator {
      public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using reference = T const&;
        using pointer = T const*;

        const_iterator() = default;
        reference operator*() const { return (*owner_)[index_]; }
        pointer operator->() const { return &(*owner_)[index_]; }
        const_iterator& operator++() {
            ++index_;
            return *this;
        }
        const_iterator operator++(int) {
            auto const before = *this;
            ++index_;
            return before;
        }
        friend bool operator==(const_iterator const&, const_iterator const&) = default;

      private:
        friend class window;
        const_iterator(window const* owner, std::size_t index) : owner_{owner}, index_{index} {}

        window const* owner_ = nullptr;
        std::size_t index_ = 0;
    };

    /// An empty window that will hold up to `capacity` values; `capacity` is at least 1.
    explicit window(std::size_t capacity) : slots_(capacity) {
        ORFEAS_ASSERT(capacity > 0, "a window holds at least one value");
    }

    /// Adds a value as the newest.
    void push(T value) {
        slots_[(first_ + size_) % slots_.size()] = std::move(value);
        if (size_ < slots_.size()) {
            ++size_;
        } else {
            first_ = (first_ + 1) % slots_.size();
        }
    }

    /// The value at `index`, 0 being the oldest. `index` is below `size()`.
    T const& operator[](std::size_t index) const {
        ORFEAS_ASSERT(index < size_, "index within the window");
        return slots_[(first_ + index) % slots_.size()];
    }

    T const& front() const { return (*this)[0]; }        ///< the oldest; the window is not empty
    T const& back() const { return (*this)[size_ - 1]; } ///< the newest; the window is not empty

    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return slots_.size(); }
    bool empty() const noexcept { return size_ == 0; }

    /// Forgets all values; the capacity stays.
    void clear() noexcept {
        first_ = 0;
        size_ = 0;
    }

    const_iterator begin() const { return {this, 0}; }
    const_iterator end() const { return {this, size_}; }

  private:
    std::vector<T> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace orfeas::inline v0
