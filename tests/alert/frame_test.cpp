// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/frame.hpp>

#include <chrono>
#include <cmath>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;

TEST_CASE("a frame has values of one moment", "[alert]") {
    alert::frame frame;
    auto const x = frame.add("x", {{"a", "1"}});
    CHECK(std::isnan(frame.value(x)));
    frame.begin(orfeas::wall_time{5s});
    frame.set(x, 2);
    CHECK(frame.value(x) == 2);
    frame.begin(orfeas::wall_time{6s});
    CHECK(std::isnan(frame.value(x)));
    CHECK(frame.time() == orfeas::wall_time{6s});
}

TEST_CASE("a frame takes the labels of a series in any order", "[alert]") {
    alert::frame frame;
    auto const x = frame.add("x", {{"tier", "l1"}, {"pool", "a"}, {"empty", ""}});
    CHECK(frame.about(x).labels == alert::label_set{{"pool", "a"}, {"tier", "l1"}});
}

TEST_CASE("moments do not go backwards when the machine's clock is put right by a little", "[alert]") {
    alert::frame frame;
    frame.begin(orfeas::wall_time{6s});
    frame.begin(orfeas::wall_time{5s});
    CHECK(frame.time() == orfeas::wall_time{6s});
    frame.begin(orfeas::wall_time{7s});
    CHECK(frame.time() == orfeas::wall_time{7s});
}

TEST_CASE("moments follow a clock that is set back", "[alert]") {
    alert::frame frame;
    frame.begin(orfeas::wall_time{3'600s});
    CHECK_FALSE(frame.steady_time());
    frame.begin(orfeas::wall_time{5s}, orfeas::monotonic_time{7s});
    CHECK(frame.time() == orfeas::wall_time{5s});
    CHECK(frame.steady_time() == orfeas::monotonic_time{7s});
}

TEST_CASE("a change of the series shows in the generation", "[alert]") {
    alert::frame frame;
    auto const before = frame.generation();
    frame.add("x", {});
    CHECK(frame.generation() != before);
    auto const with = frame.generation();
    frame.begin(orfeas::wall_time{1s});
    CHECK(frame.generation() == with);
    frame.clear();
    CHECK(frame.generation() != with);
    CHECK(frame.size() == 0);
}
