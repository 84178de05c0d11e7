// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "detect/streams.hpp"
#include "support/catch.hpp"

#include <orfeas/core/error.hpp>
#include <orfeas/core/stable_hash.hpp>
#include <orfeas/detect/outlier_detector.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using namespace std::chrono_literals;
using orfeas_test::judged;
using orfeas_test::starts;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A daily wave with noise, one value in five minutes.
std::vector<double> wave(std::mt19937_64& random, std::size_t size) {
    std::normal_distribution<> noise{0, 0.2};
    std::vector<double> made;
    for (std::size_t i = 0; i < size; ++i) {
        made.push_back(10 + 3 * std::sin(static_cast<double>(i) * 6.283185307 / 288) + noise(random));
    }
    return made;
}

std::vector<double> multiplied(std::vector<double> values, double factor, double offset = 0) {
    for (auto& each : values) {
        each = each * factor + offset;
    }
    return values;
}

/// Whether two runs raised the same alerts at the same samples.
bool same_alerts(std::vector<verdict> const& a, std::vector<verdict> const& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](verdict const& x, verdict const& y) {
        return x.alert == y.alert && x.state == y.state && std::abs(x.score - y.score) < 1e-6;
    });
}

bool is_sound(verdict const& v) {
    auto const in = [](double x) { return x >= 0 && x <= 1; };
    return in(v.score) && in(v.tail_probability) && in(v.confidence) && std::isfinite(v.raw_score) &&
           v.raw_score >= 0 && std::isfinite(v.expected) && std::isfinite(v.low) && std::isfinite(v.high) &&
           v.low <= v.expected && v.expected <= v.high;
}

} // namespace

TEST_CASE("detect: an outlier detector warms up, then says normal") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    outlier_detector judge;
    auto const verdicts = judged(judge, wave(random, 320));
    CHECK(verdicts[298].state == verdict_state::warming);
    CHECK(verdicts[299].state == verdict_state::normal);
    CHECK(judge.warm());
    CHECK(verdicts[299].confidence > 0);
    CHECK(verdicts[299].confidence < 0.5);
}

TEST_CASE("detect: a level that was never there is an alert at once, with what was expected") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    for (double const level : {30.0, -20.0}) {
        auto values = wave(random, 3'000);
        values[2'500] = level;
        outlier_detector judge;
        auto const verdicts = judged(judge, values);
        auto const& hit = verdicts[2'500];
        INFO("score " << hit.score << " raw " << hit.raw_score);
        CHECK(hit.alert.phase == alert_phase::starts);
        CHECK(hit.is_anomalous());
        CHECK(hit.score > 0.5);
        CHECK(hit.family == anomaly_family::outlier);
        CHECK(hit.tail_probability < 0.05);
        CHECK(hit.confidence > 0.9);
        CHECK((level > hit.high || level < hit.low));
        CHECK(hit.expected == Approx(10).margin(4));
        REQUIRE(hit.blame.list().size() == 1);
        CHECK(hit.blame.list()[0] == blame_share{0, 1});
        CHECK(starts(std::span{verdicts}.first(2'500)) <= 2); // of 7 quiet days
    }
}

TEST_CASE("detect: a spread that was never there is found") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    std::normal_distribution<> noise;
    std::vector<double> values;
    for (int i = 0; i < 3'000; ++i) {
        values.push_back(noise(random));
    }
    for (std::size_t i = 2'500; i < 2'700; ++i) {
        values[i] = 0.02 * noise(random); // a level that is usual, but stands still
    }
    outlier_options options;
    options.threshold = 0.8; // sensitive
    outlier_detector judge{options};
    auto const verdicts = judged(judge, values);
    CHECK(starts(std::span{verdicts}.subspan(2'500, 200)) >= 1);
}

TEST_CASE("detect: no verdict depends on what comes later") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto values = wave(random, 2'000);
    outlier_detector judge;
    auto const before = judged(judge, values);
    for (std::size_t i = 1'000; i < values.size(); ++i) {
        values[i] = 1e6;
    }
    judge = outlier_detector{};
    auto const after = judged(judge, values);
    CHECK(std::equal(before.begin(), before.begin() + 1'000, after.begin()));
}

TEST_CASE("detect: scale and offset change no verdict") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto values = wave(random, 3'000);
    values[1'500] = 40;
    outlier_detector judge;
    auto const plain = judged(judge, values);
    CHECK(starts(plain) >= 1);
    for (double const factor : {0x1p-40, 0x1p40}) { // powers of two round as 1 does
        judge = outlier_detector{};
        CHECK(same_alerts(plain, judged(judge, multiplied(values, factor))));
    }
    for (double const factor : {1e-12, 1e12, 1e-300, 1e300}) {
        INFO(factor);
        judge = outlier_detector{};
        auto const scaled = judged(judge, multiplied(values, factor));
        CHECK(scaled[1'500].alert == plain[1'500].alert);
        CHECK(scaled[1'500].score == Approx(plain[1'500].score).epsilon(0.02));
        CHECK(starts(scaled) == starts(plain));
    }
}

TEST_CASE("detect: a flat line is normal, one different value mild, and one that lasts an alert") {
    for (double const level : {0.0, 5.0, -1e12, 1e-12}) {
        INFO(level);
        outlier_detector judge;
        auto const flat = judged(judge, std::vector<double>(5'000, level));
        CHECK(starts(flat) == 0);
        CHECK(flat.back().state == verdict_state::normal);
        CHECK(flat.back().score == 0);
        CHECK(flat.back().expected == level);
        double const other = level == 0 ? 1 : level * 1.5;
        auto single = std::vector<double>(500, level);
        single[0] = other;
        auto const mild = judged(judge, single, 5'000);
        CHECK(starts(mild) == 0);
        for (auto const& each : mild) {
            REQUIRE(each.score < 0.5);
        }
        auto const lasting = judged(judge, std::vector<double>(200, other), 5'500);
        CHECK(starts(lasting) == 1);
    }
}

TEST_CASE("detect: values that are not finite change nothing that is learned") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto const values = wave(random, 2'000);
    outlier_detector clean;
    outlier_detector holed;
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const time = std::chrono::seconds{300 * i};
        if (i % 7 == 3) {
            for (double const bad : {not_a_number, HUGE_VAL, -HUGE_VAL}) {
                auto const made = holed.update({time, bad});
                REQUIRE(is_sound(made));
                REQUIRE(made.score == 0);
                REQUIRE(made.raw_score == 0);
            }
        }
        auto const a = clean.update({time, values[i]});
        auto const b = holed.update({time, values[i]});
        REQUIRE(a == b);
    }
}

TEST_CASE("detect: the policy decides what missing values mean") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const values = wave(random, 1'000);
    auto const silent_for = [&](char const* policy, int missing) {
        outlier_options options;
        options.gaps = policy;
        outlier_detector judge{options};
        judged(judge, values);
        std::vector<verdict> made;
        for (int i = 0; i < missing; ++i) {
            made.push_back(judge.update({std::chrono::seconds{300 * (1'000 + i)}, not_a_number}));
        }
        made.push_back(judge.update(
            {std::chrono::seconds{300 * (1'000 + missing)}, values[1'000 - 288 + static_cast<std::size_t>(missing)]}));
        return made;
    };
    for (auto const& each : silent_for("ignore", 20)) {
        CHECK(each.state == verdict_state::normal);
        CHECK_FALSE(each.alert);
    }
    auto const alert = silent_for("alert", 20);
    CHECK(alert[1].state == verdict_state::normal);
    CHECK(alert[2].state == verdict_state::silent); // the third interval without a value
    CHECK(alert[2].alert.phase == alert_phase::starts);
    CHECK(alert[19].alert == alert_ref{alert[2].alert.id, alert_phase::continues});
    CHECK(alert[20].alert == alert_ref{alert[2].alert.id, alert_phase::ends});
    CHECK(alert[20].state == verdict_state::recovering);
    auto const zero = silent_for("zero", 20); // far below all that was seen
    CHECK(zero[0].alert.phase == alert_phase::starts);
    CHECK(zero[0].family == anomaly_family::outlier);
}

TEST_CASE("detect: under the policy hold the last value is taken in again") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto values = wave(random, 1'000);
    outlier_options options;
    options.gaps = "hold";
    outlier_detector holed{options};
    outlier_detector repeated{options};
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const time = std::chrono::seconds{300 * i};
        bool const is_missing = i % 10 >= 8;
        values[i] = is_missing ? values[i - 1] : values[i];
        auto const a = holed.update({time, is_missing ? not_a_number : values[i]});
        auto const b = repeated.update({time, values[i]});
        REQUIRE(a == b);
    }
}

TEST_CASE("detect: a gap between samples is told under the policy alert") {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const values = wave(random, 1'290);
    outlier_options options;
    options.gaps = "alert";
    outlier_detector judge{options};
    judged(judge, std::vector<double>(values.begin(), values.begin() + 1'000));
    auto const late = judge.update({std::chrono::seconds{300 * 1'288}, values[1'288]});
    CHECK(late.state == verdict_state::silent);
    CHECK(late.alert.phase == alert_phase::starts);
    auto const next = judge.update({std::chrono::seconds{300 * 1'289}, values[1'289]});
    CHECK(next.alert == alert_ref{late.alert.id, alert_phase::ends});
}

TEST_CASE("detect: any order of times and any values give sound verdicts") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::vector<double> const odd{0.0,
                                  -0.0,
                                  1e-308,
                                  5e-324,
                                  1e308,
                                  -1e308,
                                  std::numeric_limits<double>::max(),
                                  std::numeric_limits<double>::lowest(),
                                  HUGE_VAL,
                                  -HUGE_VAL,
                                  not_a_number,
                                  1.0,
                                  1e12};
    using limits = std::numeric_limits<std::int64_t>;
    for (int round = 0; round < 60; ++round) {
        outlier_options options;
        options.gaps = std::vector<char const*>{"ignore", "hold", "zero", "alert"}[static_cast<std::size_t>(round) % 4];
        options.lookback = 400;
        outlier_detector judge{options};
        double const share = std::uniform_real_distribution<>{0, 1}(random);
        for (int i = 0; i < 1'500; ++i) {
            bool const is_odd = std::uniform_real_distribution<>{0, 1}(random) < share;
            double const value = is_odd ? odd[std::uniform_int_distribution<std::size_t>{0, odd.size() - 1}(random)]
                                        : std::normal_distribution<>{}(random);
            std::int64_t const time =
                round % 3 == 0 ? std::uniform_int_distribution<std::int64_t>{limits::min(), limits::max()}(random)
                               : i * 1'000'000'000LL - (i % 11 == 0 ? 5'000'000'000LL : 0);
            auto const made = judge.update({std::chrono::nanoseconds{time}, value});
            REQUIRE(is_sound(made));
        }
    }
}

TEST_CASE("detect: raising the threshold never adds an alert") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto values = wave(random, 6'000);
    for (std::size_t i = 400; i < values.size(); i += 331) {
        values[i] += std::uniform_real_distribution<>{-8, 8}(random);
    }
    std::size_t before = values.size();
    for (double threshold = 0.4; threshold < 8; threshold *= 1.25) {
        outlier_options options;
        options.threshold = threshold;
        outlier_detector judge{options};
        auto const count = starts(judged(judge, values));
        CHECK(count <= before);
        before = count;
    }
}

TEST_CASE("detect: saved, loaded and continued equals uninterrupted") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto values = wave(random, 4'000);
    values[1'700] = 30;
    outlier_options options;
    options.lookback = 700;
    for (std::size_t const cut : {0U, 1U, 150U, 299U, 300U, 301U, 1'699U, 1'701U, 2'500U}) {
        INFO(cut);
        outlier_detector whole{options};
        std::vector<double> const first(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(cut));
        std::vector<double> const rest(values.begin() + static_cast<std::ptrdiff_t>(cut), values.end());
        judged(whole, first);
        std::vector<std::byte> bytes;
        state_writer out{bytes};
        whole.save(out);
        outlier_detector other{options};
        judged(other, multiplied(values, -3)); // whatever it was before
        state_reader in{bytes};
        REQUIRE_FALSE(other.load(in));
        CHECK(in.rest().empty());
        CHECK(judged(whole, rest, cut) == judged(other, rest, cut));
        std::vector<std::byte> a;
        std::vector<std::byte> b;
        state_writer out_a{a};
        state_writer out_b{b};
        whole.save(out_a);
        other.save(out_b);
        CHECK(a == b);
        CHECK(a.size() == bytes.size());
    }
}

TEST_CASE("detect: a state of other options or another kind, or a damaged one, is refused and changes nothing") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    outlier_detector judge;
    auto const values = wave(random, 1'000);
    judged(judge, values);
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    judge.save(out);
    outlier_options other;
    other.threshold = 2;
    outlier_detector unlike{other};
    state_reader in{bytes};
    CHECK(unlike.load(in) == state_error::other_options);
    CHECK_FALSE(unlike.warm());
    alert_gate gate;
    state_reader for_gate{bytes};
    CHECK(gate.load(for_gate) == state_error::foreign_state);

    outlier_detector target;
    for (int i = 0; i < 300; ++i) {
        auto damaged = bytes;
        auto const at = std::uniform_int_distribution<std::size_t>{0, bytes.size() - 1}(random);
        damaged[at] ^= static_cast<std::byte>(std::uniform_int_distribution<int>{1, 255}(random));
        state_reader from{damaged};
        REQUIRE(target.load(from));
        auto const size = std::uniform_int_distribution<std::size_t>{0, bytes.size() - 1}(random);
        state_reader cut{std::span{bytes}.first(size)};
        REQUIRE(target.load(cut) == state_error::truncated_state);
        REQUIRE_FALSE(target.warm());
    }
}

TEST_CASE("detect: a state with the right checksum and wrong numbers is refused, or read without harm") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto const values = wave(random, 600);
    for (std::size_t const seen : {200U, 600U}) {
        outlier_detector judge;
        judged(judge, std::vector<double>(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(seen)));
        std::vector<std::byte> bytes;
        state_writer out{bytes};
        judge.save(out);
        std::size_t const end = bytes.size() - sizeof(std::uint64_t);
        for (int i = 0; i < 400; ++i) {
            auto hostile = bytes;
            auto const at = std::uniform_int_distribution<std::size_t>{32, end - 8}(random);
            std::fill_n(hostile.begin() + static_cast<std::ptrdiff_t>(at), 8,
                        std::byte{0xff}); // not-a-number, the largest
            auto const sum = orfeas::stable_hash64(std::span<std::byte const>{hostile}.first(end));
            std::memcpy(hostile.data() + end, &sum, sizeof sum);
            outlier_detector target;
            state_reader in{hostile};
            if (target.load(in)) {
                CHECK_FALSE(target.warm());
                continue;
            }
            for (std::size_t k = 0; k < 400; ++k) {
                target.update({std::chrono::seconds{300 * k}, values[k]}); // the sanitizers look on
            }
        }
    }
}

TEST_CASE("detect: a detector that was reset begins anew, and no alert's identity comes twice") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    auto values = wave(random, 1'500);
    values[1'200] = 50;
    outlier_detector judge;
    auto const first = judged(judge, values);
    judge.reset();
    CHECK_FALSE(judge.warm());
    auto const second = judged(judge, values);
    REQUIRE(first.size() == second.size());
    CHECK(first[1'200].score == second[1'200].score);
    CHECK(second[1'200].alert.id > first[1'200].alert.id);
}

TEST_CASE("detect: options of an outlier detector are checked") {
    CHECK_THROWS_AS(outlier_detector{outlier_options{.threshold = -1}}, orfeas::option_error);
    CHECK_THROWS_AS(outlier_detector{outlier_options{.warm_up = 20}}, orfeas::option_error);
    CHECK_THROWS_AS(outlier_detector{outlier_options{.gaps = "guess"}}, orfeas::option_error);
    auto const read =
        orfeas::from_environment<outlier_options>({}, {"ORFEAS_OUTLIER_LOOKBACK=5000", "ORFEAS_OUTLIER_GAPS=hold"});
    CHECK(read.lookback == 5'000);
    CHECK(read.gaps == "hold");
}

TEST_CASE("detect: a gap of many lookbacks makes no known level new") {
    std::mt19937_64 random{5};
    auto const values = wave(random, 4'000);
    outlier_options options;
    options.lookback = 1'000;
    outlier_detector whole{options};
    outlier_detector interrupted{options};
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const time = std::chrono::seconds{300 * i};
        auto const gap = std::chrono::hours{i < 3'000 ? 0 : 24 * 365};
        REQUIRE(whole.update({time, values[i]}) == interrupted.update({time + gap, values[i]}));
    }
}
