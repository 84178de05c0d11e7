// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/observe/sampler.hpp>
#include <orfeas/observe/scaling_watch.hpp>

#include <chrono>
#include <map>
#include <string>

namespace observe = orfeas::observe;
using namespace std::chrono_literals;

namespace {

/// A watch over frames with the values that a test names.
struct watched {
    explicit watched(orfeas::scale::advisor_options const& options) : watch{{.replicas = 2}, options} {}

    void run(std::map<std::string, double> const& values, int seconds) {
        for (int i = 0; i < seconds; ++i) {
            frames.begin_frame(orfeas::wall_time{480'000h + std::chrono::seconds{++now}});
            for (auto const& [name, value] : values) {
                frames.set(name, value, [&metric = name] {
                    observe::series about;
                    about.name = metric;
                    return about;
                });
            }
            watch.take(frames);
        }
    }

    observe::history frames{3};
    observe::scaling_watch watch;
    int now = 0;
};

/// A watch of four replicas under a sampler, one frame a second.
struct scale_by_clock {
    scale_by_clock() {
        watch.set_replicas(4, 4);
        sampler.add_source([this](orfeas::measurement_sink sink) {
            sink({"gpu_utilization_ratio", orfeas::measurement_kind::gauge, orfeas::unit::ratio, use});
        });
        sampler.add_listener([this](observe::history const& frames) { watch.take(frames); });
    }

    void run(int seconds, double used) {
        use = used;
        for (int i = 0; i < seconds; ++i) {
            clock.advance(1s);
            sampler.sample();
        }
    }

    orfeas::manual_clock clock;
    observe::sampler<orfeas::manual_clock> sampler{{.history_size = 3}, clock};
    observe::scaling_watch watch{{}, {.max_replicas = 10, .target_utilization = 0.5}};
    double use = 0;
};

} // namespace

TEST_CASE("before the first frame there is no advice", "[scale]") {
    CHECK_FALSE(observe::scaling_watch{}.advice());
}

TEST_CASE("replicas are advised by utilisation, queue and latency of the frames", "[scale]") {
    watched a{{.max_replicas = 10, .target_utilization = 0.5, .target_queue = 10, .target_p95_ms = 100}};
    a.run({{"gpu_utilization_ratio", 1}}, 30);
    CHECK(a.watch.advice()->desired_replicas == 4);
    a.run({{"gpu_utilization_ratio", 0.5}, {"queue_depth", 55}}, 30);
    CHECK(a.watch.advice()->desired_replicas == 6);
    a.run({{"gpu_utilization_ratio", 0.5}, {"http_request_p95_ms", 250}}, 30);
    CHECK(a.watch.advice()->desired_replicas == 5);
}

TEST_CASE("without a GPU the CPU's use counts, as a share of the cores", "[scale]") {
    watched a{{.max_replicas = 10, .target_utilization = 0.5}};
    a.run({{"process_cpu_ratio", 3}, {"process_cpu_cores", 4}}, 30);
    CHECK(a.watch.advice()->desired_replicas == 3);
}

TEST_CASE("what is told of replicas and of the load to come is taken up", "[scale]") {
    watched a{{.max_replicas = 20, .target_utilization = 0.5, .load_per_replica = 10}};
    a.watch.set_replicas(4, 4);
    a.run({{"gpu_utilization_ratio", 0.5}, {"http_application_requests_per_second", 40}}, 5);
    CHECK(a.watch.advice()->desired_replicas == 4);
    CHECK(a.watch.advice()->current_replicas == 4);
    a.watch.set_forecast(orfeas::scale::predicted_load{.expected = 60, .low = 50, .high = 75, .lead = 300s});
    a.run({{"gpu_utilization_ratio", 0.5}, {"http_application_requests_per_second", 40}}, 5);
    CHECK(a.watch.advice()->desired_replicas == 8);
}

TEST_CASE("a clock that is set changes no advice", "[scale]") {
    scale_by_clock a;
    a.run(20, 0.5);
    CHECK(a.watch.advice()->desired_replicas == 4);
    a.run(30, 0.1); // fewer would do, but the window of 300 s holds
    CHECK(a.watch.advice()->desired_replicas == 4);
    a.clock.set_wall_by(1h);
    a.run(60, 0.1);
    CHECK(a.watch.advice()->desired_replicas == 4);
    a.clock.set_wall_by(-2h);
    a.run(60, 0.1);
    CHECK(a.watch.advice()->desired_replicas == 4);
    a.run(160, 0.1); // the window has passed
    CHECK(a.watch.advice()->desired_replicas < 4);
}
