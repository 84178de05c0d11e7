// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "support/catch.hpp"

#include <orfeas/detect/detail/forest.hpp>
#include <orfeas/detect/detail/forest_metric.hpp>
#include <orfeas/detect/detail/forest_random.hpp>
#include <orfeas/detect/detail/forest_sampler.hpp>
#include <orfeas/detect/detail/forest_tree.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

using namespace orfeas::detect::detail;

namespace {

using point = std::vector<double>;

/// The mean score over many trees made anew of the points.
double fresh_score(std::vector<point> const& points, point const& x, point const& weights, int trees) {
    forest_random random{17};
    forest_tables const tables{points.size()};
    point parts(x.size());
    double sum = 0;
    for (int i = 0; i < trees; ++i) {
        forest_tree tree{x.size(), points.size()};
        for (auto const& each : points) {
            tree.insert(each, weights, random);
        }
        sum += tree.score(x, weights, tables, parts);
    }
    return sum / trees;
}

} // namespace

TEST_CASE("detect: a random cut tree stays a tree while points come and go") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (std::size_t const dimensions : {1U, 3U}) {
        constexpr std::size_t capacity = 32;
        forest_tree tree{dimensions, capacity};
        forest_random cuts{seed};
        point const weights(dimensions, 0.5);
        std::vector<forest_tree::place> leaves;
        std::vector<point> model;
        for (int i = 0; i < 5'000; ++i) {
            if (leaves.size() < capacity && random() % 8 < 5) {
                point x(dimensions);
                for (double& each : x) {
                    each = static_cast<double>(random() % 6); // many are equal
                }
                leaves.push_back(tree.insert(x, weights, cuts));
                model.push_back(x);
            } else if (!leaves.empty()) {
                auto const at = static_cast<std::ptrdiff_t>(random() % leaves.size());
                auto const kept = tree.point(leaves[static_cast<std::size_t>(at)]);
                REQUIRE(std::equal(kept.begin(), kept.end(), model[static_cast<std::size_t>(at)].begin()));
                tree.remove(leaves[static_cast<std::size_t>(at)]);
                leaves.erase(leaves.begin() + at);
                model.erase(model.begin() + at);
            }
            REQUIRE(tree.size() == leaves.size());
            REQUIRE(tree.valid(leaves));
        }
    }
}

TEST_CASE("detect: a tree from which points were removed is distributed as one made of the others") {
    std::vector<point> const all{{0, 0}, {1, 5}, {2, 1}, {8, 2}, {3, 3}, {9, 9}, {4, 0}, {2, 7}};
    std::vector<point> const kept{all.begin(), all.begin() + 5};
    point const weights{1, 2};
    point const x{5, 4};
    constexpr int trees = 20'000;
    forest_random random{23};
    forest_tables const tables{all.size()};
    point parts(2);
    double sum = 0;
    for (int i = 0; i < trees; ++i) {
        forest_tree tree{2, all.size()};
        std::vector<forest_tree::place> leaves;
        for (auto const& each : all) {
            leaves.push_back(tree.insert(each, weights, random));
        }
        for (std::size_t gone = kept.size(); gone < all.size(); ++gone) {
            tree.remove(leaves[gone]);
        }
        sum += tree.score(x, weights, tables, parts);
    }
    std::vector<point> reversed{kept.rbegin(), kept.rend()};
    CHECK(sum / trees == Approx(fresh_score(kept, x, weights, trees)).epsilon(0.01));
    CHECK(sum / trees == Approx(fresh_score(reversed, x, weights, trees)).epsilon(0.01));
    CHECK(parts[0] > 0);
    CHECK(parts[1] > 0);
}

TEST_CASE("detect: the score of two points is what their cuts say") {
    forest_random random{1};
    forest_tables const tables{8};
    point const weight{1};
    point parts(1);
    forest_tree tree{1, 8};
    tree.insert(point{0}, weight, random);
    tree.insert(point{1}, weight, random);
    // outside of [0, 1] by 3: cut off at once in 3 of 4 trees, else below the root
    CHECK(tree.score(point{4}, weight, tables, parts) == Approx(0.75 * 1 + 0.25 * 0.5));
    // equal to one point of two: damped by a quarter, at depth 1 and one more for the count
    CHECK(tree.score(point{1}, weight, tables, parts) == Approx(0.75 / 2));
    tree.insert(point{1}, weight, random);
    CHECK(tree.score(point{1}, weight, tables, parts) == Approx((1 - 1.0 / 3) / (1 + std::log2(3.0))));
}

TEST_CASE("detect: in one dimension, the quick way and the general one give the same scores") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::vector<forest_tree> trees(3, forest_tree{1, 64});
    forest_random cuts{seed};
    forest_tables const tables{64};
    point const weight{1};
    point parts(1);
    for (std::size_t i = 0; i < 64; ++i) {
        double const x = static_cast<double>(random() % 40) - 20;
        for (auto& each : trees) {
            each.insert(point{x}, weight, cuts);
        }
        for (double probe = -30; probe < 30; probe += 0.5) {
            double sum = 0;
            for (auto const& each : trees) {
                sum += each.score(point{probe}, weight, tables, parts);
            }
            REQUIRE(forest_tree::line_scores<3>(trees.data(), probe, tables) == Approx(sum).epsilon(1e-5));
        }
    }
}

TEST_CASE("detect: a sampler keeps recent samples by the decay that it was given") {
    constexpr double decay = 0.01;
    constexpr std::size_t capacity = 64;
    constexpr std::uint32_t stream = 2'000;
    forest_random random{9};
    std::map<std::uint32_t, int> kept_of_age; // in hundreds
    constexpr int runs = 400;
    std::size_t accepted = 0;
    for (int run = 0; run < runs; ++run) {
        forest_sampler sampler{capacity, decay};
        std::vector<std::uint32_t> time_of(capacity);
        forest_sampler::place next = 0;
        for (std::uint32_t t = 0; t < stream; ++t) {
            if (sampler.accepts_next()) {
                ++accepted;
                auto const at = sampler.full() ? sampler.leaving() : next++;
                time_of[at] = t;
                sampler.keep(at, random);
            }
        }
        REQUIRE(sampler.valid());
        REQUIRE(sampler.size() == capacity);
        for (std::uint32_t const t : time_of) {
            kept_of_age[(stream - 1 - t) / 100] += 1;
        }
    }
    // Weights fall by e in 100 samples: of those of one age, 1 - exp(-c * weight) are kept, with c such that 64 are in all.
    auto const expected = [&](double c, std::uint32_t hundred) {
        double sum = 0;
        for (std::uint32_t age = 100 * hundred; age < 100 * (hundred + 1); ++age) {
            sum += 1 - std::exp(-c * std::exp(-decay * age));
        }
        return sum;
    };
    double low = 0;
    double high = 10;
    for (int i = 0; i < 60; ++i) {
        double const c = (low + high) / 2;
        double total = 0;
        for (std::uint32_t hundred = 0; hundred < 20; ++hundred) {
            total += expected(c, hundred);
        }
        (total < capacity ? low : high) = c;
    }
    for (std::uint32_t hundred = 0; hundred < 4; ++hundred) {
        INFO(hundred);
        CHECK(static_cast<double>(kept_of_age[hundred]) / runs == Approx(expected(low, hundred)).epsilon(0.05));
    }
    CHECK(accepted < static_cast<std::size_t>(runs) * stream);
}

TEST_CASE("detect: a metric's evidence and weight follow how it varies") {
    forest_metric flat{16, 0.001};
    flat.observe(5);
    flat.join(5);
    for (int i = 0; i < 1'000; ++i) {
        flat.observe(5);
    }
    CHECK(flat.evidence() == 0);
    flat.observe(9);
    CHECK(flat.evidence() == Approx(1.0 / 6));
    CHECK(flat.weight() == Approx(1.0 / 4));
    forest_metric lively{16, 0.001};
    for (int i = 0; i < 1'000; ++i) {
        lively.observe(i % 2);
        if (i < 16) {
            lively.join(i % 2);
        }
    }
    CHECK(lively.evidence() > 0.9);
    CHECK(lively.quantile(0) == 0);
    CHECK(lively.quantile(1) == 1);
    lively.leave(0);
    CHECK(lively.size() == 15);
    CHECK(lively.quantile(0.5) == 1);
    CHECK(lively.valid());
}

TEST_CASE("detect: a forest learns the same points the same way, and tells what its first tree let go") {
    forest a{1, 3, 16, 0.001, 5};
    forest b{1, 3, 16, 0.001, 5};
    point const weight{1};
    std::vector<double> kept;
    std::mt19937_64 random{2};
    for (int i = 0; i < 2'000; ++i) {
        point const x{static_cast<double>(random() % 1'000)};
        REQUIRE(a.score(x, weight) == b.score(x, weight));
        a.learn(x, weight);
        b.learn(x, weight);
        if (a.has_left()) {
            auto const gone = std::find(kept.begin(), kept.end(), a.left()[0]);
            REQUIRE(gone != kept.end());
            kept.erase(gone);
        }
        if (a.has_joined()) {
            kept.push_back(x[0]);
        }
        REQUIRE(kept.size() == a.size());
    }
    CHECK(kept.size() == 16);
    CHECK(a.valid());
}
