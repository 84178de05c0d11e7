// SPDX-License-Identifier: MIT
#include "../../benchmarks/memory/batch_simulation.hpp"
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/memory/batch_advisor.hpp>

#include <cstdint>
#include <limits>
#include <vector>

using namespace orfeas::literals;
using orfeas::memory::batch_advice;
using orfeas::memory::batch_advisor;
using orfeas::memory::batch_advisor_options;
using orfeas::memory::batch_for_pressure;
using orfeas::memory::memory_cost_model;
using orfeas::memory::memory_pressure;

namespace {

struct outcome {
    std::vector<std::uint32_t> probes;
    int ooms = 0;
    batch_advice advice;
};

/// Searches on `peak(batch)`, a step failing above the limit.
template<class Peak>
outcome search(batch_advisor_options const& options, Peak peak) {
    batch_advisor advisor{options};
    outcome result;
    while (auto const batch = advisor.next_probe()) {
        result.probes.push_back(*batch);
        std::uint64_t const bytes = peak(*batch);
        if (bytes > options.limit_bytes) {
            ++result.ooms;
            advisor.observe_out_of_memory(*batch);
        } else {
            advisor.observe(*batch, bytes);
        }
        REQUIRE(result.probes.size() <= options.most_probes);
    }
    result.advice = advisor.result().value();
    return result;
}

} // namespace

TEST_CASE("memory: the batch for a pressure is doubled, kept, halved or quartered, at least 1, at most the cap") {
    CHECK(batch_for_pressure(memory_pressure::low) == 64);
    CHECK(batch_for_pressure(memory_pressure::medium) == 32);
    CHECK(batch_for_pressure(memory_pressure::high) == 16);
    CHECK(batch_for_pressure(memory_pressure::critical) == 8);
    CHECK(batch_for_pressure(memory_pressure::low, 32, 48) == 48);
    CHECK(batch_for_pressure(memory_pressure::medium, 32, 20) == 20);
    CHECK(batch_for_pressure(memory_pressure::critical, 3) == 1);
    CHECK(batch_for_pressure(memory_pressure::critical, 0) == 1);
    CHECK(batch_for_pressure(memory_pressure::low, 32, 0) == 1);
    CHECK(batch_for_pressure(memory_pressure::low, std::numeric_limits<std::uint32_t>::max()) ==
          std::numeric_limits<std::uint32_t>::max());
    static_assert(batch_for_pressure(memory_pressure::high, 7) == 3);
}

TEST_CASE("memory: the largest batch on a line is found exactly") {
    auto const peak = [](std::uint32_t batch) { return 10_GiB + batch * 300_MiB; };
    auto const found = search({.limit_bytes = 40_GiB, .resident_bytes = 9_GiB, .noise = 0, .granule_bytes = 0}, peak);
    CHECK(found.ooms == 0);
    CHECK(found.advice.batch == 102);
    CHECK(found.advice.cost.bytes_per_sample > 299.0 * 1024 * 1024);
    CHECK(found.advice.cost.bytes_per_sample < 301.0 * 1024 * 1024);
    CHECK(found.advice.predicted_bytes > peak(102) - 20_MiB);
    CHECK(found.advice.predicted_bytes < peak(102) + 20_MiB);
    CHECK(found.advice.margin_bytes < 300_MiB);
    CHECK(memory_cost_model{.fixed_bytes = 5, .bytes_per_sample = 2}.peak_bytes(10) == 25);
}

TEST_CASE("memory: simulated models: three probes, no OOM, within a step of the optimum") {
    for (double const noise : {0.0, 0.03}) {
        int within = 0;
        for (std::uint64_t seed = 1; seed <= 300; ++seed) {
            auto const score = foresight::search_batch(foresight::simulated_model{seed}, seed, noise, true);
            INFO("seed " << seed << ", found " << score.found << " of " << score.optimum);
            CHECK(score.probes <= 3);
            CHECK(score.ooms == 0);
            CHECK_FALSE(score.overshoot());
            within += (noise == 0 ? score.within_one() : score.within_step()) ? 1 : 0;
        }
        CHECK(within >= 285);
    }
}

TEST_CASE("memory: without the resident bytes the search is careful, never wrong") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        auto const score = foresight::search_batch(foresight::simulated_model{seed}, seed, 0.03, false);
        CHECK(score.ooms == 0);
        CHECK_FALSE(score.overshoot());
        CHECK(score.found >= 1);
    }
}

TEST_CASE("memory: where the curve bends upward, only a batch that ran is advised") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 200; ++i) {
        double const bend = std::uniform_real_distribution<>{0.1, 5}(random);
        auto const peak = [&](std::uint32_t batch) {
            return 1_GiB + batch * 10_MiB + static_cast<std::uint64_t>(bend * batch * batch * 1024 * 1024);
        };
        auto const found = search({.limit_bytes = 16_GiB, .resident_bytes = 1_GiB, .most_probes = 8}, peak);
        INFO("bend " << bend << ", found " << found.advice.batch);
        CHECK(peak(found.advice.batch) <= 16_GiB);
        CHECK(peak(found.advice.batch * 2 + 2) > 16_GiB);
    }
}

TEST_CASE("memory: after an OOM the search goes back, down to nothing when nothing fits") {
    auto const none = search({.limit_bytes = 1_GiB, .first_batch = 8, .most_probes = 8},
                             [](std::uint32_t) -> std::uint64_t { return 2_GiB; });
    CHECK(none.probes == std::vector<std::uint32_t>{8, 4, 2, 1});
    CHECK(none.advice.batch == 0);
    auto const few = search({.limit_bytes = 1_GiB, .first_batch = 8, .most_probes = 4},
                            [](std::uint32_t batch) { return batch * 300_MiB; });
    CHECK(few.advice.batch >= 2);
    CHECK(few.advice.batch <= 3);
    batch_advisor taken{{.limit_bytes = 1_GiB}};
    taken.observe(4, 100_MiB);
    taken.observe_out_of_memory(2); // somebody else took the memory
    CHECK(taken.result()->batch == 0);
    taken.observe(8, 100_MiB); // larger than one that failed: not believed
    CHECK(taken.result()->batch == 0);
}

TEST_CASE("memory: a batch is adjusted to the pressure, never above the one found") {
    batch_advisor advisor{{.limit_bytes = 10_GiB, .noise = 0, .granule_bytes = 0}};
    CHECK_FALSE(advisor.result().has_value());
    CHECK_FALSE(advisor.adjusted(memory_pressure::low).has_value());
    advisor.observe(1, 1_GiB);
    advisor.observe(10, 10_GiB);
    CHECK(advisor.adjusted(memory_pressure::low) == 10U);
    CHECK(advisor.adjusted(memory_pressure::medium) == 10U);
    CHECK(advisor.adjusted(memory_pressure::high) == 5U);
    CHECK(advisor.adjusted(memory_pressure::critical) == 2U);
    CHECK_THAT(orfeas::to_json(*advisor.result()), orfeas_test::contains(R"("batch":10)"));
}

TEST_CASE("memory: an advisor takes more measurements than it asks for") {
    batch_advisor advisor{{.limit_bytes = 100_GiB, .resident_bytes = 1_GiB}};
    for (std::uint32_t batch = 1; batch <= 20; ++batch) {
        advisor.observe(batch, 1_GiB + batch * 1_GiB);
        advisor.observe(batch, 1_GiB + batch * 1_GiB); // again
    }
    CHECK_FALSE(advisor.next_probe().has_value());
    CHECK(advisor.result()->batch > 85);
    CHECK(advisor.result()->batch <= 99);
}

TEST_CASE("memory: the options of a batch advisor are checked and read from the environment") {
    CHECK_THROWS_WITH(batch_advisor{{}}, orfeas_test::contains("limit_bytes"));
    CHECK_THROWS_WITH((batch_advisor{{.limit_bytes = 1, .first_batch = 9, .most_batch = 8}}),
                      orfeas_test::contains("first_batch"));
    auto const read = orfeas::from_environment<batch_advisor_options>(
        {}, orfeas::environment{"ORFEAS_BATCH_ADVISOR_LIMIT_BYTES=8GiB"});
    CHECK(read.limit_bytes == 8_GiB);
}
