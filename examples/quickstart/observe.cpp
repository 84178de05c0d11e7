// SPDX-License-Identifier: MIT
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/observe.hpp>

#include <chrono>
#include <iostream>

struct furnace { // any component that reports measurements can be watched
    double celsius = 20;
    double chips_burnt = 0;
    void measure(orfeas::measurement_sink sink) const {
        using orfeas::measurement_kind, orfeas::unit;
        sink({"furnace_celsius", measurement_kind::gauge, unit::celsius, celsius, {}, "temperature inside"});
        sink({"furnace_chips_total", measurement_kind::counter, unit::none, chips_burnt, {}, "chips burnt"});
    }
};

int main() {
    orfeas::manual_clock clock;
    furnace heat;
    orfeas::observe::components watched;
    watched.add("cellar", heat);
    orfeas::observe::sampler frames{{.history_size = 60}, clock};
    frames.add_source([&](orfeas::measurement_sink sink) { watched.measure(sink); });
    for (int second = 0; second < 4; ++second, clock.advance(std::chrono::seconds{1})) {
        heat.celsius += 15;
        heat.chips_burnt += 3;
        frames.sample(); // gauges as they are, counters as rates
    }
    frames.with_history([](orfeas::observe::history const& kept) {
        kept.for_each([&](orfeas::observe::series const& about, auto const& at) {
            std::cout << about.key << ':';
            for (auto seq = kept.first_seq(); seq <= kept.last_seq(); ++seq) {
                std::cout << ' ' << at(seq);
            }
            std::cout << '\n';
        });
    });
}
