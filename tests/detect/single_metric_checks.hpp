// SPDX-License-Identifier: MIT
#pragma once

#include "detect/random.hpp"
#include "detect/streams.hpp"
#include "support/catch.hpp"

#include <orfeas/core/stable_hash.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/alert_gate.hpp>
#include <orfeas/detect/concepts.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

/// What holds for every detector of one metric, whatever it looks for: `check_all`, or some of what it consists of.

namespace orfeas_test {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A daily wave with noise, one value in five minutes.
inline std::vector<double> daily_wave(std::mt19937_64& random, std::size_t size, double sigma = 0.2) {
    std::normal_distribution<> noise{0, sigma};
    std::vector<double> made;
    for (std::size_t i = 0; i < size; ++i) {
        made.push_back(10 + 3 * std::sin(static_cast<double>(i) * 6.283185307 / 288) + noise(random));
    }
    return made;
}

/// A wave of ten days with a spike, an afternoon that does not come, and a rise over two days.
inline std::vector<double> broken_wave(std::mt19937_64& random) {
    auto made = daily_wave(random, 2'880);
    made[1'300] = 30;
    for (std::size_t i = 1'500; i < 1'600; ++i) {
        made[i] = 10;
    }
    for (std::size_t i = 2'300; i < 2'880; ++i) {
        made[i] += 0.01 * static_cast<double>(i - 2'300);
    }
    return made;
}

inline std::vector<double> multiplied_by(std::vector<double> values, double factor, double offset = 0) {
    for (auto& each : values) {
        each = each * factor + offset;
    }
    return values;
}

inline bool is_sound(orfeas::detect::verdict const& v) {
    auto const in = [](double x) { return x >= 0 && x <= 1; };
    return in(v.score) && in(v.tail_probability) && in(v.confidence) && std::isfinite(v.raw_score) &&
           v.raw_score >= 0 && std::isfinite(v.expected) && std::isfinite(v.low) && std::isfinite(v.high) &&
           v.low <= v.expected && v.expected <= v.high;
}

template<class D>
std::vector<std::byte> saved(D const& judge) {
    std::vector<std::byte> bytes;
    orfeas::state_writer out{bytes};
    judge.save(out);
    return bytes;
}

/// Of a flat line no alert, and none of one different value in it.
template<class D>
void check_flat(D const& fresh) {
    for (double const level : {0.0, 5.0, -1e12, 1e-12}) {
        INFO(level);
        D judge = fresh;
        auto const flat = judged(judge, std::vector<double>(5'000, level));
        CHECK(starts(flat) == 0);
        CHECK(flat.back().state == orfeas::detect::verdict_state::normal);
        CHECK(flat.back().score == 0);
        CHECK(flat.back().expected == Approx(level));
        auto single = std::vector<double>(500, level);
        single[0] = level == 0 ? 1 : level * 1.5;
        for (auto const& each : judged(judge, single, 5'000)) {
            REQUIRE(each.score < 0.5);
            REQUIRE_FALSE(each.alert);
        }
    }
}

/// The same alerts at any scale.
template<class D>
void check_scale(D const& fresh) {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const values = broken_wave(random);
    D judge = fresh;
    auto const plain = judged(judge, values);
    REQUIRE(starts(plain) >= 1);
    for (double const factor : {0x1p-40, 0x1p40, 1e-12, 1e12, 1e-290, 1e290}) {
        INFO(factor);
        judge = fresh;
        auto const scaled = judged(judge, multiplied_by(values, factor));
        for (std::size_t i = 0; i < plain.size(); ++i) {
            REQUIRE(plain[i].alert == scaled[i].alert);
            REQUIRE(plain[i].state == scaled[i].state);
            REQUIRE(plain[i].score == Approx(scaled[i].score).margin(1e-3));
        }
    }
}

/// No verdict depends on what comes later.
template<class D>
void check_no_look_ahead(D const& fresh, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    auto values = daily_wave(random, 2'000);
    D judge = fresh;
    auto const before = judged(judge, values);
    std::fill(values.begin() + 1'000, values.end(), 1e6);
    judge = fresh;
    auto const after = judged(judge, values);
    CHECK(std::equal(before.begin(), before.begin() + 1'000, after.begin()));
    CHECK(before != after);
}

/// A value that is not finite leaves no trace.
template<class D>
void check_not_finite(D const& fresh, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    auto const values = broken_wave(random);
    D clean = fresh;
    D holed = fresh;
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const time = std::chrono::seconds{300 * i};
        auto const a = clean.update({time, values[i]});
        auto const b = holed.update({time, values[i]});
        REQUIRE(a == b);
        if (i % 7 == 3) {
            for (double const bad : {not_a_number, HUGE_VAL, -HUGE_VAL}) {
                auto const made = holed.update({time, bad});
                REQUIRE(is_sound(made));
                REQUIRE(made.score == 0);
                REQUIRE(made.raw_score == 0);
                REQUIRE(static_cast<bool>(made.alert) == a.is_anomalous());
                REQUIRE(clean.update({time, bad}) == made); // the same number of samples at the same times
            }
        }
    }
}

/// Silence is an alert under the policy for it, and holding repeats the last value.
template<class D, class Options>
void check_policies(Options options) {
    using enum orfeas::detect::verdict_state;
    using enum orfeas::detect::alert_phase;
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const values = daily_wave(random, 400);
    options.gaps = "alert";
    D judge{options};
    judged(judge, values);
    auto const at = [](std::size_t i) { return std::chrono::seconds{300 * i}; };
    CHECK(judge.update({at(400), not_a_number}).state != silent);
    judge.update({at(401), not_a_number});
    auto const first = judge.update({at(402), not_a_number});
    CHECK(first.state == silent);
    CHECK(first.alert.phase == starts);
    CHECK(judge.update({at(403), not_a_number}).alert == orfeas::detect::alert_ref{first.alert.id, continues});
    CHECK(judge.update({at(404), values[116]}).alert == orfeas::detect::alert_ref{first.alert.id, ends});
    auto const late = judge.update({at(450), values[162]}); // nothing came in between
    CHECK(late.state == silent);
    options.gaps = "hold";
    D holed{options};
    D repeated{options};
    for (std::size_t i = 0; i < values.size(); ++i) {
        bool const is_missing = i % 10 >= 8;
        double const value = values[is_missing ? i - i % 10 + 7 : i];
        auto const a = holed.update({at(i), is_missing ? not_a_number : value});
        REQUIRE(a == repeated.update({at(i), value}));
    }
}

/// Any values at any times give sound verdicts.
template<class D, class Options>
void check_any_input(Options options, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    using reals = std::numeric_limits<double>;
    std::vector<double> const odd{
        0.0,      -0.0,      1e-308,       5e-324, 1e308, -1e308, reals::max(), reals::lowest(),
        HUGE_VAL, -HUGE_VAL, not_a_number, 1.0,    1e12};
    using limits = std::numeric_limits<std::int64_t>;
    for (int round = 0; round < 48; ++round) {
        options.gaps = std::vector<char const*>{"ignore", "hold", "zero", "alert"}[static_cast<std::size_t>(round) % 4];
        D judge{options};
        double const share = std::uniform_real_distribution<>{0, 1}(random);
        for (int i = 0; i < 1'500; ++i) {
            bool const is_odd = std::uniform_real_distribution<>{0, 1}(random) < share;
            double const value = is_odd ? odd[std::uniform_int_distribution<std::size_t>{0, odd.size() - 1}(random)]
                                        : std::normal_distribution<>{}(random);
            std::int64_t const time =
                round % 3 == 0 ? std::uniform_int_distribution<std::int64_t>{limits::min(), limits::max()}(random)
                               : i * 300'000'000'000LL - (i % 11 == 0 ? 900'000'000'000LL : 0);
            REQUIRE(is_sound(judge.update({std::chrono::nanoseconds{time}, value})));
        }
        D again{options};
        auto const bytes = saved(judge);
        orfeas::state_reader in{bytes};
        REQUIRE_FALSE(again.load(in)); // whatever came, what is saved can be read
    }
}

/// The same for a detector of three metrics.
template<class D, class Options>
void check_any_input_of_several(Options options, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    std::vector<double> const odd{0.0,   -0.0,  1e-300, 5e-324, 1.7e308, -1.7e308, not_a_number, HUGE_VAL,
                                  1e300, -1e12, 1e12,   1,      2,       3,        1e-12,        7};
    auto const any = [&] { return odd[random() % odd.size()]; };
    for (char const* const policy : {"ignore", "hold", "zero", "alert"}) {
        options.gaps = policy;
        D judge{3, options};
        for (int i = 0; i < 3'000; ++i) {
            auto const time = std::chrono::seconds{static_cast<std::int64_t>(random() % 20'000)};
            std::vector<double> const values{any(), any(), any()};
            REQUIRE(is_sound(judge.update({time, values})));
        }
        REQUIRE(judge.valid());
    }
}

/// A higher threshold has no more alerts.
template<class D, class Options>
void check_threshold(Options options, std::vector<double> const& thresholds, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    auto values = broken_wave(random);
    for (std::size_t i = 400; i < values.size(); i += 131) {
        values[i] += std::uniform_real_distribution<>{-8, 8}(random);
    }
    std::size_t before = values.size();
    for (double const threshold : thresholds) {
        options.threshold = threshold;
        D judge{options};
        auto const count = starts(judged(judge, values));
        CHECK(count <= before);
        before = count;
    }
}

/// Saved, loaded and continued equals uninterrupted; what is not such a state is refused and changes nothing.
template<class D>
void check_state(D const& fresh, D const& of_other_options, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    auto const values = broken_wave(random);
    for (std::size_t const cut : {0U, 1U, 31U, 299U, 700U, 1'301U, 1'550U, 2'700U}) {
        INFO(cut);
        D whole = fresh;
        auto const middle = values.begin() + static_cast<std::ptrdiff_t>(cut);
        judged(whole, {values.begin(), middle});
        auto const bytes = saved(whole);
        D other = fresh;
        judged(other, multiplied_by(values, -3)); // whatever it was before
        orfeas::state_reader in{bytes};
        REQUIRE_FALSE(other.load(in));
        CHECK(in.rest().empty());
        std::vector<double> const rest(middle, values.end());
        CHECK(judged(whole, rest, cut) == judged(other, rest, cut));
        CHECK(saved(whole) == saved(other));
    }
    D judge = fresh;
    judged(judge, values);
    auto const bytes = saved(judge);
    D unlike = of_other_options;
    orfeas::state_reader in{bytes};
    CHECK(unlike.load(in) == orfeas::state_error::other_options);
    orfeas::detect::alert_gate gate;
    orfeas::state_reader for_gate{bytes};
    CHECK(gate.load(for_gate) == orfeas::state_error::foreign_state);
    D target = fresh;
    std::size_t const end = bytes.size() - sizeof(std::uint64_t);
    for (int i = 0; i < 200; ++i) {
        auto damaged = bytes;
        auto const at = std::uniform_int_distribution<std::size_t>{0, bytes.size() - 1}(random);
        damaged[at] ^= static_cast<std::byte>(std::uniform_int_distribution<int>{1, 255}(random));
        orfeas::state_reader from{damaged};
        REQUIRE(target.load(from));
        orfeas::state_reader cut{std::span{bytes}.first(at)};
        REQUIRE(target.load(cut) == orfeas::state_error::truncated_state);
        REQUIRE_FALSE(target.warm());
    }
    for (int i = 0; i < 200; ++i) { // wrong numbers under the right checksum: refused, or read without harm
        auto hostile = bytes;
        auto const at = std::uniform_int_distribution<std::size_t>{32, end - 8}(random);
        std::fill_n(hostile.begin() + static_cast<std::ptrdiff_t>(at), 8, std::byte{0xff});
        auto const sum = orfeas::stable_hash64(std::span<std::byte const>{hostile}.first(end));
        std::memcpy(hostile.data() + end, &sum, sizeof sum);
        D taken = fresh;
        orfeas::state_reader from{hostile};
        if (taken.load(from)) {
            CHECK_FALSE(taken.warm());
            continue;
        }
        for (std::size_t k = 0; k < 300; ++k) {
            taken.update({std::chrono::seconds{300 * k}, values[k]}); // the sanitizers look on
        }
    }
}

/// A detector that was reset begins anew; no alert's identity comes twice.
template<class D>
void check_reset(D const& fresh) {
    std::mt19937_64 random{5}; // fixed: what is told here holds for nearly every stream, not for each
    auto const values = broken_wave(random);
    D judge = fresh;
    auto const first = judged(judge, values);
    judge.reset();
    CHECK_FALSE(judge.warm());
    auto const second = judged(judge, values);
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        REQUIRE(first[i].score == second[i].score);
        REQUIRE(first[i].state == second[i].state);
        last = std::max(last, first[i].alert.id);
    }
    REQUIRE(last > 0);
    for (auto const& each : second) {
        CHECK((each.alert.id == 0 || each.alert.id > last));
    }
}

/// All of that, a section each. `thresholds` go up; where there are none, that is not looked at.
template<class D, class Options>
void check_all(Options const& options, Options const& other, std::vector<double> const& thresholds = {}) {
    auto const seed = test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    D const fresh{options};
    SECTION("flat lines") {
        check_flat(fresh);
    }
    SECTION("scale") {
        check_scale(fresh);
    }
    SECTION("what comes later") {
        check_no_look_ahead(fresh, seed);
    }
    SECTION("values that are not finite") {
        check_not_finite(fresh, seed);
    }
    SECTION("missing values") {
        check_policies<D>(options);
    }
    SECTION("any input") {
        check_any_input<D>(options, seed);
    }
    SECTION("thresholds") {
        check_threshold<D>(options, thresholds, seed);
    }
    SECTION("state") {
        check_state(fresh, D{other}, seed);
    }
    SECTION("reset") {
        check_reset(fresh);
    }
}

} // namespace orfeas_test
