// SPDX-License-Identifier: MIT
// An application's own metrics in the Prometheus text format.
#include <orfeas/metrics.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

int main() {
    using namespace std::chrono_literals;
    orfeas::metrics::registry registry;
    auto generated = registry.counter("meshes_generated_total", "Meshes made.", {{"format", "stl"}});
    auto duration = registry.histogram("mesh_seconds", "Time to make a mesh.", {}, {.lowest = 0.01, .highest = 1.0});
    std::vector<int> queue{1, 2, 3};
    auto const depth =
        registry.callback_gauge("queue_depth", "Pictures waiting.", [&] { return double(queue.size()); });

    for (auto const each : {20ms, 35ms, 90ms, 400ms}) {
        generated.add();
        duration.observe(each);
        if (!queue.empty()) {
            queue.pop_back();
        }
    }

    std::string text;
    registry.write_prometheus(text);
    std::cout << text << "p95 of mesh_seconds: " << duration.snapshot().quantile(0.95) << " s\n";
}
