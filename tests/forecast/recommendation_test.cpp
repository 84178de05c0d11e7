// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/forecast/recommendation.hpp>

using namespace orfeas::forecast;

namespace {

critical_estimate filling() {
    critical_estimate made;
    made.reason = abstention::none;
    made.cleanup_advised = true;
    made.minutes = 20;
    made.low = 10;
    made.high = 32.5;
    made.confidence = 0.82;
    return made;
}

} // namespace

TEST_CASE("forecast: a recommendation carries its evidence") {
    recommendation_list all;
    all.consider("gpu_memory", filling(), 30);
    REQUIRE(all.list().size() == 1);
    auto const& each = all.list()[0];
    CHECK(each.what == advice::clean_up_memory);
    CHECK(each.metric == "gpu_memory");
    CHECK(each.value == 20);
    CHECK(each.threshold == 30);
    CHECK(each.confidence == 0.82);
    CHECK(each.sentence() ==
          "gpu_memory: minutes to the critical level 20 (10 to 32.5), against 30; clean_up_memory advised with "
          "confidence 82 %");
}

TEST_CASE("forecast: nothing is recommended without a reason") {
    recommendation_list all;
    all.consider("m", critical_estimate{}, 30);
    auto far = filling();
    far.cleanup_advised = false;
    all.consider("m", far, 30);
    all.consider("c", cache_outlook{{0.7, 0.6, 0.8, 0.8}, cache_rating::fair, false});
    all.consider("l", latency_outlook{{90, 80, 120, 0.8}, latency_rating::at_risk, 100});
    all.consider("t", trend{.direction = trend_direction::improving});
    CHECK(all.list().empty());
}

TEST_CASE("forecast: each finding has its advice, surer where the whole band is beyond") {
    recommendation_list all;
    all.consider("c", cache_outlook{{0.4, 0.3, 0.6, 0.8}, cache_rating::poor, true});
    all.consider("c", cache_outlook{{0.4, 0.3, 0.45, 0.8}, cache_rating::poor, true});
    all.consider("l", latency_outlook{{110, 80, 120, 0.8}, latency_rating::exceeding, 100});
    all.consider("l", latency_outlook{{110, 105, 120, 0.8}, latency_rating::exceeding, 100});
    all.consider("t", trend{.direction = trend_direction::degrading, .change_per_cent = 12, .confidence = 0.99});
    REQUIRE(all.list().size() == 5);
    CHECK(all.list()[0].what == advice::enlarge_cache);
    CHECK(all.list()[0].confidence == 0.5);
    CHECK(all.list()[1].confidence == 0.9);
    CHECK(all.list()[2].what == advice::add_capacity);
    CHECK(all.list()[2].confidence == 0.5);
    CHECK(all.list()[3].confidence == 0.9);
    CHECK(all.list()[4].what == advice::investigate);
    CHECK(all.list()[4].sentence() == "t: per cent change 12, against 0; investigate advised with confidence 99 %");
}

TEST_CASE("forecast: more advice than there is room for is counted") {
    recommendation_list all;
    for (int i = 0; i < 20; ++i) {
        all.consider("m", filling(), 30);
    }
    CHECK(all.list().size() == recommendation_list::capacity);
    CHECK(all.left_out() == 4);
    all.clear();
    CHECK(all.list().empty());
    CHECK(all.left_out() == 0);
}
