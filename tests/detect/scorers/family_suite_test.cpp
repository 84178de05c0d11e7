// SPDX-License-Identifier: MIT
#include "../../../benchmarks/detect/family_suite.hpp"
#include "support/catch.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

using namespace bench::detect;

TEST_CASE("detect: a family's streams are those of their seed, with one injection a day from the fourth on") {
    for (auto const which : {family::spike, family::outlier, family::gradual, family::periodic, family::correlated}) {
        INFO(to_string(which));
        auto const one = family_streams(which, family_level::easy, 7, 2);
        auto const again = family_streams(which, family_level::easy, 7, 2);
        auto const other = family_streams(which, family_level::easy, 8, 2);
        REQUIRE(one.size() == 2);
        CHECK(one[1].metrics == again[1].metrics);
        CHECK(one[1].metrics != other[1].metrics);
        CHECK(one[0].metrics.size() == (which == family::correlated ? 6U : 1U));
        for (auto const& stream : one) {
            REQUIRE(stream.metrics[0].size() == 14 * 1'440);
            REQUIRE(stream.injections.size() == 11);
            for (std::size_t i = 0; i < 11; ++i) {
                CHECK(stream.injections[i].begin >= (3 + i) * 1'440);
                CHECK(stream.injections[i].end < (4 + i) * 1'440);
            }
        }
    }
}

TEST_CASE("detect: the noise of the families has the correlation and the deviation that are told") {
    for (std::size_t stream = 0; stream < 4; ++stream) {
        family_detail::engine random{stream};
        auto const kind = family_detail::kind_of(stream);
        auto const values = family_detail::noise(random, kind, 200'000);
        double squares = 0;
        double products = 0;
        for (std::size_t i = 1; i < values.size(); ++i) {
            squares += values[i] * values[i];
            products += values[i] * values[i - 1];
        }
        CHECK(std::sqrt(squares / 200'000) == Approx(1).margin(0.03));
        CHECK(products / squares == Approx(kind.phi).margin(0.02));
    }
}

TEST_CASE("detect: an outlier is moved by as many deviations as are told, and no other sample is") {
    auto const easy = family_streams(family::outlier, family_level::easy, 3, 2);
    auto const hard = family_streams(family::outlier, family_level::hard, 3, 2);
    for (std::size_t s = 0; s < 2; ++s) { // Gaussian, heavy tails
        std::vector<std::size_t> moved;
        for (std::size_t i = 0; i < easy[s].metrics[0].size(); ++i) {
            if (easy[s].metrics[0][i] != hard[s].metrics[0][i]) {
                moved.push_back(i);
            }
        }
        REQUIRE(moved.size() == 11);
        for (std::size_t i = 0; i < 11; ++i) {
            CHECK(easy[s].injections[i].begin == moved[i]);
            CHECK(easy[s].injections[i].end == moved[i] + 1);
        }
    }
}

TEST_CASE("detect: alerts of a family are scored by where they start") {
    std::vector<injection> const injections{{100, 104}, {200, 204}, {300, 304}};
    family_score spikes{family::spike};
    // before the first; in it, twice; in the aftermath of the second; behind that
    spikes.add(injections, std::vector<std::size_t>{99, 101, 103, 208, 209});
    CHECK(spikes.recall() == Approx(1.0 / 3));
    CHECK(spikes.false_alerts() == 2);
    CHECK(spikes.false_share() == Approx(2.0 / 3));
    CHECK(spikes.delay() == 1);
    family_score ramps{family::gradual};
    ramps.add(std::vector<injection>{{100, 300}}, std::vector<std::size_t>{150, 359});
    CHECK(ramps.recall() == 1);
    CHECK(ramps.false_share() == 0);
    CHECK(ramps.delay() == 0.25);
    family_score none{family::periodic};
    none.add(injections, {});
    CHECK(none.recall() == 0);
    CHECK(none.false_share() == 0);
    CHECK(none.delay() == 0);
}
