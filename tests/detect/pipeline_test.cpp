// SPDX-License-Identifier: MIT
#include "detect/limit_detector.hpp"
#include "detect/streams.hpp"
#include "support/catch.hpp"

#include <orfeas/detect/outlier_detector.hpp>
#include <orfeas/detect/pipeline.hpp>

#include <cmath>
#include <random>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using orfeas_test::judged;
using orfeas_test::limit_detector;

namespace {

using pair = pipeline<limit_detector, limit_detector>;
static_assert(detector<pair>);
static_assert(detector<pipeline<outlier_detector, pair>>);

pair two() {
    return pair{limit_detector{10, 2, anomaly_family::spike}, limit_detector{20, 0, anomaly_family::drift}};
}

std::vector<alert_phase> phases(std::vector<verdict> const& verdicts) {
    std::vector<alert_phase> all;
    for (auto const& each : verdicts) {
        all.push_back(each.alert.phase);
    }
    return all;
}

} // namespace

TEST_CASE("detect: a pipeline says what its highest part says") {
    auto judge = two();
    judged(judge, {1, 1, 1});
    auto const made = judge.update({std::chrono::seconds{1000}, 5});
    CHECK(made.score == score_of(5, 10));
    CHECK(made.family == anomaly_family::spike);
    REQUIRE(judge.verdicts().size() == 2);
    CHECK(judge.verdicts()[1].score == score_of(5, 20));
    CHECK(made.state == verdict_state::normal);
    CHECK_FALSE(made.alert);
    CHECK(made.tail_probability == 1);
    auto const rarer = judge.update({std::chrono::seconds{1300}, 30});
    CHECK(rarer.tail_probability == Approx(2 * (1 - score_of(30, 10)))); // the question was asked twice
}

TEST_CASE("detect: the alerts of a pipeline's parts are one, with an identity of its own") {
    using enum alert_phase;
    auto judge = two();
    // the first part alone, both, the first alone, none; then again
    auto const made = judged(judge, {1, 1, 1, 12, 25, 12, 1, 1, 30});
    CHECK(phases(made) == std::vector{none, none, none, starts, continues, continues, ends, none, starts});
    CHECK(made[3].alert.id == 1);
    CHECK(made[6].alert.id == 1);
    CHECK(made[6].state == verdict_state::recovering);
    CHECK(made[8].alert.id == 2);
    CHECK(made[4].state == verdict_state::anomalous);
}

TEST_CASE("detect: a pipeline is warm when a part is, and warming as long as none is") {
    pair judge{limit_detector{10, 3}, limit_detector{10, 5}};
    auto const made = judged(judge, {1, 1, 1, 1});
    CHECK(made[2].state == verdict_state::warming);
    CHECK(made[3].state == verdict_state::normal);
    CHECK(judge.warm());
    judge.reset();
    CHECK_FALSE(judge.warm());
}

TEST_CASE("detect: a pipeline is silent where a part is and none has an alert") {
    auto judge = two();
    judged(judge, {1, 1, 1});
    CHECK(judge.update({std::chrono::seconds{900}, std::nan("")}).state == verdict_state::silent);
}

TEST_CASE("detect: forgetting ends no count of alerts") {
    auto judge = two();
    judged(judge, {1, 1, 1, 12});
    judge.reset();
    auto const made = judged(judge, {1, 1, 1, 12});
    CHECK(made[3].alert == alert_ref{2, alert_phase::starts});
}

TEST_CASE("detect: a pipeline goes on from its saved state as if nothing had been") {
    std::mt19937 random{20261121};
    std::normal_distribution<double> noise{5, 4};
    std::vector<double> values(2000);
    for (auto& each : values) {
        each = noise(random);
    }
    pipeline uninterrupted{outlier_detector{}, two()};
    auto saved = uninterrupted;
    auto const all = judged(uninterrupted, values);
    judged(saved, {values.begin(), values.begin() + 1000});
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    saved.save(out);
    pipeline other{outlier_detector{}, two()};
    state_reader in{bytes};
    REQUIRE_FALSE(other.load(in));
    CHECK(in.rest().empty());
    CHECK(judged(other, {values.begin() + 1000, values.end()}, 1000) ==
          std::vector<verdict>(all.begin() + 1000, all.end()));
}

TEST_CASE("detect: a pipeline takes no state of which a part is refused, and stays as it was") {
    auto saved = two();
    judged(saved, {1, 1, 1, 12});
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    saved.save(out);
    auto const first_end = bytes.size();
    saved.save(out);
    for (std::size_t const broken : {std::size_t{0}, first_end / 3, first_end / 2, first_end - 9, first_end - 1}) {
        auto damaged = bytes;
        damaged[broken] = ~damaged[broken];
        auto judge = two();
        judged(judge, {1, 1});
        auto const untouched = judge;
        state_reader in{damaged};
        CHECK(judge.load(in));
        CHECK(in.rest().size() == damaged.size());
        auto copy = untouched;
        CHECK(judged(judge, {1, 12, 1}) == judged(copy, {1, 12, 1}));
    }
    auto judge = two();
    state_reader in{bytes};
    CHECK_FALSE(judge.load(in));
    CHECK(in.rest().size() == first_end); // the second state waits
    CHECK_FALSE(judge.load(in));
    state_reader cut{std::span{bytes}.first(first_end - 1)};
    CHECK(judge.load(cut) == state_error::truncated_state);
}
