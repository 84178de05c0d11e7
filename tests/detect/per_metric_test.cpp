// SPDX-License-Identifier: MIT
#include "detect/limit_detector.hpp"
#include "support/catch.hpp"

#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/detect/per_metric.hpp>

#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using orfeas_test::limit_detector;

namespace {

static_assert(vector_detector<per_metric<outlier_detector>>);

verdict feed(per_metric<limit_detector>& judge, std::vector<double> const& values, int times = 1) {
    verdict last;
    for (int i = 0; i < times; ++i) {
        last = judge.update({std::chrono::seconds{i}, values});
    }
    return last;
}

} // namespace

TEST_CASE("detect: the metric with the highest score is blamed, others by their share") {
    per_metric judge{3, limit_detector{10, 2}};
    feed(judge, {1, 1, 1}, 3);
    auto const made = feed(judge, {1, 30, 10});
    CHECK(made.score == score_of(30, 10));
    CHECK(made.is_anomalous());
    auto const blame = made.blame.list();
    REQUIRE(blame.size() == 3);
    CHECK(blame[0].metric == 1);
    CHECK(blame[1].metric == 2);
    CHECK(blame[0].share + blame[1].share + blame[2].share == Approx(1));
    CHECK(judge.verdicts()[2].alert.phase == alert_phase::starts);
}

TEST_CASE("detect: one metric's end of an alert is not that of another") {
    per_metric judge{2, limit_detector{10, 2}};
    feed(judge, {1, 1}, 3);
    CHECK(feed(judge, {15, 1}).alert == alert_ref{1, alert_phase::starts});
    CHECK(feed(judge, {1, 15}).alert == alert_ref{1, alert_phase::continues});
    CHECK(feed(judge, {1, 1}).alert == alert_ref{1, alert_phase::ends});
}

TEST_CASE("detect: a metric without a value leaves the others as they are") {
    per_metric judge{2, limit_detector{10, 2}};
    feed(judge, {1, 1}, 3);
    auto const made = feed(judge, {std::nan(""), 30});
    CHECK(made.is_anomalous());
    CHECK(made.blame.list()[0].metric == 1);
    CHECK(std::isfinite(made.score));
}

TEST_CASE("detect: another number of metrics is refused") {
    CHECK_THROWS_AS((per_metric<limit_detector>{0}), std::invalid_argument);
    per_metric judge{2, limit_detector{10, 2}};
    feed(judge, {1, 1}, 2);
    CHECK_THROWS_WITH(feed(judge, {1, 1, 1}), "per_metric: the sample has 3 metrics, not 2");
    CHECK_FALSE(judge.warm()); // it did not count
}

TEST_CASE("detect: a detector for each metric goes on from its saved state") {
    per_metric saved{3, limit_detector{10, 2}};
    feed(saved, {1, 20, 1}, 4);
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    saved.save(out);
    per_metric other{3, limit_detector{10, 2}};
    state_reader in{bytes};
    REQUIRE_FALSE(other.load(in));
    CHECK(feed(other, {1, 1, 1}) == feed(saved, {1, 1, 1}));
    per_metric fewer{2, limit_detector{10, 2}};
    state_reader again{bytes};
    CHECK(fewer.load(again) == state_error::other_options);
}
