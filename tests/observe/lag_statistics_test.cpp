// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/observe/lag_statistics.hpp>

#include <chrono>
#include <cmath>
#include <map>
#include <string>

using namespace orfeas;
using namespace std::chrono_literals;
using observe::lag_kind;

namespace {

struct probes {
    manual_clock clock;
    observe::basic_lag_statistics<manual_clock> lags{clock};

    void post_that_takes(std::chrono::nanoseconds lag) {
        lags.expect(lag_kind::post, clock.now());
        clock.advance(lag);
        lags.arrived(lag_kind::post);
    }

    std::map<std::string, double> read(std::string const& kind) const {
        std::map<std::string, double> all;
        lags.measure([&](measurement const& m) {
            REQUIRE(m.name == "runtime_executor_lag_seconds");
            if (m.labels[0].value == kind) {
                all[std::string{m.labels[1].value}] = m.value;
            }
        });
        return all;
    }
};

bool close(double value, double expected) {
    return std::abs(value - expected) <= expected * 0.011;
}

} // namespace

TEST_CASE("observe: before the first probe there is no lag to tell of") {
    probes p;
    for (auto const& [stat, value] : p.read("post")) {
        CAPTURE(stat);
        CHECK(std::isnan(value));
    }
    CHECK(p.read("timer").size() == 4);
}

TEST_CASE("observe: the last lag, and the quantiles and the largest of the last minute") {
    probes p;
    p.post_that_takes(2s);
    for (int i = 0; i < 99; ++i) {
        p.post_that_takes(1ms);
    }
    auto const now = p.read("post");
    CHECK(now.at("last") == 0.001);
    CHECK(close(now.at("p50"), 0.001));
    CHECK(close(now.at("p99"), 0.001));
    CHECK(close(now.at("max"), 2));
    p.clock.advance(30s);
    CHECK(close(p.read("post").at("max"), 2));
    p.clock.advance(31s);
    CHECK(p.read("post").at("last") == 0.001);
    CHECK(std::isnan(p.read("post").at("max")));
}

TEST_CASE("observe: a timer that runs early or on time has no lag") {
    probes p;
    p.lags.expect(lag_kind::timer, p.clock.now() + 1s);
    p.clock.advance(1s);
    p.lags.arrived(lag_kind::timer);
    CHECK(p.read("timer").at("last") == 0);
    CHECK(p.read("timer").at("max") == 0);
    CHECK(std::isnan(p.read("post").at("last")));
}

TEST_CASE("observe: a probe that still waits counts with the time that it has waited") {
    probes p;
    p.post_that_takes(1s);
    p.lags.expect(lag_kind::post, p.clock.now());
    p.clock.advance(500ms);
    CHECK(p.read("post").at("last") == 1); // it may still be the faster one
    p.clock.advance(10s);
    CHECK(p.read("post").at("last") == 10.5);
    CHECK(p.read("post").at("max") == 10.5);
    CHECK(close(p.read("post").at("p99"), 1));
    p.lags.forget(lag_kind::post);
    CHECK(p.read("post").at("last") == 1);
    p.lags.arrived(lag_kind::post); // of a probe that nobody expects any more
    CHECK(p.read("post").at("last") == 1);
    CHECK(close(p.read("post").at("max"), 1));
}
