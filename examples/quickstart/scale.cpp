// SPDX-License-Identifier: MIT
#include <orfeas/core/json.hpp>
#include <orfeas/scale.hpp>

#include <chrono>
#include <iostream>

int main() {
    using namespace std::chrono_literals;
    orfeas::scale::advisor_options options;
    options.max_replicas = 8;
    options.target_queue = 2;     // requests that wait, per replica
    options.load_per_replica = 5; // requests a second that one replica carries
    orfeas::scale::advisor advisor{options};
    orfeas::scale::observation seen{.replicas = 3, .ready = 3, .utilization = 0.72, .queue = 4, .load = 14};
    seen.forecast = {.expected = 24, .low = 20, .high = 28, .lead = 5min}; // of any forecaster
    auto const& advice = advisor.advise(0s, seen);
    for (auto const& reason : advice.reasons) {
        std::cout << reason << "\n";
    }
    std::cout << orfeas::to_json(advice) << "\n"; // what /api/v1/scaling answers
}
