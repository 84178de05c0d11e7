// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/prediction_watch.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

/// Frames ten seconds apart.
struct feed {
    explicit feed(observe::prediction_options const& options = {}) : watch{options} {}

    void frame(std::vector<std::pair<std::string, double>> const& values) {
        now += 10s;
        frames.begin_frame(wall_time{now});
        for (auto const& each : values) {
            frames.set(each.first, each.second, [&] {
                auto const name = each.first.substr(0, each.first.find('{'));
                return observe::series{{}, name, {}, measurement_kind::gauge, unit::none, {}};
            });
        }
        watch.take(frames);
    }
    void pool(double used) {
        frame(
            {{"memory_allocated_bytes{component=\"pool\"}", used}, {"memory_total_bytes{component=\"pool\"}", 1'000}});
    }
    /// A quiet hour, then a leak of `rate` a frame; the frames until 900 of 1,000 is used, or `most`.
    template<class Stop>
    int leak(double rate, int most, Stop&& stop) {
        std::normal_distribution<> noise{0, 2};
        for (int i = 0; i < 360; ++i) {
            pool(400 + noise(random));
        }
        for (int i = 0; i < most; ++i) {
            pool(400 + noise(random) + rate * i);
            if (stop()) {
                return i;
            }
        }
        return most;
    }

    std::mt19937_64 random{3};
    std::chrono::seconds now = 1'000'000s;
    observe::history frames{10};
    observe::prediction_watch watch;
};

std::string const pool_key = "memory_allocated_bytes{component=\"pool\"}";

} // namespace

TEST_CASE("observe: a leak is told of long before memory is critical, with advice and its record") {
    feed from;
    auto const alert_at = from.leak(1, 500, [&] { return from.watch.report().memory[0].alert.id != 0; });
    REQUIRE(alert_at < 440); // ten minutes before the 500 frames that it takes
    auto const said = from.watch.report();
    REQUIRE(said.memory.size() == 1);
    auto const& memory = said.memory[0];
    CHECK(memory.key == pool_key);
    CHECK(memory.critical == 0.9);
    CHECK(memory.estimate);
    CHECK(memory.estimate.minutes < 25);
    CHECK(memory.estimate.confidence >= 0.75);
    CHECK(memory.past.size() == 1);
    REQUIRE_FALSE(said.advice.empty());
    CHECK(said.advice[0].what == forecast::advice::clean_up_memory);
    CHECK_THAT(said.advice[0].text, orfeas_test::contains(pool_key));
    CHECK(said.health.score < 100);
    for (int i = alert_at; i < 520; ++i) {
        from.pool(400 + i);
    }
    auto const after = from.watch.report().memory[0];
    CHECK(after.record.right == 1);
    CHECK(after.record.mean_lead_minutes >= 10);
    CHECK(after.past[0].outcome == forecast::alert_outcome::right);
}

TEST_CASE("observe: a cleanup is asked for when memory will be critical within the lead, once a pause") {
    observe::prediction_options options;
    options.cleanup_pause = 120s;
    feed from{options};
    std::vector<observe::memory_prediction> asked;
    from.watch.on_cleanup_advised(pool_key, [&](observe::memory_prediction const& why) {
        asked.push_back(why);
        CHECK(from.watch.report().memory[0].cleanups == asked.size()); // no lock is held
    });
    auto const at = from.leak(1, 500, [&] { return !asked.empty(); });
    REQUIRE(at < 440);
    CHECK(asked[0].estimate.cleanup_advised);
    CHECK(asked[0].estimate.minutes < 30);
    CHECK_FALSE(from.watch.report().memory[0].estimate); // what was foreseen holds no longer
    from.pool(950);                                      // critical: at once, but for the pause
    CHECK(asked.size() == 1);
    for (int i = 0; i < 12; ++i) {
        from.pool(950);
    }
    CHECK(asked.size() == 2);
    from.watch.forget_action(pool_key);
    for (int i = 0; i < 30; ++i) {
        from.pool(950);
    }
    CHECK(asked.size() == 2);
}

TEST_CASE("observe: steady memory, and memory of unknown size, call for nothing") {
    feed from;
    bool asked = false;
    from.watch.on_cleanup_advised(pool_key, [&](observe::memory_prediction const&) { asked = true; });
    from.leak(0, 300, [] { return false; });
    from.frame({{"cgroup_memory_working_set_bytes", 5e9}, {"cgroup_memory_limit_bytes", std::nan("")}});
    auto const said = from.watch.report();
    CHECK(said.memory.size() == 1);
    CHECK_FALSE(asked);
    CHECK(said.advice.empty());
    CHECK(said.health.score == 100);
}

TEST_CASE("observe: hit ratios and latencies are forecast, rated and held against what came") {
    observe::prediction_options options;
    options.latency_limit = 100;
    feed from{options};
    std::normal_distribution<> noise{0, 1};
    for (int i = 0; i < 2'000; ++i) { // five hours and a half
        from.frame({{"cache_hit_ratio{component=\"meshes\"}", 0.3 + 0.01 * noise(from.random)},
                    {"http_request_p95_ms{component=\"http\"}", 150 + 5 * noise(from.random)}});
    }
    auto const said = from.watch.report();
    REQUIRE(said.values.size() == 2);
    auto const& ratio = said.values[0];
    CHECK(ratio.key == "cache_hit_ratio{component=\"meshes\"}");
    REQUIRE(ratio.expected);
    CHECK(ratio.expected->point == Approx(0.3).margin(0.02));
    CHECK(ratio.rating == "poor");
    CHECK(ratio.horizon == 30min);
    CHECK(ratio.record.coverage > 0.5);
    CHECK(ratio.past.size() > 30);
    auto const& latency = said.values[1];
    REQUIRE(latency.expected);
    CHECK(latency.expected->low > 100);
    CHECK(latency.rating == "exceeding");
    REQUIRE(said.advice.size() >= 2);
    CHECK(said.advice[0].what == forecast::advice::enlarge_cache);
    CHECK(said.advice[1].what == forecast::advice::add_capacity);
    CHECK(said.health.score < 70);
    CHECK(std::string{said.health.worst()->name} == "hit_ratio");
}

TEST_CASE("observe: health takes errors and anomalies into account") {
    feed from;
    for (int i = 0; i < 300; ++i) {
        from.frame({{"http_application_requests_per_second{component=\"http\"}", 100},
                    {"http_errors_per_second{component=\"http\"}", 50}});
    }
    CHECK(from.watch.report().health.score < 40);
    feed calm;
    calm.frame({{"http_application_requests_per_second{component=\"http\"}", 100}});
    CHECK(calm.watch.report().health.score == 100);
    calm.watch.set_anomaly_score(0.9);
    CHECK(calm.watch.report().health.score < 100);
}

TEST_CASE("observe: a saved prediction watch goes on as if it had not been interrupted") {
    feed whole;
    feed first;
    auto const value = [](int i) {
        return std::vector<std::pair<std::string, double>>{{pool_key, 400 + i % 50},
                                                           {"memory_total_bytes{component=\"pool\"}", 1'000},
                                                           {"cache_hit_ratio", 0.5 + i % 7 * 0.01}};
    };
    for (int i = 0; i < 700; ++i) {
        whole.frame(value(i));
        first.frame(value(i));
    }
    std::vector<std::byte> saved;
    first.watch.save(saved);
    feed second;
    second.now = first.now;
    REQUIRE(second.watch.load(saved));
    for (int i = 700; i < 900; ++i) {
        whole.frame(value(i));
        second.frame(value(i));
    }
    std::vector<std::byte> of_whole;
    std::vector<std::byte> of_second;
    whole.watch.save(of_whole);
    second.watch.save(of_second);
    CHECK(of_whole == of_second);
    for (std::size_t size = 0; size < 200; ++size) {
        REQUIRE_FALSE(second.watch.load(std::span{saved}.first(size)));
    }
    observe::prediction_options others;
    others.critical.critical = 0.8;
    feed other{others};
    CHECK(other.watch.load(saved)); // that of memory is learned anew
    CHECK(other.watch.report().memory.empty());
    CHECK(other.watch.report().values.size() == 1);
}

TEST_CASE("observe: options of a prediction watch are checked, and read with those of their parts") {
    CHECK_THROWS_WITH(observe::prediction_watch({.memory = "used"}), orfeas_test::contains("slash"));
    CHECK_THROWS_WITH(observe::prediction_watch({.latency_limit = 0}), orfeas_test::contains("latency_limit"));
    auto const read = observe::from_environment_with_parts({}, environment{"ORFEAS_PREDICTION_LATENCY_LIMIT=250",
                                                                           "ORFEAS_CRITICAL_CRITICAL=0.8",
                                                                           "ORFEAS_TREND_LOOKBACK=3600s"});
    CHECK(read.latency_limit == 250);
    CHECK(read.critical.critical == 0.8);
    CHECK(read.trend.lookback == 1h);
}
