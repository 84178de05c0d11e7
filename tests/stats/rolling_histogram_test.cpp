// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/stats/rolling_histogram.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <limits>
#include <random>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

monotonic_time at(std::chrono::milliseconds t) {
    return monotonic_time{t};
}

stats::rolling_histogram ten_seconds() {
    return {stats::bucket_layout{stats::bucket_range{}}, 10, std::chrono::seconds{1}};
}

} // namespace

TEST_CASE("stats: a rolling histogram without values has no quantile") {
    auto const values = ten_seconds();
    CHECK(values.recent(at(5s)).count() == 0);
    CHECK(std::isnan(values.recent(at(5s)).quantile(0.5)));
}

TEST_CASE("stats: values leave a rolling histogram when their time is over") {
    auto values = ten_seconds();
    values.record(1.0, at(100s));
    values.record(2.0, at(104s));
    CHECK(values.recent(at(104s)).count() == 2);
    CHECK(values.recent(at(109'999ms)).count() == 2);
    CHECK(values.recent(at(110s)).count() == 1);
    CHECK(values.recent(at(113'999ms)).count() == 1);
    CHECK(values.recent(at(114s)).count() == 0);
}

TEST_CASE("stats: a slice is emptied when its turn comes again") {
    auto values = ten_seconds();
    values.record(1.0, at(100s));
    values.record(2.0, at(110s));
    CHECK(values.recent(at(110s)).count() == 1);
    CHECK(values.recent(at(110s)).sum() == 2.0);
}

TEST_CASE("stats: a rolling histogram refuses what is no number") {
    auto values = ten_seconds();
    CHECK_FALSE(values.record(std::numeric_limits<double>::quiet_NaN(), at(1s)));
    CHECK_FALSE(values.record(std::numeric_limits<double>::infinity(), at(1s)));
    CHECK(values.recent(at(1s)).count() == 0);
}

TEST_CASE("stats: a rolling histogram counts as a queue of values does") {
    auto const seed = Catch::rngSeed();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    auto values = ten_seconds();
    std::deque<std::int64_t> model; // the second of each value
    auto now = 1000s + 0ms;
    for (int step = 0; step < 2000; ++step) {
        now += std::chrono::milliseconds{random() % 900};
        auto const second = std::chrono::duration_cast<std::chrono::seconds>(now).count();
        values.record(0.001 * static_cast<double>(1 + random() % 1000), at(now));
        model.push_back(second);
        while (model.front() <= second - 10) {
            model.pop_front();
        }
        REQUIRE(values.recent(at(now)).count() == model.size());
    }
}
