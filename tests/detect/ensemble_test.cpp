// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/detect/ensemble.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <vector>

using namespace orfeas;
using namespace orfeas::detect;

namespace {

/// Three metrics, of which the second follows the first, a minute apart.
struct machine {
    std::mt19937_64 random{11};
    std::normal_distribution<> noise{0, 1};
    std::size_t minute = 0;

    std::array<double, 3> next(bool follows = true) {
        double const load = 50 + 10 * std::sin(static_cast<double>(minute++) * 0.004) + noise(random);
        double const other = 50 + 10 * std::sin(static_cast<double>(minute) * 0.004 + 2) + noise(random);
        return {load, 3 * (follows ? load : other) + 0.2 * noise(random), 7 + noise(random)};
    }
    std::chrono::nanoseconds time() const { return std::chrono::minutes{minute}; }
};

verdict judge(ensemble& by, machine& from, std::array<double, 3> const& values) {
    return by.update({from.time(), values});
}

} // namespace

TEST_CASE("detect: an ensemble finds what is wrong with one metric, and blames it") {
    ensemble by{3};
    machine from;
    for (int i = 0; i < 4'000; ++i) {
        judge(by, from, from.next());
    }
    REQUIRE(by.warm());
    auto values = from.next();
    values[2] = 60;
    auto const said = judge(by, from, values);
    CHECK(said.is_anomalous());
    CHECK(said.blame.list()[0].metric == 2);
}

TEST_CASE("detect: an ensemble finds metrics that no longer go together though each is as it was") {
    ensemble by{3};
    machine from;
    for (int i = 0; i < 6'000; ++i) {
        judge(by, from, from.next());
    }
    int found = 0;
    for (int i = 0; i < 30; ++i) {
        found += judge(by, from, from.next(false)).is_anomalous() ? 1 : 0;
    }
    CHECK(found > 0);
    CHECK(by.verdicts()[1].family == anomaly_family::correlation);
}

TEST_CASE("detect: an ensemble goes on from its state, and takes samples of its size only") {
    ensemble whole{3};
    ensemble first{3};
    machine from;
    for (int i = 0; i < 1'500; ++i) {
        auto const values = from.next();
        auto const a = whole.update({from.time(), values});
        auto const b = first.update({from.time(), values});
        REQUIRE(a == b);
    }
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    first.save(out);
    ensemble second{3};
    state_reader in{bytes};
    REQUIRE_FALSE(second.load(in));
    for (int i = 0; i < 1'500; ++i) {
        auto const values = from.next();
        REQUIRE(whole.update({from.time(), values}) == second.update({from.time(), values}));
    }
    std::array<double, 2> const two{1, 2};
    CHECK_THROWS_AS(whole.update({from.time(), two}), std::invalid_argument);
    CHECK_THROWS_AS(ensemble{0}, std::invalid_argument);
}
