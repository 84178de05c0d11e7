// SPDX-License-Identifier: MIT
#include "detect/limit_detector.hpp"
#include "detect/streams.hpp"
#include "support/catch.hpp"

#include <orfeas/detect/detector_list.hpp>
#include <orfeas/detect/pipeline.hpp>

#include <random>
#include <stdexcept>
#include <string>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;
using orfeas_test::judged;
using orfeas_test::limit_detector;

namespace {

detector_list list_of(std::vector<std::string> const& names) {
    detector_list made;
    double limit = 10;
    for (auto const& each : names) {
        made.add(each, limit_detector{limit, 2});
        limit *= 2;
    }
    return made;
}

} // namespace

TEST_CASE("detect: a list says what a pipeline of the same detectors says") {
    auto list = list_of({"low", "high"});
    pipeline fixed{limit_detector{10, 2}, limit_detector{20, 2}};
    std::mt19937 random{7};
    std::uniform_real_distribution<double> value{-5, 40};
    std::vector<double> values(500);
    for (auto& each : values) {
        each = value(random);
    }
    CHECK(judged(list, values) == judged(fixed, values));
    REQUIRE(list.entries().size() == 2);
    CHECK(list.entries()[1].name == "high");
    CHECK(list.entries()[1].last == fixed.verdicts()[1]);
    CHECK(list.warm());
}

TEST_CASE("detect: a list without detectors is always warming") {
    detector_list none;
    auto const made = judged(none, {1, 2, 3});
    CHECK(made.back() == verdict{});
    CHECK_FALSE(none.warm());
}

TEST_CASE("detect: a list refuses a name twice") {
    auto list = list_of({"one"});
    CHECK_THROWS_AS(list.add("one", limit_detector{}), std::invalid_argument);
    CHECK(list.entries().size() == 1);
}

TEST_CASE("detect: a list goes on from the state of a list of the same names only") {
    auto saved = list_of({"a", "b"});
    judged(saved, {1, 1, 1, 15});
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    saved.save(out);
    auto same = list_of({"a", "b"});
    state_reader in{bytes};
    REQUIRE_FALSE(same.load(in));
    CHECK(same.update({std::chrono::seconds{1200}, 15}) == saved.update({std::chrono::seconds{1200}, 15}));
    for (auto const& names : std::vector<std::vector<std::string>>{{"b", "a"}, {"a"}, {"a", "b", "c"}, {"ab", ""}}) {
        auto other = list_of(names);
        state_reader again{bytes};
        CHECK(other.load(again) == state_error::other_options);
        CHECK(again.rest().size() == bytes.size());
        CHECK_FALSE(other.warm());
    }
}
