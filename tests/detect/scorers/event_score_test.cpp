// SPDX-License-Identifier: MIT
#include "../../../benchmarks/detect/event_score.hpp"
#include "detect/random.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

using namespace bench::detect;

namespace {

using labels = std::vector<std::uint8_t>;

labels labelled(std::size_t size, std::vector<row_window> const& segments) {
    labels made(size);
    for (auto const& [first, last] : segments) {
        for (std::size_t i = first; i <= last; ++i) {
            made[i] = 1;
        }
    }
    return made;
}

alert_counter flagged(labels const& truth, std::vector<std::size_t> const& rows) {
    alert_counter counter{truth, 60};
    for (auto const row : rows) {
        counter.flag(row);
    }
    return counter;
}

/// By the words: merge flagged rows with gaps of at most 10, and count those that are not within 5 rows of a segment.
std::size_t plain_false_alerts(labels const& truth, std::vector<bool> const& flags) {
    std::size_t count = 0;
    bool open = false;
    bool touches = false;
    std::size_t last = 0;
    for (std::size_t i = 0; i <= flags.size(); ++i) {
        bool const ends = i == flags.size() || (flags[i] && open && i - last > 10);
        if (ends && open) {
            count += touches ? 0U : 1U;
            touches = false;
            open = false;
        }
        if (i == flags.size() || !flags[i]) {
            continue;
        }
        open = true;
        last = i;
        for (std::size_t j = i - std::min<std::size_t>(i, 5); j <= std::min(i + 5, truth.size() - 1); ++j) {
            touches = touches || truth[j] != 0;
        }
    }
    return count;
}

} // namespace

TEST_CASE("detect: composite F1 takes recall of segments and precision of rows") {
    auto const truth = labelled(1'440, {{100, 109}, {500, 519}});
    auto const counter = flagged(truth, {100, 101, 700});
    CHECK(counter.composite().recall == Approx(0.5));
    CHECK(counter.composite().precision == Approx(2.0 / 3));
    CHECK(counter.composite().f1() == Approx(2 * 0.5 * (2.0 / 3) / (0.5 + 2.0 / 3)));
    CHECK(counter.point_adjusted().recall == Approx(10.0 / 30));
    CHECK(counter.point_adjusted().precision == Approx(10.0 / 11));
    CHECK(flagged(truth, {}).composite().f1() == 0);
}

TEST_CASE("detect: alerts within ten minutes are one, and those within five of a segment are right") {
    auto const truth = labelled(1'440, {{100, 109}});
    CHECK(flagged(truth, {300, 310}).false_alerts() == 1);
    CHECK(flagged(truth, {300, 311}).false_alerts() == 2);
    CHECK(flagged(truth, {300, 320, 310}).false_alerts() == 1); // joined afterwards
    CHECK(flagged(truth, {95}).false_alerts() == 0);
    CHECK(flagged(truth, {94}).false_alerts() == 1);
    CHECK(flagged(truth, {114}).false_alerts() == 0);
    CHECK(flagged(truth, {115}).false_alerts() == 1);
    CHECK(flagged(truth, {85, 95}).false_alerts() == 0);
    CHECK(flagged(truth, {300}).false_alerts_a_day() == Approx(1440.0 / 1430));
}

TEST_CASE("detect: alerts are counted as the words say, on random flags in random order") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    for (int round = 0; round < 25; ++round) {
        std::size_t const n = 400;
        labels truth(n);
        bool inside = false;
        for (auto& each : truth) {
            inside = std::uniform_real_distribution<>{0, 1}(random) < (inside ? 0.8 : 0.03);
            each = inside ? 1 : 0;
        }
        std::vector<std::size_t> order(n);
        for (std::size_t i = 0; i < n; ++i) {
            order[i] = i;
        }
        std::shuffle(order.begin(), order.end(), random);
        alert_counter counter{truth, 60};
        std::vector<bool> flags(n);
        for (auto const row : order) {
            counter.flag(row);
            flags[row] = true;
            REQUIRE(counter.false_alerts() == plain_false_alerts(truth, flags));
        }
    }
}

TEST_CASE("detect: one threshold serves all series, and recall is told at a rate of false alerts") {
    auto const truth = labelled(1'440, {{100, 109}, {500, 519}});
    std::vector<double> first(1'440);
    std::vector<double> second(1'440);
    first[105] = 3;
    first[510] = 1;
    first[800] = 2; // false
    second[105] = 2;
    second[510] = 2;
    std::vector<labelled_series> const all{{first, truth, 60}, {second, truth, 60}};
    auto const best = best_composite_f1(all);
    CHECK(best.threshold == 1);
    CHECK(best.value == Approx((0.8 + 1) / 2)); // all found, one of three rows of the first series false
    CHECK(best.value == Approx(mean_composite_f1(counted_at(all, 1))));
    CHECK(mean_composite_f1(counted_at(all, 2)) == Approx((0.5 + 1) / 2));
    CHECK(best_composite_f1({all.data() + 1, 1}).threshold == 2);
    CHECK(event_recall_at({all.data(), 1}, 0.5) == Approx(0.5));
    CHECK(event_recall_at({all.data(), 1}, 2) == Approx(1));
    CHECK(event_recall_at(all, 0.5) == Approx(0.75));
    CHECK(best_point_adjusted_f1(all[1]) == Approx(1));
}

TEST_CASE("detect: blame is the share of the true metrics among the first ones") {
    std::vector<std::size_t> const ranked{4, 2, 7, 1, 0};
    std::vector<std::size_t> const two{2, 7};
    CHECK(blame_share(ranked, two, 1) == Approx(0.5));
    CHECK(blame_share(ranked, two, 1.5) == Approx(1)); // of the first three
    std::vector<std::size_t> const one{2};
    CHECK(blame_share(ranked, one, 1.5) == Approx(1)); // 1.5 is rounded to 2
    std::vector<std::size_t> const absent{9};
    CHECK(blame_share(ranked, absent, 1.5) == 0);
    CHECK(blame_share(ranked, {}, 1.5) == 0);
}
