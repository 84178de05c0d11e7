// SPDX-License-Identifier: MIT
#include "../../benchmarks/memory/cleanup_simulation.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/memory/cleanup_prediction.hpp>

#include <cstdint>

using namespace orfeas::literals;
using orfeas::memory::cleanup_marks;
using orfeas::memory::cleanup_reason;
using orfeas::memory::memory_outlook;
using orfeas::memory::memory_pressure;
using orfeas::memory::memory_profile;
using orfeas::memory::peak_forecast;
using orfeas::memory::predict_cleanup_need;

namespace {

/// 100 MiB in all.
memory_profile profile(std::uint64_t allocated, std::uint64_t reserved, double fragmentation = 0) {
    memory_profile result;
    result.total_bytes = 100_MiB;
    result.allocated_bytes = allocated;
    result.reserved_bytes = reserved;
    result.free_bytes = 100_MiB - allocated;
    result.fragmentation_ratio = fragmentation;
    result.utilization_ratio = static_cast<double>(allocated) / static_cast<double>(100_MiB);
    return result;
}

} // namespace

TEST_CASE("memory: without a forecast, rising use, fragments and critical pressure call for a cleanup") {
    auto const quiet = predict_cleanup_need(profile(60_MiB, 60_MiB));
    CHECK_FALSE(quiet.should);
    CHECK(quiet.reason == cleanup_reason::none);
    CHECK(predict_cleanup_need(profile(71_MiB, 80_MiB)).reason == cleanup_reason::none);
    CHECK(predict_cleanup_need(profile(71_MiB, 80_MiB), {.rising = true}).reason == cleanup_reason::rising);
    CHECK(predict_cleanup_need(profile(69_MiB, 80_MiB), {.rising = true}).reason == cleanup_reason::none);
    CHECK(predict_cleanup_need(profile(10_MiB, 80_MiB, 0.31)).reason == cleanup_reason::fragmented);
    CHECK(predict_cleanup_need(profile(10_MiB, 80_MiB, 0.30)).reason == cleanup_reason::none);
    auto critical = profile(96_MiB, 98_MiB);
    critical.pressure = memory_pressure::critical;
    CHECK(predict_cleanup_need(critical).reason == cleanup_reason::pressure_critical);
    CHECK(predict_cleanup_need(profile(61_MiB, 80_MiB), {.rising = true}, {.utilization_mark = 0.6}).should);
}

TEST_CASE("memory: with a forecast, what the next step needs decides") {
    auto const fits = profile(40_MiB, 50_MiB, 0.5);
    memory_outlook outlook{.steps = 100, .upper_bytes = 80_MiB, .reclaimable_bytes = 10_MiB};
    CHECK_FALSE(predict_cleanup_need(fits, outlook).should); // 80 + 10 + 5 of 100
    outlook.upper_bytes = 83_MiB;
    auto const over = predict_cleanup_need(fits, outlook);
    CHECK(over.reason == cleanup_reason::forecast_over_mark);
    CHECK(over.needed_bytes == 98_MiB);
    CHECK(over.gain_bytes == 20_MiB);
    outlook.reclaimable_bytes = 1_MiB;
    outlook.upper_bytes = 92_MiB;
    CHECK(predict_cleanup_need(fits, outlook).reason == cleanup_reason::fragmented);
}

TEST_CASE("memory: a cleanup that has nothing to give back is not advised ahead") {
    memory_outlook const outlook{.steps = 100, .upper_bytes = 99_MiB};
    CHECK_FALSE(predict_cleanup_need(profile(90_MiB, 90_MiB), outlook).should);
    CHECK_FALSE(predict_cleanup_need(profile(90_MiB, 90_MiB), outlook, {.least_gain = 0}).should);
}

TEST_CASE("memory: a cleanup begins before memory ends") {
    memory_outlook outlook{.steps = 100,
                           .upper_bytes = 50_MiB,
                           .reclaimable_bytes = 10_MiB,
                           .seconds_to_exhaustion = 3.9,
                           .cleanup_seconds = 1};
    CHECK(predict_cleanup_need(profile(50_MiB, 50_MiB), outlook).reason == cleanup_reason::exhaustion_near);
    outlook.seconds_to_exhaustion = 4.1;
    CHECK_FALSE(predict_cleanup_need(profile(50_MiB, 50_MiB), outlook).should);
}

TEST_CASE("memory: an outlook is made of a forecast") {
    peak_forecast forecast;
    for (std::uint64_t step = 0; step < 60; ++step) {
        forecast.observe(50_MiB + step * 100_KiB);
    }
    auto const outlook = outlook_of(forecast, profile(50_MiB, 50_MiB), 10_MiB, 0.5, 2);
    CHECK(outlook.steps == 60);
    CHECK(outlook.rising);
    CHECK(outlook.reclaimable_bytes == 10_MiB);
    CHECK(outlook.cleanup_seconds == 2);
    REQUIRE(outlook.seconds_to_exhaustion.has_value());
    CHECK(*outlook.seconds_to_exhaustion > 165); // 34 MiB at 100 KiB a step of half a second
    CHECK(*outlook.seconds_to_exhaustion < 185);
}

TEST_CASE("memory: a prediction is a sentence and speaks JSON") {
    CHECK(to_text(predict_cleanup_need(profile(60_MiB, 60_MiB))) == "no cleanup needed: 60 % of 100 MiB in use");
    CHECK(to_text(predict_cleanup_need(profile(75_MiB, 80_MiB), {.rising = true})) ==
          "clean up: 75 % in use, and rising; up to 5 MiB to gain");
    auto const over = predict_cleanup_need(profile(40_MiB, 50_MiB), {.steps = 9, .upper_bytes = 98_MiB});
    CHECK(to_text(over) == "clean up: the next step may need 98 MiB of 100 MiB; up to 10 MiB to gain");
    CHECK_THAT(orfeas::to_json(over), orfeas_test::contains(R"("reason":"forecast_over_mark")"));
    CHECK_THAT(to_text(predict_cleanup_need(profile(40_MiB, 50_MiB, 0.4))), orfeas_test::contains("40 % of the kept"));
}

TEST_CASE("memory: the marks of a cleanup are checked and read from the environment") {
    CHECK_THROWS_WITH(orfeas::validate(cleanup_marks{.forecast_mark = 2}), orfeas_test::contains("forecast_mark"));
    auto const read = orfeas::from_environment<cleanup_marks>({}, orfeas::environment{"ORFEAS_CLEANUP_LEAD_FACTOR=6"});
    CHECK(read.lead_factor == 6);
}

TEST_CASE("memory: decisions avoid the OOMs that can be known ahead, and few cleanups are needless") {
    foresight::cleanup_score score;
    for (auto const kind : foresight::kinds) {
        for (std::uint64_t seed = 1; seed <= 12; ++seed) {
            score += foresight::judge_cleanups(kind, seed);
        }
    }
    INFO("threats " << score.threats << ", failures " << score.failures << ", cleanups " << score.cleanups
                    << ", needless " << score.needless);
    CHECK(score.threats > 1000);
    CHECK(score.avoided() >= 0.99);
    CHECK(score.needless_share() <= 0.02);
}
