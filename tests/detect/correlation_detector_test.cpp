// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/detect/correlation_detector.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <span>
#include <stdexcept>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using namespace std::chrono_literals;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::size_t metrics = 6;
using row = std::array<double, metrics>;

/// Metrics of a server under a load that drives the first four; the last two are their own. One row a minute.
std::vector<row> server(std::mt19937_64& random, std::size_t size) {
    std::normal_distribution<> noise;
    std::vector<row> made;
    double load = 0;
    std::array<double, 2> own{};
    for (std::size_t i = 0; i < size; ++i) {
        load = 0.9 * load + noise(random);
        for (auto& each : own) {
            each = 0.5 * each + noise(random);
        }
        made.push_back({40 + 4 * load + noise(random), 900 - 30 * load + 10 * noise(random),
                        0.5 + 0.02 * load + 0.01 * noise(random), 7 + 2 * load + 0.5 * noise(random), 3 + own[0],
                        1e6 + 1e4 * own[1]});
    }
    return made;
}

std::vector<verdict> judged(correlation_detector& judge, std::span<row const> rows, std::size_t from = 0) {
    std::vector<verdict> made;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        made.push_back(judge.update({std::chrono::minutes{from + i}, rows[i]}));
    }
    return made;
}

std::size_t starts(std::span<verdict const> verdicts) {
    return static_cast<std::size_t>(std::count_if(
        verdicts.begin(), verdicts.end(), [](verdict const& each) { return each.alert.phase == alert_phase::starts; }));
}

bool is_sound(verdict const& v) {
    auto const in = [](double x) { return x >= 0 && x <= 1; };
    float shares = 0;
    for (auto const& each : v.blame.list()) {
        shares += each.share;
    }
    return in(v.score) && in(v.tail_probability) && in(v.confidence) && std::isfinite(v.raw_score) &&
           v.raw_score >= 0 && std::isfinite(v.expected) && std::isfinite(v.low) && std::isfinite(v.high) &&
           v.low <= v.expected && v.expected <= v.high && shares <= 1.001F;
}

} // namespace

TEST_CASE("a metric that leaves its company is an alert, and is blamed", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto rows = server(random, 6'000);
    for (std::size_t i = 5'000; i < 5'020; ++i) {
        rows[i][2] += 0.6; // as high as under no load
    }
    correlation_detector judge{metrics};
    auto const verdicts = judged(judge, rows);
    auto const quiet = std::span{verdicts}.first(5'000);
    CHECK(starts(quiet) <= 6); // of 2 a day for 3.5 days
    auto const& at = verdicts[5'000];
    REQUIRE(at.alert.phase == alert_phase::starts);
    CHECK(at.state == verdict_state::anomalous);
    CHECK(at.score >= 0.5);
    CHECK(at.family == anomaly_family::correlation);
    REQUIRE(at.blame.count == metrics);
    CHECK(at.blame.shares[0].metric == 2);
    CHECK(at.low <= at.expected);
    CHECK(rows[5'000][2] > at.high);
    CHECK(std::abs(at.expected - 0.5) < 0.4);
    CHECK(std::any_of(verdicts.begin() + 5'001, verdicts.end(),
                      [&](verdict const& each) { return each.alert == alert_ref{at.alert.id, alert_phase::ends}; }));
}

TEST_CASE("metrics within their ranges that no longer go together are scored high", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto rows = server(random, 6'000);
    for (std::size_t i = 5'500; i < 5'560; ++i) {
        rows[i][3] = 14 - rows[i][3]; // mirrored: the same values, against the load
    }
    correlation_detector judge{metrics};
    double usual = 0;
    double broken = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        judge.update({std::chrono::minutes{i}, rows[i]});
        usual = i >= 4'500 && i < 5'500 ? std::max(usual, judge.severity()) : usual;
        broken = i >= 5'500 && i < 5'560 ? std::max(broken, judge.severity()) : broken;
    }
    CHECK(broken > usual);
}

TEST_CASE("a metric that leaves the others under a course that all share is an alert, and is blamed", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::normal_distribution<> noise;
    constexpr std::size_t day = 1'440;
    constexpr std::size_t broken = 4 * day + 700;
    std::vector<row> rows;
    double common = 0;
    double other = 0;
    for (std::size_t i = 0; i < 5 * day; ++i) {
        common = 0.5 * common + 0.85 * noise(random);
        other = 0.5 * other + 0.85 * noise(random);
        double const course = 5 * std::sin(static_cast<double>(i) * 6.283185307 / day);
        auto& made = rows.emplace_back();
        for (std::size_t m = 0; m < metrics; ++m) {
            bool const has_left = m == 3 && i >= broken && i < broken + 60; // another factor, of the same kind
            made[m] = 100 + course + (has_left ? other : common) + 0.2 * noise(random);
        }
    }
    correlation_detector judge{metrics};
    auto const verdicts = judged(judge, rows);
    CHECK(starts(std::span{verdicts}.first(broken)) <= 1);
    auto const found = std::find_if(verdicts.begin() + broken, verdicts.end(),
                                    [](verdict const& each) { return each.alert.phase == alert_phase::starts; });
    REQUIRE(found != verdicts.end());
    CHECK(found - verdicts.begin() < static_cast<std::ptrdiff_t>(broken + 20));
    CHECK(found->family == anomaly_family::correlation);
    REQUIRE(found->blame.count > 0);
    CHECK(found->blame.shares[0].metric == 3);
    CHECK(found->blame.shares[0].share > 0.25F);
    auto const& at = rows[static_cast<std::size_t>(found - verdicts.begin())];
    CHECK(std::abs(found->expected - at[2]) < 1.5); // as the others are
}

TEST_CASE("values in other units give the same verdicts", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto rows = server(random, 4'000);
    rows[3'000][1] += 3'000;
    correlation_detector plain{metrics};
    auto const expected = judged(plain, rows);
    for (auto const& [factor, offset] : {std::pair{0x1p-40, 0.0}, std::pair{0x1p40, 0.0}, std::pair{1e12, 0.0},
                                         std::pair{1e-12, 0.0}, std::pair{3.7, 1e4}}) {
        auto scaled = rows;
        for (auto& each : scaled) {
            for (auto& value : each) {
                value = value * factor + offset;
            }
        }
        correlation_detector judge{metrics};
        auto const found = judged(judge, scaled);
        std::size_t different = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            different +=
                found[i].alert.phase != expected[i].alert.phase || std::abs(found[i].score - expected[i].score) > 1e-2
                    ? 1U
                    : 0U;
        }
        CAPTURE(factor, offset);
        CHECK(different == 0);
    }
}

TEST_CASE("one different value after thousands of equal ones is no alert, nor is a constant stream", "[detect]") {
    correlation_detector judge{metrics};
    std::vector<row> rows(5'000, row{1, 2, 3, 0, -1, 1e9});
    rows[4'500][0] = 2;
    auto const verdicts = judged(judge, rows);
    CHECK(starts(verdicts) == 0);
    CHECK(std::all_of(verdicts.begin(), verdicts.end(), is_sound));
    CHECK(verdicts[4'400].raw_score == 0);
    CHECK(verdicts[4'500].raw_score > 0);
    CHECK(verdicts[4'500].score < 0.5);
}

TEST_CASE("no value makes a correlation detector's numbers unsound", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::uniform_int_distribution<> pick{0, 11};
    std::normal_distribution<> noise;
    constexpr double largest = std::numeric_limits<double>::max();
    correlation_detector judge{metrics};
    for (int i = 0; i < 20'000; ++i) {
        row each{};
        for (auto& value : each) {
            switch (pick(random)) {
            case 0:
                value = not_a_number;
                break;
            case 1:
                value = i % 2 == 0 ? infinity : -infinity;
                break;
            case 2:
                value = i % 97 == 0 ? (i % 2 == 0 ? largest : -largest) : 5e-324;
                break;
            default:
                value = noise(random);
            }
        }
        auto const time = std::chrono::seconds{pick(random) == 0 ? 0 : i}; // also backward and again
        auto const made = judge.update({time, each});
        REQUIRE(is_sound(made));
        REQUIRE(std::isfinite(judge.severity()));
    }
}

TEST_CASE("a missing metric is not blamed and keeps what was learned of it", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto rows = server(random, 4'000);
    for (std::size_t i = 3'000; i < 3'100; ++i) {
        rows[i][1] = not_a_number;
    }
    correlation_detector judge{metrics};
    auto const verdicts = judged(judge, rows);
    for (std::size_t i = 3'000; i < 3'100; ++i) {
        for (auto const& each : verdicts[i].blame.list()) {
            REQUIRE(each.metric != 1);
        }
        REQUIRE(verdicts[i].confidence < 1);
    }
    CHECK(verdicts[3'100].raw_score < judge.threshold());
    CHECK(verdicts[3'100].confidence == 1);
}

TEST_CASE("a sample without any value learns nothing", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto const rows = server(random, 2'000);
    row nothing;
    nothing.fill(not_a_number);
    correlation_detector judge{metrics};
    judged(judge, rows);
    double const severity = judge.severity();
    auto const made = judge.update({2'000min, nothing});
    CHECK(made.score == 0);
    CHECK(made.confidence == 0);
    CHECK(made.state == verdict_state::normal);
    CHECK(judge.severity() == severity);
}

TEST_CASE("silence is an alert where the policy says so", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto rows = server(random, 2'000);
    for (std::size_t i = 1'500; i < 1'520; ++i) {
        rows[i][4] = not_a_number;
    }
    correlation_options options;
    options.gaps = "alert";
    options.threshold = 1'000;
    correlation_detector judge{metrics, options};
    auto const verdicts = judged(judge, rows);
    CHECK(verdicts[1'501].state != verdict_state::silent);
    CHECK(verdicts[1'502].state == verdict_state::silent);
    CHECK(verdicts[1'502].alert.phase == alert_phase::starts);
    CHECK(verdicts[1'519].alert.phase == alert_phase::continues);
    CHECK(verdicts[1'520].alert.phase == alert_phase::ends);
    CHECK(judge.update({2'100min, rows[0]}).state == verdict_state::silent);
}

TEST_CASE("another number of metrics is refused and changes nothing", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto const rows = server(random, 1'000);
    correlation_detector judge{metrics};
    correlation_detector other{metrics};
    judged(judge, std::span{rows}.first(900));
    judged(other, std::span{rows}.first(900));
    std::array<double, metrics + 1> const more{};
    CHECK_THROWS_AS(judge.update({900min, more}), std::invalid_argument);
    CHECK_THROWS_AS(judge.update({900min, std::span{rows[0]}.first(2)}), std::invalid_argument);
    CHECK(judged(judge, std::span{rows}.subspan(900), 900) == judged(other, std::span{rows}.subspan(900), 900));
}

TEST_CASE("a saved correlation detector goes on bit for bit", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto rows = server(random, 34'000); // past the change of pace
    rows[5'000][0] = not_a_number;
    rows[10'000][2] += 1;
    for (std::size_t const cut :
         {std::size_t{1}, std::size_t{77}, std::size_t{700}, std::size_t{9'999}, std::size_t{33'333}}) {
        correlation_detector whole{metrics};
        judged(whole, std::span{rows}.first(cut));
        std::vector<std::byte> bytes;
        state_writer out{bytes};
        whole.save(out);
        correlation_detector resumed{metrics};
        state_reader in{bytes};
        REQUIRE_FALSE(resumed.load(in));
        CHECK(in.rest().empty());
        std::span<row const> const rest = std::span{rows}.subspan(cut);
        REQUIRE(judged(resumed, rest, cut) == judged(whole, rest, cut));
        REQUIRE(resumed.severity() == whole.severity());
        std::vector<std::byte> again;
        std::vector<std::byte> expected;
        state_writer to_again{again};
        state_writer to_expected{expected};
        resumed.save(to_again);
        whole.save(to_expected);
        REQUIRE(again == expected);
    }
}

TEST_CASE("a correlation detector refuses foreign states", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto const rows = server(random, 600);
    correlation_detector judge{metrics};
    judged(judge, rows);
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    judge.save(out);
    auto const refused = [](correlation_detector to, std::span<std::byte const> from) {
        state_reader in{from};
        return to.load(in);
    };
    correlation_options other;
    other.lookback = 1'000;
    CHECK(refused(correlation_detector{metrics, other}, bytes) == state_error::other_options);
    CHECK(refused(correlation_detector{metrics + 1}, bytes) == state_error::other_options);
    CHECK(refused(correlation_detector{metrics}, std::span{bytes}.first(bytes.size() - 1)) ==
          state_error::truncated_state);
    auto damaged = bytes;
    damaged[damaged.size() / 2] ^= std::byte{1};
    CHECK(refused(correlation_detector{metrics}, damaged) == state_error::corrupted_state);
}

TEST_CASE("a reset correlation detector begins anew, and its alerts count on", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto rows = server(random, 3'000);
    rows[2'000][4] += 100;
    correlation_detector judge{metrics};
    auto const before = judged(judge, rows);
    auto const id = before[2'000].alert.id;
    REQUIRE(id > 0);
    judge.reset();
    CHECK_FALSE(judge.warm());
    auto const after = judged(judge, rows);
    CHECK(after[2'000].raw_score == before[2'000].raw_score);
    CHECK(after[2'000].alert.id > id);
}

TEST_CASE("fewer expected false alerts never make more alerts", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto rows = server(random, 8'000);
    std::uniform_int_distribution<std::size_t> metric{0, metrics - 1};
    for (std::size_t i = 1'000; i < rows.size(); i += 97) {
        auto& value = rows[i][metric(random)];
        value *= 1.0 + 0.002 * static_cast<double>(i % 300);
    }
    std::size_t before = rows.size();
    for (double const rate : {500.0, 50.0, 5.0, 0.5, 0.05}) {
        correlation_options options;
        options.false_alerts_per_day = rate;
        correlation_detector judge{metrics, options};
        auto const started = starts(judged(judge, rows));
        CHECK(started <= before);
        before = started;
    }
}

TEST_CASE("a correlation detector refuses options out of range and no metrics", "[detect]") {
    correlation_options options;
    options.false_alerts_per_day = 0;
    CHECK_THROWS_AS((correlation_detector{metrics, options}), orfeas::option_error);
    CHECK_THROWS_AS(correlation_detector{0}, std::invalid_argument);
    CHECK_THROWS_AS(correlation_detector{correlation_detector::most_metrics + 1}, std::invalid_argument);
    CHECK_NOTHROW(correlation_detector{1});
}
