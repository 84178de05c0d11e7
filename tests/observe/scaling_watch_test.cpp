// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

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
                frames.set(name, value, [&name = name] {
                    observe::series about;
                    about.name = name;
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
