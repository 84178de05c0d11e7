// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/detect/detail/forest_random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// What scores are made of, by depth and by count: the same for all trees.
struct forest_tables {
    explicit forest_tables(std::size_t capacity) : unseen(capacity + 1), logarithm(capacity + 2) {
        for (std::size_t i = 0; i < unseen.size(); ++i) {
            unseen[i] = 1 / static_cast<double>(i + 1);
        }
        for (std::size_t i = 0; i < logarithm.size(); ++i) {
            logarithm[i] = std::log2(static_cast<double>(i + 1));
        }
    }

    std::vector<double> unseen;    ///< of a point that is cut off at a depth
    std::vector<double> logarithm; ///< of a count and one, to base 2
};

/// A random cut tree (Guha, Mishra, Roy, Schrijvers 2016) of a fixed number of points at most: each node halves the box around
/// its points by a cut, in a dimension chosen by the box's sides and at a place chosen evenly. Points come and go, and the tree is
/// distributed at any time as if it had been made of its points anew. Equal points are one leaf with a count.
///
/// Sides are measured by weights, by dimension, which may change. Flat arrays; nothing is allocated after construction.
/// Thread-compatible (distinct objects).
class forest_tree {
  public:
    using place = std::uint16_t;
    static constexpr std::size_t most_points = 8'192;

    /// Room for 2 to `most_points` points.
    forest_tree(std::size_t dimensions, std::size_t capacity)
        : dimensions_{dimensions},
          capacity_{capacity},
          nodes_(2 * capacity - 1),
          boxes_((2 * capacity - 1) * 2 * dimensions),
          parents_(2 * capacity - 1, nowhere),
          free_leaves_(capacity),
          free_nodes_(capacity - 1) {
        for (std::size_t i = 0; i < capacity; ++i) {
            free_leaves_[i] = static_cast<place>(capacity - 1 - i);
        }
        std::copy(free_leaves_.begin() + 1, free_leaves_.end(), free_nodes_.begin());
    }

    /// Points in the tree.
    std::size_t size() const noexcept { return size_; }

    std::span<double const> point(place leaf) const noexcept { return {low_of(place_of(leaf)), dimensions_}; }

    /// How easily a point of one dimension is told apart from those in each of `Trees` trees that are equally full and not empty,
    /// as `score` has it: the sum. They are gone down side by side, since each step waits for memory.
    template<std::size_t Trees>
    static double line_scores(forest_tree const* trees, double x, forest_tables const& tables) noexcept;

    /// How easily a point is told apart from those in the tree: from 0.5, usual, up to the logarithm of their number, cut off at
    /// once. The mean over all trees that could have come of adding the point. Adds what each dimension had in it to `parts`.
    double score(std::span<double const> x, std::span<double const> weights, forest_tables const& tables,
                 std::span<double> parts) const noexcept;

    /// Adds a point; there is room. Returns its leaf, by which it is removed.
    place insert(std::span<double const> x, std::span<double const> weights, forest_random& random) noexcept;

    /// Removes one of the points of a leaf.
    void remove(place leaf) noexcept;

    static void state(auto& self, auto&& io) {
        io(self.size_, self.root_, self.leaves_, self.nodes_, self.boxes_, self.parents_, self.free_leaves_,
           self.free_nodes_);
    }
    /// Whether it is a tree, of finite numbers, in which each leaf of a list counts.
    bool valid(std::span<place const> leaves) const;

  private:
    static constexpr place nowhere = 0xFFFF;
    static constexpr double least = 1e-290;    // side outside that is blamed
    static constexpr double negligible = 1e-6; // chance of a point not to have been cut off

    struct node {
        double cut = 0;
        place children[2] = {nowhere, nowhere}; // up to the cut, above it
        std::uint16_t count = 0;                // of points
        std::uint16_t dimension = 0;

        static void state(auto& self, auto&& io) {
            io(self.cut, self.children[0], self.children[1], self.count, self.dimension);
        }
    };

    // Places: nodes first, then leaves, whose box is their point and whose children are they themselves.
    bool is_leaf(place at) const noexcept { return at >= capacity_ - 1; }
    place leaf_of(place at) const noexcept { return static_cast<place>(at - (capacity_ - 1)); }
    place place_of(std::size_t leaf) const noexcept { return static_cast<place>(leaf + capacity_ - 1); }
    double const* low_of(place at) const noexcept { return boxes_.data() + at * 2 * dimensions_; }
    double const* high_of(place at) const noexcept { return low_of(at) + dimensions_; }
    double* low_of(place at) noexcept { return boxes_.data() + at * 2 * dimensions_; }

    /// Of a point that equals those of a leaf: less, the more there are.
    double leaf_share(place at, std::size_t depth, forest_tables const& tables) const noexcept {
        auto const count = nodes_[at].count;
        double const damped = 1 - 0.5 * count / static_cast<double>(size_);
        return damped / (static_cast<double>(depth) + tables.logarithm[count]);
    }

    /// By how much a side sticks out of, or spans, bounded so that sums stay finite.
    static double bounded(double side) noexcept { return side < 1e100 ? side : 1e100; }

    struct sides {
        double outside = 0; ///< of the box, to the point
        double inside = 0;
    };
    sides measure(place at, double const* x, double const* weights) const noexcept {
        double const* low = low_of(at);
        double const* high = high_of(at);
        sides made;
        for (std::size_t i = 0; i < dimensions_; ++i) {
            made.outside += bounded(beyond(low[i], high[i], x[i]) * weights[i]);
            made.inside += bounded((high[i] - low[i]) * weights[i]);
        }
        return made;
    }
    static double beyond(double low, double high, double x) noexcept {
        double const most = std::max(low - x, x - high);
        return most > 0 ? most : 0.0; // an instruction, where std::max is a branch
    }

    double line_score(place at, std::size_t depth, double x, forest_tables const& tables) const noexcept;

    bool equals(place at, double const* x) const noexcept { return std::equal(x, x + dimensions_, low_of(at)); }

    place new_leaf(double const* x, place parent) noexcept {
        place const made = place_of(free_leaves_[capacity_ - ++leaves_]);
        std::copy(x, x + dimensions_, low_of(made));
        std::copy(x, x + dimensions_, low_of(made) + dimensions_);
        nodes_[made].children[0] = nodes_[made].children[1] = made;
        nodes_[made].count = 1;
        parents_[made] = parent;
        return made;
    }

    void replace_child(place parent, place before, place after) noexcept {
        parents_[after] = parent;
        if (parent == nowhere) {
            root_ = after;
        } else {
            auto& children = nodes_[parent].children;
            children[children[1] == before ? 1 : 0] = after;
        }
    }

    void widen(place at, double const* x) noexcept {
        double* const low = low_of(at);
        double* const high = low + dimensions_;
        for (std::size_t i = 0; i < dimensions_; ++i) {
            low[i] = std::min(low[i], x[i]);
            high[i] = std::max(high[i], x[i]);
        }
    }

    /// Adds what each dimension had in the point's being outside.
    void attribute(place at, double const* x, double const* weights, double share, double* parts) const noexcept {
        double const* low = low_of(at);
        double const* high = high_of(at);
        for (std::size_t i = 0; i < dimensions_; ++i) {
            parts[i] += share * bounded(beyond(low[i], high[i], x[i]) * weights[i]);
        }
    }

    bool shrink(place at) noexcept;
    bool fits(place at) const noexcept;
    place split(place at, double const* x, double const* weights, double outside, forest_random& random) noexcept;

    std::size_t dimensions_;
    std::size_t capacity_;
    std::uint32_t size_ = 0;
    place root_ = nowhere;
    std::uint32_t leaves_ = 0; // in use; nodes are one less
    std::vector<node> nodes_;
    std::vector<double> boxes_; // of each: lowest, then highest
    std::vector<place> parents_;
    std::vector<place> free_leaves_; // the last is taken first
    std::vector<place> free_nodes_;
};

template<std::size_t Trees>
double forest_tree::line_scores(forest_tree const* trees, double x, forest_tables const& tables) noexcept {
    struct walk {
        node const* nodes;
        std::size_t at;
        std::size_t depth = 0;
    };
    walk walks[Trees];
    for (std::size_t i = 0; i < Trees; ++i) {
        walks[i].nodes = trees[i].nodes_.data();
        walks[i].at = trees[i].root_;
    }
    std::size_t const first_leaf = trees[0].capacity_ - 1;
    for (bool is_open = true; is_open;) {
        is_open = false;
        for (walk& each : walks) { // those at a leaf stay there
            auto const& here = each.nodes[each.at];
            each.depth += each.at < first_leaf ? 1 : 0;
            each.at = here.children[x > here.cut ? 1 : 0];
            is_open |= each.at < first_leaf;
        }
    }
    double sum = 0;
    for (std::size_t i = 0; i < Trees; ++i) {
        sum += trees[i].line_score(static_cast<place>(walks[i].at), walks[i].depth, x, tables);
    }
    return sum;
}

/// From the leaf where the point's way ends upwards, through the boxes that it is outside of.
inline double forest_tree::line_score(place at, std::size_t depth, double x,
                                      forest_tables const& tables) const noexcept {
    double const* const boxes = boxes_.data();
    double const* const unseen = tables.unseen.data();
    double sum = boxes[2 * std::size_t{at}] == x ? leaf_share(at, depth, tables) : unseen[depth];
    for (place up = parents_[at]; up != nowhere; up = parents_[up]) {
        double const low = boxes[2 * std::size_t{up}];
        double const high = boxes[2 * std::size_t{up} + 1];
        double const outside = std::max(low - x, x - high);
        if (!(outside > 0)) {
            break; // and so in all boxes around that one
        }
        sum += outside / (outside + (high - low)) * (unseen[--depth] - sum);
    }
    return sum;
}

inline double forest_tree::score(std::span<double const> x, std::span<double const> weights,
                                 forest_tables const& tables, std::span<double> parts) const noexcept {
    if (size_ == 0) {
        return 0;
    }
    double sum = 0;
    double left = 1;
    std::size_t depth = 0;
    place at = root_;
    for (;; ++depth) {
        bool const ends = is_leaf(at);
        if (ends && equals(at, x.data())) {
            return sum + left * leaf_share(at, depth, tables);
        }
        auto const [outside, inside] = measure(at, x.data(), weights.data());
        double const cut = ends ? left : left * (outside / (outside + inside));
        if (cut > 0) {
            double const share = cut * tables.unseen[depth];
            sum += share;
            left -= cut;
            attribute(at, x.data(), weights.data(), outside > least ? share / outside : 0, parts.data());
        }
        if (ends || left < negligible) {
            return sum;
        }
        auto const& here = nodes_[at];
        at = here.children[x[here.dimension] > here.cut ? 1 : 0];
    }
}

inline forest_tree::place forest_tree::insert(std::span<double const> x, std::span<double const> weights,
                                              forest_random& random) noexcept {
    ++size_;
    if (root_ == nowhere) {
        root_ = new_leaf(x.data(), nowhere);
        return leaf_of(root_);
    }
    for (place at = root_;;) {
        if (is_leaf(at) && equals(at, x.data())) {
            ++nodes_[at].count;
            return leaf_of(at);
        }
        auto const [outside, inside] = measure(at, x.data(), weights.data());
        if (is_leaf(at) || (outside > 0 && random.unit() * (outside + inside) < outside)) {
            return split(at, x.data(), weights.data(), outside, random);
        }
        widen(at, x.data());
        auto& here = nodes_[at];
        ++here.count;
        at = here.children[x[here.dimension] > here.cut ? 1 : 0];
    }
}

/// Puts a cut between the point and all that is below `at`, in a part of a side that is outside of their box.
inline forest_tree::place forest_tree::split(place at, double const* x, double const* weights, double outside,
                                             forest_random& random) noexcept {
    double const* const low = low_of(at);
    double const* const high = high_of(at);
    double rest = random.unit() * outside;
    std::size_t chosen = dimensions_;
    for (std::size_t i = 0; i < dimensions_;
         ++i) { // rounding may leave some of the rest, and weights none of a difference
        double const side = beyond(low[i], high[i], x[i]);
        if (side > 0 && (rest >= 0 || chosen == dimensions_)) {
            chosen = i;
            rest -= bounded(side * weights[i]);
        }
    }
    bool const is_above = x[chosen] > high[chosen];
    double const from = is_above ? high[chosen] : x[chosen];
    double const to = is_above ? x[chosen] : low[chosen];
    double const cut = from + random.unit() * (to - from);

    place const parent = parents_[at];
    place const made = free_nodes_[capacity_ - 1 - leaves_];
    place const leaf = new_leaf(x, made);
    replace_child(parent, at, made);
    parents_[at] = made;
    auto& cut_here = nodes_[made];
    cut_here.cut = cut < to ? cut : from;
    cut_here.children[is_above ? 0 : 1] = at;
    cut_here.children[is_above ? 1 : 0] = leaf;
    cut_here.count = static_cast<std::uint16_t>(nodes_[at].count + 1);
    cut_here.dimension = static_cast<std::uint16_t>(chosen);
    std::copy(low, low + 2 * dimensions_, low_of(made));
    widen(made, x);
    return leaf_of(leaf);
}

inline void forest_tree::remove(place leaf) noexcept {
    --size_;
    place const at = place_of(leaf);
    place up = parents_[at];
    if (--nodes_[at].count == 0) {
        if (up == nowhere) {
            root_ = nowhere;
        } else {
            auto const& children = nodes_[up].children;
            place const sibling = children[children[0] == at ? 1 : 0];
            place const above = parents_[up];
            replace_child(above, up, sibling);
            free_nodes_[capacity_ - leaves_] = up;
            up = above;
        }
        free_leaves_[capacity_ - leaves_--] = leaf;
    }
    for (bool shrinks = true; up != nowhere; up = parents_[up]) {
        --nodes_[up].count;
        shrinks = shrinks && shrink(up);
    }
}

/// Fits the box of a node to those below it. Returns whether it has changed.
inline bool forest_tree::shrink(place at) noexcept {
    auto const& here = nodes_[at];
    double const* const low[] = {low_of(here.children[0]), low_of(here.children[1])};
    double const* const high[] = {high_of(here.children[0]), high_of(here.children[1])};
    double* const box = low_of(at);
    bool has_changed = false;
    for (std::size_t i = 0; i < dimensions_; ++i) {
        double const lowest = std::min(low[0][i], low[1][i]);
        double const highest = std::max(high[0][i], high[1][i]);
        has_changed = has_changed || lowest != box[i] || highest != box[dimensions_ + i];
        box[i] = lowest;
        box[dimensions_ + i] = highest;
    }
    return has_changed;
}

/// Whether the box of a node is the smallest around those below it.
inline bool forest_tree::fits(place at) const noexcept {
    auto const [left, right] = nodes_[at].children;
    bool all = true;
    for (std::size_t i = 0; i < dimensions_; ++i) {
        all = all && low_of(at)[i] == std::min(low_of(left)[i], low_of(right)[i]) &&
              high_of(at)[i] == std::max(high_of(left)[i], high_of(right)[i]);
    }
    return all;
}

inline bool forest_tree::valid(std::span<place const> leaves) const {
    bool all = leaves_ <= capacity_ && size_ == leaves.size() && (root_ == nowhere) == (size_ == 0);
    for (double const each : boxes_) {
        all = all && is_finite(each);
    }
    // of all free places and of all in the tree, each is there once
    std::vector<bool> met(2 * capacity_ - 1);
    auto const meet = [&](std::size_t at) {
        all = all && at < met.size() && !met[at];
        if (all) {
            met[at] = true;
        }
    };
    for (std::size_t i = 0; all && i + leaves_ < capacity_; ++i) {
        meet(free_leaves_[i] + capacity_ - 1);
        all = all && nodes_[place_of(free_leaves_[i])].count == 0;
    }
    std::size_t const used_nodes = leaves_ > 0 ? leaves_ - 1 : 0;
    for (std::size_t i = 0; all && i + used_nodes < capacity_ - 1; ++i) {
        all = free_nodes_[i] < capacity_ - 1;
        meet(free_nodes_[i]);
    }
    std::vector<place> open;
    if (all && root_ != nowhere) {
        all = root_ < met.size() && parents_[root_] == nowhere;
        open.push_back(root_);
    }
    while (all && !open.empty()) {
        place const at = open.back();
        open.pop_back();
        meet(at);
        if (!all || is_leaf(at)) {
            all = all && nodes_[at].children[0] == at && nodes_[at].children[1] == at &&
                  std::equal(low_of(at), high_of(at), high_of(at));
            continue;
        }
        auto const& here = nodes_[at];
        all = is_finite(here.cut) && here.dimension < dimensions_;
        std::size_t below = 0;
        for (place const child : here.children) {
            all = all && child < met.size() && parents_[child] == at;
            below += all ? nodes_[child].count : 0U;
            open.push_back(child);
        }
        all = all && below == here.count && fits(at);
    }
    std::vector<std::uint16_t> kept(capacity_);
    for (place const each : leaves) {
        all = all && each < capacity_;
        kept[all ? each : 0] += 1;
    }
    for (std::size_t i = 0; all && i < capacity_; ++i) {
        all = kept[i] == nodes_[place_of(i)].count;
    }
    return all;
}

} // namespace orfeas::inline v0::detect::detail
