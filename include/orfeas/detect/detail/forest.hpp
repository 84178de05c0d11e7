// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/forest_random.hpp>
#include <orfeas/detect/detail/forest_sampler.hpp>
#include <orfeas/detect/detail/forest_tree.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Random cut trees, each of a random sample of its own of the points of a stream, in which old ones are rarer.
/// Thread-compatible (distinct objects).
class forest {
  public:
    forest(std::size_t dimensions, std::size_t trees, std::size_t samples, double decay, std::uint64_t seed)
        : tables_{samples},
          random_{seed},
          trees_(trees, forest_tree{dimensions, samples}),
          samplers_(trees, forest_sampler{samples, decay}),
          parts_(dimensions),
          left_(dimensions) {}

    /// How easily a point is told apart from those that the trees keep, as a multiple of the least score of a point that equals
    /// none of them: 0 while there are no points, some 0.7 to 1 usually, at most the logarithm of a tree's points.
    double score(std::span<double const> point, std::span<double const> weights) noexcept {
        std::size_t const kept = size();
        if (kept == 0) {
            return 0;
        }
        double const sum = point.size() == 1 ? line_score(point[0]) : box_score(point, weights);
        // the trees are all as full
        return sum * tables_.logarithm[kept] / static_cast<double>(trees_.size());
    }

    /// Points in each tree.
    std::size_t size() const noexcept { return trees_.front().size(); }

    /// What each dimension had in the last score, relative to each other; only where there are several.
    std::span<double const> parts() const noexcept { return parts_; }

    /// Takes in a point, into the trees that it falls to.
    void learn(std::span<double const> point, std::span<double const> weights) noexcept {
        has_joined_ = has_left_ = false;
        for (std::size_t i = 0; i < trees_.size(); ++i) {
            if (samplers_[i].accepts_next()) {
                take(i, point, weights);
            }
        }
    }

    /// Whether the first tree has taken in the last point, and the one that left it for that, if any.
    bool has_joined() const noexcept { return has_joined_; }
    bool has_left() const noexcept { return has_left_; }
    std::span<double const> left() const noexcept { return left_; }

    static void state(auto& self, auto&& io) { io(self.random_, self.trees_, self.samplers_, self.parts_); }
    bool valid() const {
        bool all = true;
        for (std::size_t i = 0; i < trees_.size(); ++i) {
            auto const& sampler = samplers_[i];
            all = all && sampler.valid() && sampler.size() == samplers_.front().size() &&
                  trees_[i].valid(std::span{sampler.places()}.first(sampler.size()));
        }
        for (double const each : parts_) {
            all = all && is_finite(each);
        }
        return all;
    }

  private:
    static constexpr std::size_t abreast = 5;

    double line_score(double x) const noexcept {
        double sum = 0;
        std::size_t i = 0;
        for (; i + abreast <= trees_.size(); i += abreast) {
            sum += forest_tree::line_scores<abreast>(&trees_[i], x, tables_);
        }
        for (; i < trees_.size(); ++i) {
            sum += forest_tree::line_scores<1>(&trees_[i], x, tables_);
        }
        return sum;
    }

    double box_score(std::span<double const> point, std::span<double const> weights) noexcept {
        for (double& each : parts_) {
            each = 0;
        }
        double sum = 0;
        for (auto const& each : trees_) {
            sum += each.score(point, weights, tables_, parts_);
        }
        return sum;
    }

    void take(std::size_t i, std::span<double const> point, std::span<double const> weights) noexcept {
        auto& tree = trees_[i];
        auto& sampler = samplers_[i];
        if (sampler.full()) {
            auto const leaving = sampler.leaving();
            if (i == 0) {
                auto const gone = tree.point(leaving);
                std::copy(gone.begin(), gone.end(), left_.begin());
                has_left_ = true;
            }
            tree.remove(leaving);
        }
        sampler.keep(tree.insert(point, weights, random_), random_);
        has_joined_ = has_joined_ || i == 0;
    }

    forest_tables tables_;
    forest_random random_;
    std::vector<forest_tree> trees_;
    std::vector<forest_sampler> samplers_;
    std::vector<double> parts_;
    std::vector<double> left_;
    bool has_joined_ = false;
    bool has_left_ = false;
};

} // namespace orfeas::inline v0::detect::detail
