// SPDX-License-Identifier: MIT
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/observe.hpp>

#include <chrono>
#include <iostream>

struct furnace { // any component that reports measurements can be watched
    double chips = 0;
    void measure(orfeas::measurement_sink sink) const {
        sink({"furnace_chips_total", orfeas::measurement_kind::counter, orfeas::unit::none, chips, {}, "chips burnt"});
    }
};

int main() {
    orfeas::manual_clock clock;
    furnace heat;
    orfeas::observe::components watched;
    watched.add("cellar", heat);
    orfeas::observe::sampler frames{{.history_size = 60}, clock};
    frames.add_source([&](orfeas::measurement_sink sink) { watched.measure(sink); });
    for (int second = 0; second < 5; ++second, clock.advance(std::chrono::seconds{1})) {
        heat.chips += 3 * second;
        frames.sample(); // gauges as they are, counters as rates
    }
    frames.with_history([](orfeas::observe::history const& kept) {
        for (auto seq = kept.first_seq(); seq <= kept.last_seq(); ++seq) {
            std::cout << kept.value("furnace_chips_per_second{component=\"cellar\"}", seq) << '\n';
        }
    });
}
