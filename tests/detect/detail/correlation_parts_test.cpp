// SPDX-License-Identifier: MIT
#include "detect/random.hpp"
#include "support/catch.hpp"

#include <orfeas/detect/detail/correlation_alerts.hpp>
#include <orfeas/detect/detail/correlation_blame.hpp>
#include <orfeas/detect/detail/correlation_company.hpp>
#include <orfeas/detect/detail/correlation_distance.hpp>
#include <orfeas/detect/detail/correlation_habit.hpp>
#include <orfeas/detect/detail/correlation_lanes.hpp>
#include <orfeas/detect/detail/correlation_pace.hpp>
#include <orfeas/detect/detail/correlation_regression.hpp>
#include <orfeas/detect/detail/correlation_scale.hpp>
#include <orfeas/detect/detail/vector_gap_keeper.hpp>
#include <orfeas/detect/verdict.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <vector>

using namespace orfeas::detect;
using namespace orfeas::detect::detail;
using namespace std::chrono_literals;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::vector<std::uint8_t> none(std::size_t metrics) {
    return std::vector<std::uint8_t>(metrics);
}

template<std::size_t N>
void take(correlation_scale& scale, std::array<double, N> const& values, std::vector<std::uint8_t> const& missing) {
    lanes weights(lanes_for(N));
    for (std::size_t i = 0; i < N; ++i) {
        weights[i] = missing[i] != 0 ? 0.0F : 1.0F;
    }
    scale.take(values, missing, weights);
}

void take(correlation_habit& habit, lanes const& distances, lanes const& weights) {
    auto pass = habit.next();
    for (std::size_t i = 0; i < distances.size(); i += 4) {
        pass.take(i, four_at(distances, i), four_at(weights, i));
    }
}

} // namespace

TEST_CASE("the three largest of any numbers are those of a sort", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::uniform_real_distribution<float> any{0, 10};
    for (std::size_t metrics = 1; metrics <= 45; ++metrics) {
        lanes values(lanes_for(metrics));
        for (std::size_t i = 0; i < metrics; ++i) {
            values[i] = any(random);
        }
        auto sorted = values;
        sorted.resize(std::max<std::size_t>(sorted.size(), 3));
        std::sort(sorted.begin(), sorted.end(), std::greater<>{});
        largest_three found;
        for (std::size_t i = 0; i < values.size(); i += 4) {
            found.take(four_at(values, i));
        }
        CHECK(std::abs(found.mean() - (sorted[0] + sorted[1] + sorted[2]) / 3) < 1e-5F);
    }
}

TEST_CASE("blame names the metrics that a list would name to which all parts are added", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::uniform_int_distribution<int> any{0, 12}; // many are equal, some are 0
    for (std::size_t metrics = 1; metrics <= 70; ++metrics) {
        lanes parts(lanes_for(metrics));
        for (std::size_t i = 0; i < metrics; ++i) {
            parts[i] = static_cast<float>(any(random));
        }
        parts[0] += 1;
        blame_list made;
        correlation_blame::name(made, parts);
        blame_list plain;
        float sum = 0;
        for (float const each : parts) {
            sum += each;
        }
        for (std::size_t i = 0; i < metrics; ++i) {
            if (parts[i] > 0) {
                plain.add(static_cast<std::uint32_t>(i), parts[i] / sum);
            }
        }
        REQUIRE(made.count == plain.count);
        for (std::size_t i = 0; i < made.count; ++i) {
            REQUIRE(made.shares[i].metric == plain.shares[i].metric);
            REQUIRE(std::abs(made.shares[i].share - plain.shares[i].share) < 1e-6F);
        }
    }
    blame_list none_named;
    correlation_blame::name(none_named, lanes(16));
    CHECK(none_named.count == 0);
}

TEST_CASE("products are added to a matrix, and squares of samples to its lower triangle", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::uniform_int_distribution<int> any{-9, 9}; // exact in a float
    for (std::size_t const size : {4U, 8U, 20U}) {
        lanes samples(3 * size);
        for (float& each : samples) {
            each = static_cast<float>(any(random));
        }
        lanes const row(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(size));
        lanes const column(samples.end() - static_cast<std::ptrdiff_t>(size), samples.end());
        lanes products = diagonal_lanes(size, 5);
        lanes squares = diagonal_lanes(size, 5);
        add_products(products, column, row);
        add_squares(squares, size, samples);
        for (std::size_t j = 0; j < size; ++j) {
            for (std::size_t i = 0; i < size; ++i) {
                float const before = i == j ? 5.0F : 0.0F;
                float sum = before;
                for (std::size_t at = 0; at < samples.size(); at += size) {
                    sum += samples[at + i] * samples[at + j];
                }
                REQUIRE(products[j * size + i] == before + column[i] * row[j]);
                REQUIRE((i < j || squares[j * size + i] == sum));
            }
        }
    }
}

TEST_CASE("a pace learns every sample at first and every fourth later", "[detect]") {
    correlation_pace pace;
    std::size_t due = 0;
    for (int i = 0; i < 32'000; ++i) {
        due += pace.is_due() ? 1U : 0U;
    }
    CHECK(due == 32'000);
    for (int i = 0; i < 8'000; ++i) {
        due += pace.is_due() ? 1U : 0U;
    }
    CHECK(due < 34'600);
    CHECK(pace.stride() == 4);
}

TEST_CASE("a scale gives the same numbers for values in any unit", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::normal_distribution<> noise;
    correlation_scale plain{1, 1'000};
    correlation_scale scaled{1, 1'000};
    for (int i = 0; i < 3'000; ++i) {
        double const value = noise(random);
        take(plain, std::array{value}, none(1));
        take(scaled, std::array{value * 0x1p40}, none(1)); // a power of two: bit for bit
        REQUIRE(plain.standard()[0] == scaled.standard()[0]);
    }
    CHECK(std::abs(plain.level(0)) < 0.2);
    CHECK(plain.range(0) > 5);
}

TEST_CASE("a scale learns nothing of a missing metric", "[detect]") {
    correlation_scale scale{2, 1'000};
    for (int i = 0; i < 500; ++i) {
        take(scale, std::array{static_cast<double>(i % 7), static_cast<double>(i % 5)}, none(2));
    }
    double const level = scale.level(1);
    double const range = scale.range(1);
    std::vector<std::uint8_t> const second_is_missing{0, 1};
    for (int i = 0; i < 500; ++i) {
        take(scale, std::array{static_cast<double>(i % 7), 1e6}, second_is_missing);
        REQUIRE(scale.standard()[1] == 0);
    }
    CHECK(scale.level(1) == level);
    CHECK(scale.range(1) == range);
}

TEST_CASE("one different value of a flat metric counts little", "[detect]") {
    correlation_scale flat{1, 1'000};
    correlation_scale lively{1, 1'000};
    for (int i = 0; i < 5'000; ++i) {
        take(flat, std::array{3.0}, none(1));
        take(lively, std::array{3.0 + i % 2 * 0.01}, none(1));
    }
    take(flat, std::array{4.0}, none(1));
    take(lively, std::array{4.0}, none(1));
    CHECK(flat.off()[0] <= 0.3F);
    CHECK(lively.off()[0] > 0.9F);
}

TEST_CASE("a habit finds what a metric exceeds once in 200 samples", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::uniform_real_distribution<float> any{0, 1};
    correlation_habit habit{1, 2'000};
    lanes const weights(4, 1.0F);
    for (int i = 0; i < 40'000; ++i) {
        take(habit, lanes{any(random), 0, 0, 0}, weights);
    }
    CHECK(habit.rare(0) > 0.97F);
    CHECK(habit.rare(0) < 1.06F);
    take(habit, lanes{2 * habit.rare(0), 0, 0, 0}, weights);
    CHECK(std::abs(habit.surprise()[0] - 2) < 0.1F);
}

TEST_CASE("a habit counts by weight, and follows ranges that grow", "[detect]") {
    correlation_habit habit{1, 2'000};
    lanes const present(4, 1.0F);
    for (int i = 0; i < 2'000; ++i) {
        take(habit, lanes{static_cast<float>(i % 10) * 0.1F, 0, 0, 0}, present);
    }
    float const rare = habit.rare(0);
    for (int i = 0; i < 2'000; ++i) {
        take(habit, lanes(4), lanes(4));
    }
    CHECK(habit.rare(0) == rare);
    habit.rescale(lanes(4, 0.5F));
    CHECK(habit.rare(0) == rare / 2);
}

TEST_CASE("a distance is large across what usually goes together, and small along it", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::normal_distribution<float> noise;
    correlation_distance distance{3, 5'000};
    double sum = 0;
    for (int i = 0; i < 6'000; ++i) {
        float const common = noise(random);
        lanes const sample{common, common + 0.2F * noise(random), noise(random), 0};
        float const found = distance.take(sample);
        sum += i >= 5'000 ? static_cast<double>(found * found) : 0;
    }
    // 1 but for the ridge, which takes its share of the direction that varies least: 0.82, give or take 0.022 by chance
    CHECK(sum / 1'000 > 0.7);
    CHECK(sum / 1'000 < 0.95);
    float const along = distance.take(lanes{2, 2, 0, 0});
    float const across = distance.take(lanes{2, -2, 0, 0});
    CHECK(across > 4 * along);
    CHECK(distance.whitened()[0] > 0);
    CHECK(distance.whitened()[1] < 0);
}

TEST_CASE("a distance says how far each number is from what the others say of it", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::normal_distribution<float> noise;
    correlation_distance distance{3, 5'000};
    auto const draw = [&] {
        float const common = noise(random);
        return lanes{common + 0.5F * noise(random), common + 0.5F * noise(random), common + 0.5F * noise(random), 0};
    };
    for (int i = 0; i < 6'000; ++i) {
        distance.take(draw());
    }
    double squares = 0;
    for (int i = 0; i < 1'000; ++i) {
        distance.take(draw());
        double const own = static_cast<double>(distance.whitened()[1] * distance.per_deviation()[1]);
        squares += own * own;
    }
    CHECK(std::abs(squares / 1'000 - 1) < 0.2);
    distance.take(lanes{0, 1, 1, 0}); // 0 is missing: the others say 0.9 of it
    distance.leave_out(0);
    CHECK(std::abs(distance.whitened()[0]) < 1e-3F);
    CHECK(std::abs(distance.whitened()[1] - distance.whitened()[2]) < 0.2F);
    CHECK(std::abs(distance.whitened()[1]) < 0.75F); // 1 / (1.25 + 1) of two alone
}

TEST_CASE("a metric that leaves its company for some samples is told of, less while it lasts", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::normal_distribution<float> noise;
    lanes const weights(4, 1.0F);
    constexpr int rounds = 8; // one alone may be told late
    int soon = 0;
    int late = 0;
    int blamed_rightly = 0;
    for (int round = 0; round < rounds; ++round) {
        correlation_company company{4, 5'000};
        auto const take = [&](bool has_left) {
            float const common = noise(random);
            lanes errors(4);
            for (std::size_t i = 0; i < 4; ++i) {
                errors[i] = (has_left && i == 2 ? noise(random) : common) + 0.2F * noise(random);
            }
            return company.take(errors, weights, true);
        };
        float usual = 0;
        for (int i = 0; i < 6'000; ++i) {
            float const found = take(false);
            usual = i >= 1'000 && found > usual ? found : usual;
        }
        CHECK(usual < 10);
        std::ptrdiff_t blamed = -1;
        for (int i = 0; i < 120; ++i) {
            bool const is_told = take(true) >= 10;
            auto const& parts = company.parts();
            blamed = is_told && blamed < 0 ? std::max_element(parts.begin(), parts.end()) - parts.begin() : blamed;
            soon += is_told && i < 20 ? 1 : 0;
            late += is_told && i >= 100 ? 1 : 0;
        }
        blamed_rightly += blamed == 2 ? 1 : 0;
    }
    CHECK(blamed_rightly >= rounds - 1); // by the first sample that is told of
    CHECK(soon >= 5 * rounds);
    CHECK(late < soon);
}

TEST_CASE("a burst of a metric is not what leaving its company is, nor has a single metric company", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::normal_distribution<float> noise;
    correlation_company company{2, 5'000};
    correlation_company alone{1, 5'000};
    float most = 0;
    for (int i = 0; i < 6'000; ++i) {
        float const common = noise(random);
        float const burst = i > 1'000 && i % 500 == 0 ? 20.0F : 0.0F;
        lanes const errors{common + 0.3F * noise(random) + burst, common + 0.3F * noise(random), 0, 0};
        most = std::max(most, company.take(errors, lanes{1, 1, 0, 0}, true));
        REQUIRE(alone.take(lanes{burst, 0, 0, 0}, lanes{1, 0, 0, 0}, true) == 0);
    }
    CHECK(most < 10);
}

TEST_CASE("a metric that is missing has not left its company, nor have those that it belongs to", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::normal_distribution<float> noise;
    correlation_company company{4, 5'000};
    float most = 0;
    for (int i = 0; i < 6'000; ++i) {
        bool const is_missing = i >= 5'000 && i < 5'200;
        float const common = noise(random);
        lanes errors(4);
        for (std::size_t m = 0; m < 4; ++m) {
            errors[m] = is_missing && m == 1 ? 0 : common + 0.2F * noise(random);
        }
        float const found = company.take(errors, lanes{1, is_missing ? 0.0F : 1.0F, 1, 1}, !is_missing);
        most = i >= 1'000 && found > most ? found : most;
        REQUIRE((!is_missing || company.surprise()[1] == 0));
    }
    CHECK(most < 10);
}

TEST_CASE("a regression learns what each metric follows from, as least squares do", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::normal_distribution<float> noise;
    correlation_regression regression{2, 5'000};
    lanes const present{1, 1, 0, 0};
    lanes const limits(4, 100.0F);
    float a = 0;
    float b = 0;
    double error = 0;
    for (int i = 0; i < 6'000; ++i) {
        float const next_a = 0.9F * a + 0.1F * noise(random);
        float const next_b = 0.5F * a - 0.3F * b + 0.1F * noise(random);
        a = next_a;
        b = next_b;
        regression.judge(lanes{a, b, 0, 0}, present);
        error += i >= 5'000 ? std::abs(static_cast<double>(regression.error()[1])) : 0;
        regression.learn(lanes{a, b, 0, 0}, limits);
    }
    CHECK(error / 1'000 < 0.088);               // 0.08 is the mean distance of the noise
    auto const after = [&](lanes const& last) { // what is expected then; nothing is learned of it
        regression.learn(last, lanes(4));
        regression.judge(lanes(4), present);
        return regression.expected();
    };
    auto const of_a = after({1, 0, 0, 0});
    CHECK(of_a[0] == Approx(0.9).margin(0.15));
    CHECK(of_a[1] == Approx(0.5).margin(0.15));
    auto const of_b = after({0, 1, 0, 0});
    CHECK(of_b[0] == Approx(0).margin(0.15));
    CHECK(of_b[1] == Approx(-0.2).margin(0.17)); // -0.3 in truth: slow to believe
}

TEST_CASE("a regression expects nothing of what follows a gap", "[detect]") {
    correlation_regression regression{1, 1'000};
    lanes const present{1, 0, 0, 0};
    lanes const limits(4, 1.0F);
    for (int i = 0; i < 100; ++i) {
        regression.judge(lanes{1, 0, 0, 0}, present);
        regression.learn(lanes{1, 0, 0, 0}, limits);
    }
    regression.interrupt();
    regression.judge(lanes{5, 0, 0, 0}, present);
    CHECK(regression.error()[0] == 0);
    regression.learn(lanes{5, 0, 0, 0}, limits);
    regression.judge(lanes{5, 0, 0, 0}, lanes(4));
    CHECK(regression.error()[0] == 0); // missing
}

TEST_CASE("raising the threshold of an alert never adds one", "[detect]") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    std::exponential_distribution<> any{0.5};
    std::vector<double> scores(20'000);
    for (auto& each : scores) {
        each = any(random);
    }
    std::size_t before = scores.size();
    for (double const threshold : {2.0, 4.0, 6.0, 9.0, 14.0, 20.0}) {
        correlation_alerts alerts{threshold, 500};
        std::size_t started = 0;
        for (double const each : scores) {
            auto const made = alerts.update(each, 1e-3);
            started += made.alert.phase == alert_phase::starts ? 1U : 0U;
            REQUIRE((made.score >= 0.5) == (made.state == verdict_state::anomalous && each >= threshold));
        }
        CHECK(started <= before);
        before = started;
    }
    CHECK(before < 10);
}

TEST_CASE("an alert that lasts ends, and what lasts is no alert again until it has calmed down", "[detect]") {
    correlation_alerts alerts{5, 500};
    for (int i = 0; i < 3'000; ++i) {
        alerts.update(1 + i % 10 * 0.1, 1e-3);
    }
    CHECK(alerts.update(50, 1e-3).alert == alert_ref{1, alert_phase::starts});
    bool has_ended = false;
    for (int i = 0; i < 1'600; ++i) {
        has_ended = has_ended || alerts.update(50, 1e-3).alert.phase == alert_phase::ends;
    }
    CHECK(has_ended);
}

TEST_CASE("values that are missing are held, counted as zero or left out", "[detect]") {
    auto const admitted = [](gap_policy policy) {
        vector_gap_keeper gaps{2, policy, 1s, 3};
        gaps.admit({0s, std::array{1.0, 2.0}});
        auto const step = gaps.admit({1s, std::array{not_a_number, 3.0}});
        return std::tuple{step.present, gaps.values()[0], gaps.missing()[0] != 0};
    };
    CHECK(admitted(gap_policy::ignore) == std::tuple{std::size_t{1}, 1.0, true});
    CHECK(admitted(gap_policy::alert) == std::tuple{std::size_t{1}, 1.0, true});
    CHECK(admitted(gap_policy::hold) == std::tuple{std::size_t{2}, 1.0, false});
    CHECK(admitted(gap_policy::zero) == std::tuple{std::size_t{2}, 0.0, false});
}

TEST_CASE("samples that did not come are filled in where something stands for them", "[detect]") {
    auto const after_gap = [](gap_policy policy, std::chrono::seconds gap) {
        vector_gap_keeper gaps{1, policy, 1s, 3};
        gaps.admit({0s, std::array{7.0}});
        auto const step = gaps.admit({gap, std::array{8.0}});
        return std::tuple{step.fill, gaps.filling()[0], step.is_interrupted, step.is_silent};
    };
    CHECK(after_gap(gap_policy::ignore, 10s) == std::tuple{0U, 0.0, true, false});
    CHECK(after_gap(gap_policy::alert, 10s) == std::tuple{0U, 0.0, true, true});
    CHECK(std::get<1>(after_gap(gap_policy::hold, 10s)) == 7);
    CHECK(std::get<0>(after_gap(gap_policy::hold, 10s)) == 9);
    CHECK(std::get<0>(after_gap(gap_policy::zero, 10'000s)) == vector_gap_keeper::most_filled);
    CHECK(std::get<0>(after_gap(gap_policy::hold, 2s)) == 0);
}
