// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/observe/sampler.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

using manual_sampler = observe::sampler<manual_clock>;

double newest(manual_sampler const& from, std::string_view key) {
    return from.with_history([&](observe::history const& h) { return h.value(key, h.last_seq()); });
}

auto gauge(char const* name, double const& value) {
    return
        [name, &value](measurement_sink sink) { sink({name, measurement_kind::gauge, unit::bytes, value, {}, "g"}); };
}

auto counter(char const* name, double const& value) {
    return
        [name, &value](measurement_sink sink) { sink({name, measurement_kind::counter, unit::none, value, {}, "c"}); };
}

} // namespace

TEST_CASE("observe: gauges are kept as they are") {
    manual_clock clock;
    manual_sampler frames{{}, clock};
    double bytes = 10;
    frames.add_source(gauge("pool_bytes", bytes));
    frames.sample();
    CHECK(newest(frames, "pool_bytes") == 10);
    bytes = 25;
    clock.advance(1s);
    frames.sample();
    CHECK(newest(frames, "pool_bytes") == 25);
    frames.with_history([&](observe::history const& h) {
        CHECK(h.last_seq() == 2);
        CHECK(h.time(2) - h.time(1) == 1s);
        CHECK(h.find("pool_bytes")->unit == unit::bytes);
        CHECK(h.find("pool_bytes")->help == "g");
    });
}

TEST_CASE("observe: counters become rates, and the first reading gives none") {
    manual_clock clock;
    manual_sampler frames{{}, clock};
    double hits = 100;
    frames.add_source(counter("hits_total", hits));
    frames.sample();
    CHECK(std::isnan(newest(frames, "hits_per_second")));
    hits = 160;
    clock.advance(2s);
    frames.sample();
    CHECK(newest(frames, "hits_per_second") == 30);
    frames.with_history([&](observe::history const& h) {
        CHECK(h.find("hits_total") == nullptr);
        CHECK(h.find("hits_per_second")->unit == unit::per_second);
    });
}

TEST_CASE("observe: a counter that has no value for a while has no rate until it has been read twice") {
    manual_clock clock;
    manual_sampler frames{{}, clock};
    double hits = 1000;
    frames.add_source(counter("hits_total", hits));
    std::vector<double> rates;
    for (double const next : {1000.0, std::nan(""), 1010.0, 1030.0}) {
        hits = next;
        clock.advance(1s);
        frames.sample();
        rates.push_back(newest(frames, "hits_per_second"));
    }
    CHECK(std::isnan(rates[1]));
    CHECK(std::isnan(rates[2]));
    CHECK(rates[3] == 20);
}

TEST_CASE("observe: a counter that restarted counts from zero") {
    manual_clock clock;
    manual_sampler frames{{}, clock};
    double hits = 1000;
    frames.add_source(counter("hits_total", hits));
    frames.sample();
    hits = 5;
    clock.advance(1s);
    frames.sample();
    CHECK(newest(frames, "hits_per_second") == 5);
}

TEST_CASE("observe: a counter that was away starts anew") {
    manual_clock clock;
    manual_sampler frames{{}, clock};
    double hits = 10;
    bool present = true;
    frames.add_source([&](measurement_sink sink) {
        if (present) {
            sink({"hits_total", measurement_kind::counter, unit::none, hits, {}, {}});
        }
    });
    frames.sample();
    present = false;
    clock.advance(1s);
    frames.sample();
    present = true;
    hits = 500;
    clock.advance(1s);
    frames.sample();
    CHECK(std::isnan(newest(frames, "hits_per_second")));
}

TEST_CASE("observe: CPU seconds become the share of a core") {
    manual_clock clock;
    manual_sampler frames{{}, clock};
    double seconds = 1;
    frames.add_source(counter("process_cpu_seconds_total", seconds));
    frames.sample();
    seconds = 1.5;
    clock.advance(1s);
    frames.sample();
    CHECK(newest(frames, "process_cpu_ratio") == 0.5);
}

TEST_CASE("observe: two frames at one moment divide nothing by zero") {
    manual_clock clock;
    manual_sampler frames{{}, clock};
    double hits = 10;
    frames.add_source(counter("hits_total", hits));
    frames.sample();
    frames.sample();
    CHECK(std::isnan(newest(frames, "hits_per_second")));
}

TEST_CASE("observe: listeners see each frame, history keeps as many as asked") {
    manual_clock clock;
    manual_sampler frames{{.history_size = 2}, clock};
    std::vector<std::uint64_t> seen;
    frames.add_listener([&](observe::history const& h) { seen.push_back(h.last_seq()); });
    for (int i = 0; i < 3; ++i) {
        frames.sample();
    }
    CHECK(seen == std::vector<std::uint64_t>{1, 2, 3});
    CHECK(frames.with_history([](observe::history const& h) { return h.first_seq(); }) == 2);
}

TEST_CASE("observe: options of the sampler are checked and read from the environment") {
    CHECK_THROWS_AS(manual_sampler(observe::sampler_options{.history_size = 0}), option_error);
    CHECK_THROWS_AS(manual_sampler(observe::sampler_options{.interval = 1ms}), option_error);
    auto const options = from_environment<observe::sampler_options>(
        {}, environment{"ORFEAS_OBSERVE_INTERVAL=500ms", "ORFEAS_OBSERVE_HISTORY_SIZE=60"});
    CHECK(options.interval == 500ms);
    CHECK(options.history_size == 60);
}

TEST_CASE("observe: frames may be taken and read by different threads") {
    manual_clock clock;
    manual_sampler frames{{.history_size = 50}, clock};
    frames.add_source([](measurement_sink sink) { sink({"x", measurement_kind::gauge, unit::none, 1, {}, {}}); });
    std::jthread const writer{[&] {
        for (int i = 0; i < 500; ++i) {
            clock.advance(1s);
            frames.sample();
        }
    }};
    for (int i = 0; i < 200; ++i) {
        frames.with_history([](observe::history const& h) {
            if (!h.empty()) {
                REQUIRE(h.value("x", h.last_seq()) == 1);
            }
        });
    }
}

TEST_CASE("observe: frames go on in order when the wall clock is set forward and back") {
    manual_clock clock;
    manual_sampler frames{{}, clock};
    double hits = 0;
    frames.add_source(counter("hits_total", hits));
    auto const start = clock.wall_now();
    auto const take = [&](int count) {
        for (int i = 0; i < count; ++i) {
            clock.advance(1s);
            hits += 3;
            frames.sample();
            CHECK((i == 0 || newest(frames, "hits_per_second") == 3));
        }
    };
    take(5);
    clock.set_wall_by(1h);
    take(5);
    clock.set_wall_by(-1h);
    take(5);
    frames.with_history([&](observe::history const& h) {
        for (std::uint64_t seq = 1; seq <= 15; ++seq) {
            CHECK(h.time(seq) == start + std::chrono::seconds{seq});
            CHECK(h.steady_time(seq) - h.steady_time(1) == std::chrono::seconds{seq - 1});
        }
    });
}
