// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/json.hpp>
#include <orfeas/memory/recommendation.hpp>

#include <vector>

using orfeas::memory::active_measures;
using orfeas::memory::memory_advice;
using orfeas::memory::memory_advice_options;
using orfeas::memory::memory_pressure;
using orfeas::memory::memory_profile;
using orfeas::memory::recommend;
using orfeas::memory::recommendation;

namespace {

memory_profile state(memory_pressure pressure, double utilization, double fragmentation = 0) {
    memory_profile result;
    result.pressure = pressure;
    result.utilization_ratio = utilization;
    result.fragmentation_ratio = fragmentation;
    return result;
}

std::vector<memory_advice> kinds(std::vector<recommendation> const& all) {
    std::vector<memory_advice> result;
    for (auto const& each : all) {
        result.push_back(each.advice);
    }
    return result;
}

using advices = std::vector<memory_advice>;

} // namespace

TEST_CASE("memory: recommendations follow the pressure") {
    CHECK(kinds(recommend(state(memory_pressure::low, 0.3), 0)) == advices{memory_advice::all_well});
    CHECK(kinds(recommend(state(memory_pressure::medium, 0.8), 0)) == advices{memory_advice::all_well});
    CHECK(kinds(recommend(state(memory_pressure::high, 0.9), 0)) ==
          advices{memory_advice::clean_up_ahead, memory_advice::load_models_otherwise});
    CHECK(kinds(recommend(state(memory_pressure::critical, 0.97), 0)) ==
          advices{memory_advice::clean_up_now, memory_advice::smaller_batch, memory_advice::look_for_leaks});
}

TEST_CASE("memory: what is already in force is not recommended") {
    auto const pieces = state(memory_pressure::low, 0.3, 0.6);
    CHECK(kinds(recommend(pieces, 0)) == advices{memory_advice::use_pool});
    CHECK(kinds(recommend(pieces, 0, {.pool = true})) == advices{memory_advice::use_virtual_memory});
    CHECK(kinds(recommend(pieces, 0, {.pool = true, .virtual_memory = true})) == advices{memory_advice::fewer_sizes});
    CHECK(kinds(recommend(state(memory_pressure::low, 0.3, 0.5), 0)) == advices{memory_advice::all_well});
    CHECK(kinds(recommend(state(memory_pressure::high, 0.9), 0, {.cleanup_ahead = true})) ==
          advices{memory_advice::load_models_otherwise});
}

TEST_CASE("memory: too frequent cleanups are named") {
    auto const calm = state(memory_pressure::low, 0.3);
    CHECK(kinds(recommend(calm, 5)) == advices{memory_advice::all_well});
    CHECK(recommend(calm, 6) == std::vector<recommendation>{{memory_advice::fewer_cleanups, 6, 5}});
}

TEST_CASE("memory: every recommendation is a sentence of its own with its figure") {
    std::vector<std::string> seen;
    for (int i = 0; i <= static_cast<int>(memory_advice::fewer_cleanups); ++i) {
        recommendation const each{static_cast<memory_advice>(i), 0.73};
        auto const text = to_text(each);
        CHECK(text.find('%', text.find("73 %") + 4) == std::string::npos);
        CHECK_FALSE(to_string(each.advice).empty());
        for (auto const& other : seen) {
            CHECK(text != other);
        }
        seen.push_back(text);
    }
    CHECK(seen.front() == "all well: 73 % of the memory in use");
    CHECK_THAT(to_text(recommendation{memory_advice::fewer_cleanups, 9, 5}), orfeas_test::contains("9 cleanups"));
    CHECK(orfeas::to_json(recommendation{memory_advice::use_pool, 0.5, 0.25}) ==
          R"({"advice":"use_pool","figure":0.5,"mark":0.25})");
}

TEST_CASE("memory: the marks of the advice are checked and read from the environment") {
    CHECK_THROWS_WITH(orfeas::validate(memory_advice_options{.fragmentation_mark = 2}),
                      orfeas_test::contains("fragmentation_mark"));
    auto const read = orfeas::from_environment<memory_advice_options>(
        {}, orfeas::environment{"ORFEAS_RECOMMENDATION_MOST_CLEANUPS=9"});
    CHECK(read.most_cleanups == 9);
}
