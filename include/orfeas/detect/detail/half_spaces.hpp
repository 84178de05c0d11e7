// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/forest_random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Half-space trees (Tan, Ting, Liu 2011): each halves a box around [0, 1] again and again, in dimensions that were chosen at random,
/// and counts how many points of a window fall into each part. Thread-compatible (distinct objects).
class half_spaces {
  public:
    half_spaces(std::size_t dimensions, std::size_t trees, std::size_t depth, std::size_t window, std::uint64_t seed)
        : depth_{depth},
          leaves_{std::size_t{1} << depth},
          window_{static_cast<double>(window)},
          trees_{trees},
          halvings_(trees * leaves_),
          lowest_(trees),
          per_part_(trees),
          counts_(trees * leaves_),
          surprises_(trees * leaves_),
          blamed_(trees * leaves_),
          sums_(2 * leaves_),
          decided_(2 * leaves_),
          parts_(dimensions) {
        forest_random random{seed};
        for (std::size_t tree = 0; tree < trees; ++tree) {
            divide(tree, dimensions, random);
        }
    }

    /// Counts a point, whose numbers are within a few millions, and returns how rare its like was in the last window: 0 for what was frequent. `parts()` then says what each
    /// dimension had in that.
    float take(std::span<float const> point) noexcept {
        std::fill(parts_.begin(), parts_.end(), 0.0F);
        float sum = 0;
        std::size_t tree = 0;
        if (point.size() == 1) { // all parts are equally wide: no need to go down
            for (; tree < trees_; ++tree) {
                sum += count_at(tree * leaves_ + part_of(tree, point[0]));
            }
        }
        for (; tree + abreast <= trees_; tree += abreast) {
            sum += count<abreast>(tree, point);
        }
        for (; tree < trees_; ++tree) {
            sum += count<1>(tree, point);
        }
        return (sum + outside(point)) / static_cast<float>(trees_);
    }

    std::span<float const> parts() const noexcept { return parts_; }

    /// The window has ended: what was counted is compared to from now on.
    void turn() noexcept {
        for (std::size_t tree = 0; tree < trees_; ++tree) {
            weigh(tree);
        }
        forget();
    }

    /// Counts from 0 again.
    void forget() noexcept { std::fill(counts_.begin(), counts_.end(), std::uint16_t{0}); }

    static void state(auto& self, auto&& io) { io(self.counts_, self.surprises_, self.blamed_, self.parts_); }
    bool valid() const noexcept {
        bool all = true;
        for (float const each : surprises_) {
            all = all && each >= 0 && each < 100;
        }
        for (float const each : parts_) {
            all = all && each >= 0 && is_finite(static_cast<double>(each));
        }
        for (std::uint16_t const each : blamed_) {
            all = all && each < parts_.size();
        }
        return all;
    }

  private:
    static constexpr std::size_t abreast = 5;
    static constexpr double few = 0.1; // of a window: parts with fewer points are not divided further

    struct halving {
        float middle = 0;
        std::uint32_t dimension = 0;
    };

    /// Boxes end where no value was: what is further out is told apart by how often they would have to be doubled to reach it.
    float outside(std::span<float const> point) noexcept {
        float sum = 0;
        for (std::size_t i = 0; i < point.size(); ++i) {
            float const off = std::max(point[i] - 2, -1 - point[i]);
            if (off > 0) {
                float const doublings = std::log2(1 + off) * static_cast<float>(trees_);
                parts_[i] += doublings;
                sum = std::max(sum, doublings);
            }
        }
        return sum;
    }

    // Of each tree, halvings lie in the order of a heap from 1 on; the leaf of number i follows the node i >= leaves_.
    void divide(std::size_t tree, std::size_t dimensions, forest_random& random) {
        std::vector<float> low(dimensions);
        std::vector<float> high(dimensions);
        for (std::size_t i = 0; i < dimensions; ++i) {
            double const centre = random.unit();
            double const reach = 2 * std::max(centre, 1 - centre);
            low[i] = static_cast<float>(centre - reach);
            high[i] = static_cast<float>(centre + reach);
        }
        lowest_[tree] = low[0];
        per_part_[tree] = static_cast<float>(leaves_) / (high[0] - low[0]);
        divide(tree, 1, low, high, random);
    }
    void divide(std::size_t tree, std::size_t node, std::vector<float>& low, std::vector<float>& high,
                forest_random& random) {
        if (node >= leaves_) {
            return;
        }
        auto const chosen = random.below(static_cast<std::uint32_t>(low.size()));
        float middle = (low[chosen] + high[chosen]) / 2;
        halvings_[tree * leaves_ + node] = {middle, chosen};
        std::swap(high[chosen], middle); // `middle` keeps what is put back
        divide(tree, 2 * node, low, high, random);
        std::swap(high[chosen], middle);
        std::swap(low[chosen], middle);
        divide(tree, 2 * node + 1, low, high, random);
        std::swap(low[chosen], middle);
    }

    /// Goes down several trees side by side, since each step waits for the one before.
    template<std::size_t Trees>
    float count(std::size_t tree, std::span<float const> point) noexcept {
        halving const* const first = halvings_.data() + tree * leaves_;
        std::size_t at[Trees];
        std::fill(at, at + Trees, std::size_t{1});
        for (std::size_t level = 0; level < depth_; ++level) {
            for (std::size_t i = 0; i < Trees; ++i) {
                auto const& here = first[i * leaves_ + at[i]];
                at[i] = 2 * at[i] + static_cast<std::size_t>(point[here.dimension] > here.middle);
            }
        }
        float sum = 0;
        for (std::size_t i = 0; i < Trees; ++i) {
            sum += count_at((tree + i) * leaves_ + at[i] - leaves_);
        }
        return sum;
    }

    float count_at(std::size_t leaf) noexcept {
        ++counts_[leaf];
        parts_[blamed_[leaf]] += surprises_[leaf];
        return surprises_[leaf];
    }

    std::size_t part_of(std::size_t tree, float x) const noexcept {
        float const part = (x - lowest_[tree]) * per_part_[tree];
        auto const last = static_cast<float>(leaves_ - 1);
        return static_cast<std::size_t>(part > 0 ? (part < last ? part : last) : 0.0F);
    }

    /// What each leaf of a tree says from now on: by the part that holds few points around it, and the halving that made the part.
    void weigh(std::size_t tree) noexcept {
        std::size_t const first = tree * leaves_;
        for (std::size_t i = 0; i < leaves_; ++i) {
            sums_[leaves_ + i] = counts_[first + i];
        }
        for (std::size_t i = leaves_ - 1; i > 0; --i) {
            sums_[i] = sums_[2 * i] + sums_[2 * i + 1];
        }
        // A part that holds few, or is a leaf, decides for all below it.
        std::size_t depth = 0;
        for (std::size_t i = 1; i < 2 * leaves_; ++i) {
            depth += i >> (depth + 1); // 1 where a level begins
            if (i > 1 && decided_[i / 2].surprise >= 0) {
                decided_[i] = decided_[i / 2];
            } else if (i >= leaves_ || static_cast<double>(sums_[i]) <= few * window_) {
                // one more point than there are: an empty part is the rarer, the larger it is
                double const mass = static_cast<double>((std::uint64_t{sums_[i]} + 1) << depth);
                decided_[i] = {static_cast<float>(std::log2(1 + window_ / mass)),
                               static_cast<std::uint16_t>(halvings_[first + (i > 1 ? i / 2 : 1)].dimension)};
            } else {
                decided_[i].surprise = -1;
            }
        }
        for (std::size_t i = 0; i < leaves_; ++i) {
            surprises_[first + i] = decided_[leaves_ + i].surprise;
            blamed_[first + i] = decided_[leaves_ + i].blamed;
        }
    }

    struct decision {
        float surprise = 0;
        std::uint16_t blamed = 0;
    };

    std::size_t depth_;
    std::size_t leaves_;
    double window_;
    std::size_t trees_;
    std::vector<halving> halvings_; // from the seed, as the next two: not part of the state
    std::vector<float> lowest_;     // of the first dimension
    std::vector<float> per_part_;
    std::vector<std::uint16_t> counts_;
    std::vector<float> surprises_;
    std::vector<std::uint16_t> blamed_;
    std::vector<std::uint32_t> sums_;
    std::vector<decision> decided_;
    std::vector<float> parts_;
};

} // namespace orfeas::inline v0::detect::detail
