// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/forest_random.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Chooses which samples of a stream a tree keeps: a random sample of fixed size, in which one that is `1/decay` samples older is
/// e times as unlikely (Efraimidis and Spirakis 2006, with their jumps: what is passed over costs two additions).
///
/// Each sample would draw a key from an exponential distribution that narrows as the stream goes on, and those with the smallest
/// keys stay. Keys are kept as logarithms, and the next one that falls below the largest is waited for.
/// Thread-compatible (distinct objects).
class forest_sampler {
  public:
    using place = std::uint16_t; ///< of a kept sample in its tree

    forest_sampler(std::size_t capacity, double decay)
        : decay_{decay}, growth_{std::exp(decay)}, keys_(capacity), places_(capacity) {}

    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return keys_.size(); }

    /// Whether the next sample is kept.
    bool accepts_next() noexcept {
        ++seen_;
        if (size_ < capacity()) {
            return true;
        }
        hazard_ *= growth_;
        left_ -= hazard_;
        return left_ <= 0;
    }

    bool full() const noexcept { return size_ == capacity(); }

    /// Of the kept sample that goes next. There is one.
    place leaving() const noexcept { return places_.front(); }

    /// Keeps the accepted sample at `at` of the tree, in the stead of the one that leaves where there is no room.
    void keep(place at, forest_random& random) noexcept {
        if (size_ < capacity()) {
            keys_[size_] = std::log(random.exponential()) - shift();
            places_[size_] = at;
            rise(size_++);
        } else {
            // an exponential number that is known to be below the largest
            double const drawn = -std::log1p(random.unit() * std::expm1(-hazard_));
            keys_.front() = std::log(drawn > least ? drawn : least) - shift();
            places_.front() = at;
            sink();
        }
        if (full()) {
            hazard_ = std::exp(keys_.front() + shift());
            left_ = random.exponential();
        }
    }

    static void state(auto& self, auto&& io) {
        io(self.seen_, self.size_, self.hazard_, self.left_, self.keys_, self.places_);
    }
    bool valid() const noexcept {
        bool all = size_ <= capacity() && hazard_ >= 0 && is_finite(hazard_) && is_finite(left_);
        for (double const each : keys_) {
            all = all && is_finite(each);
        }
        return all;
    }
    std::vector<place> const& places() const noexcept { return places_; }

  private:
    static constexpr double least = 1e-300;

    double shift() const noexcept { return decay_ * static_cast<double>(seen_); }

    void exchange(std::size_t a, std::size_t b) noexcept {
        std::swap(keys_[a], keys_[b]);
        std::swap(places_[a], places_[b]);
    }
    void rise(std::size_t at) noexcept {
        for (std::size_t up = 0; at > 0; at = up) {
            up = (at - 1) / 2;
            if (keys_[up] >= keys_[at]) {
                return;
            }
            exchange(up, at);
        }
    }
    void sink() noexcept {
        std::size_t at = 0;
        for (std::size_t down = 1; down < size_; down = 2 * at + 1) {
            down += down + 1 < size_ && keys_[down + 1] > keys_[down] ? 1U : 0U;
            if (keys_[at] >= keys_[down]) {
                return;
            }
            exchange(at, down);
            at = down;
        }
    }

    double decay_;
    double growth_;
    std::uint64_t seen_ = 0;
    std::uint32_t size_ = 0;
    double hazard_ = 0;        // the chance of a next sample to be kept, where it is small
    double left_ = 0;          // of the chances until one is
    std::vector<double> keys_; // heap, the largest first
    std::vector<place> places_;
};

} // namespace orfeas::inline v0::detect::detail
