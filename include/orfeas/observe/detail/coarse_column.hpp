// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::observe {

/// What the values of a series were over a stretch of time; without values `count` is 0 and so is the rest.
struct coarse_value {
    float min = 0;
    float mean = 0;
    float max = 0;
    std::uint32_t count = 0;

    friend bool operator==(coarse_value const&, coarse_value const&) = default;
};

namespace detail {

/// The last stretches of one series, a ring that is addressed by the number of the stretch since the epoch. The newest
/// stretch is kept by its ring: each column of a tier has the same one. Thread-compatible (distinct objects).
class coarse_column {
  public:
    explicit coarse_column(std::size_t capacity) : ring_(capacity) {}

    /// Takes a finite value into the newest stretch.
    void add(std::int64_t newest, double value) noexcept {
        auto& at = ring_[slot(newest)];
        auto const narrow = static_cast<float>(value);
        sum_ = at.count == 0 ? value : sum_ + value;
        at.min = at.count == 0 ? narrow : std::min(at.min, narrow);
        at.max = at.count == 0 ? narrow : std::max(at.max, narrow);
        ++at.count;
        at.mean = static_cast<float>(sum_ / at.count);
    }

    /// Makes room for the stretches after `from` up to and with `to`; values are taken into `newest` from now on, one of both.
    void advance(std::int64_t from, std::int64_t to, std::int64_t newest) noexcept {
        auto const size = static_cast<std::int64_t>(ring_.size());
        for (std::int64_t at = std::max(from + 1, to - size + 1); at <= to; ++at) {
            ring_[slot(at)] = {};
        }
        auto const& now = ring_[slot(newest)]; // has values where the clock was set back to it
        sum_ = static_cast<double>(now.mean) * now.count;
    }

    coarse_value const& operator[](std::int64_t stretch) const noexcept { return ring_[slot(stretch)]; }

    /// Replaces a stretch by what was saved; as the newest one it goes on from there.
    void restore(std::int64_t stretch, coarse_value const& value) noexcept {
        ring_[slot(stretch)] = value;
        sum_ = static_cast<double>(value.mean) * value.count;
    }

    bool empty() const noexcept {
        return std::all_of(ring_.begin(), ring_.end(), [](coarse_value const& each) { return each.count == 0; });
    }

  private:
    std::size_t slot(std::int64_t stretch) const noexcept {
        auto const size = static_cast<std::int64_t>(ring_.size());
        return static_cast<std::size_t>(((stretch % size) + size) % size);
    }

    std::vector<coarse_value> ring_;
    double sum_ = 0; // of the newest stretch
};

} // namespace detail

} // namespace orfeas::inline v0::observe
