// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/detect/verdict.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

using namespace orfeas::detect;

TEST_CASE("detect: a new verdict says nothing") {
    verdict const made;
    CHECK(made.state == verdict_state::warming);
    CHECK_FALSE(made.is_anomalous());
    CHECK_FALSE(made.alert);
    CHECK(made.tail_probability == 1);
    CHECK(made.blame.list().empty());
    CHECK(made == verdict{});
    CHECK(std::is_trivially_copyable_v<verdict>);
}

TEST_CASE("detect: blame keeps the largest shares in their order") {
    blame_list blame;
    blame.add(3, 0);
    blame.add(4, -1);
    blame.add(5, std::numeric_limits<float>::quiet_NaN());
    CHECK(blame.count == 0);
    for (std::uint32_t metric = 0; metric < 20; ++metric) {
        blame.add(metric, static_cast<float>((metric * 7) % 20 + 1));
    }
    REQUIRE(blame.list().size() == blame_list::capacity);
    for (std::size_t i = 0; i < blame.list().size(); ++i) {
        CHECK(blame.list()[i].share == static_cast<float>(20 - i));
        CHECK(blame.list()[i].metric * 7 % 20 + 1 == 20 - i);
    }
}

TEST_CASE("detect: a score is half exactly at the boundary, and monotone") {
    for (double const boundary : {1e-12, 0.3, 1.6, 7.0, 1e12}) {
        CHECK(score_of(boundary, boundary) == 0.5);
        CHECK(score_of(0, boundary) == 0);
        CHECK(score_of(-1, boundary) == 0);
        CHECK(score_of(std::nextafter(boundary, 0.0), boundary) <= 0.5);
        CHECK(score_of(boundary * 2, boundary) == Approx(2.0 / 3));
        CHECK(score_of(std::numeric_limits<double>::max(), boundary) == 1);
        double before = 0;
        for (double value = boundary / 64; value < boundary * 64; value *= 1.1) {
            CHECK(score_of(value, boundary) > before);
            before = score_of(value, boundary);
        }
    }
}

TEST_CASE("detect: states, families and phases have names") {
    CHECK(to_string(verdict_state::silent) == "silent");
    CHECK(to_string(verdict_state::recovering) == "recovering");
    CHECK(to_string(anomaly_family::outlier) == "outlier");
    CHECK(to_string(anomaly_family::none) == "none");
    CHECK(to_string(alert_phase::starts) == "starts");
}
