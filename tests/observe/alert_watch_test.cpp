// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/observe/alert_watch.hpp>
#include <orfeas/observe/sampler.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using orfeas::measurement_kind;

namespace {

/// A sampler with a gauge and a counter, watched.
struct watched {
    watched() {
        sampler.add_reader([this](orfeas::measurement const& each) { watch.note(each); });
        sampler.add_source([this](orfeas::measurement_sink sink) {
            orfeas::label const labels[] = {{"queue", "a"}};
            sink({"queue_length", measurement_kind::gauge, orfeas::unit::none, length, labels, ""});
            if (has_counter) {
                sink({"jobs_total", measurement_kind::counter, orfeas::unit::none, jobs, {}, ""});
            }
        });
        sampler.add_listener([this](orfeas::observe::history const& frames) { watch.take(frames); });
    }

    void step(int seconds = 1) {
        for (int i = 0; i < seconds; ++i) {
            clock.advance(1s);
            jobs += 2;
            sampler.sample();
        }
    }

    orfeas::manual_clock clock;
    orfeas::observe::alert_watch watch;
    orfeas::observe::sampler<orfeas::manual_clock> sampler{{.history_size = 10}, clock};
    double length = 0;
    double jobs = 0;
    bool has_counter = true;
};

} // namespace

TEST_CASE("rules see gauges, counters, and rates of the house", "[alert]") {
    watched a;
    a.watch.set_rules({{.name = "gauge", .expr = "queue_length{queue=\"a\"} > 5"},
                       {.name = "counter", .expr = "rate(jobs_total[5s]) > 1.9"},
                       {.name = "house", .expr = "jobs_per_second > 1.9"},
                       {.name = "gone", .expr = "absent(jobs_total)"}});
    a.length = 6;
    a.step(8);
    std::vector<std::string> names;
    for (auto const& each : a.watch.alerts()) {
        names.push_back(each.rule);
    }
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"counter", "gauge", "house"});
    a.has_counter = false;
    a.step(1);
    CHECK(a.watch.alerts().size() == 3); // gauge, gone, and the counter's window, which still has values
    a.step(30);
    CHECK(a.watch.alerts().size() == 2);
    a.has_counter = true;
    a.step(8);
    CHECK(a.watch.alerts().size() == 3);
}

TEST_CASE("the watch's own counters are noted while it is measured", "[alert]") {
    watched a;
    a.sampler.add_source([&](orfeas::measurement_sink sink) { a.watch.measure(sink); });
    a.watch.set_rules({{.name = "eventful", .expr = "increase(alert_events_total[10s]) > 0"},
                       {.name = "long", .expr = "queue_length > 5"}});
    a.step(2);
    a.length = 6;
    a.step(3);
    CHECK(a.watch.alerts().size() == 2);
}

TEST_CASE("a subscriber is called in the frame in which a value crosses its threshold", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    std::vector<std::string> told;
    REQUIRE(a.watch.subscribe({.name = "people"}, [&](alert::notification const& each) {
        told.emplace_back(to_string(each.news.at(0).kind));
        CHECK(a.watch.alerts().size() <= 1); // may ask
    }));
    CHECK_FALSE(a.watch.subscribe({.name = "people"}, [](auto const&) {}));
    a.step();
    CHECK(told.empty());
    a.length = 6;
    a.step();
    CHECK(told == std::vector<std::string>{"fired"});
    a.length = 0;
    a.step();
    CHECK(told == std::vector<std::string>{"fired", "resolved"});
    CHECK(a.watch.events().size() == 2);
    CHECK(a.watch.events(1).size() == 1);
    CHECK(a.watch.events(0, 1).at(0).kind == alert::event_kind::resolved);
    CHECK(a.watch.unsubscribe("people"));
    CHECK_FALSE(a.watch.unsubscribe("people"));
}

TEST_CASE("a subscriber may end its own subscription", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    int calls = 0;
    a.watch.subscribe({.name = "once"}, [&](alert::notification const&) {
        ++calls;
        a.watch.unsubscribe("once");
    });
    a.length = 6;
    a.step();
    a.length = 0;
    a.step();
    CHECK(calls == 1);
}

TEST_CASE("a subscriber that throws is called again with the next frame, and the others are called", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    std::vector<std::string> ids;
    a.watch.subscribe({.name = "bad"}, [&](alert::notification const& each) {
        ids.push_back(each.id);
        if (ids.size() < 3) {
            throw std::runtime_error{"not now"};
        }
    });
    int others = 0;
    a.watch.subscribe({.name = "good"}, [&](alert::notification const&) { ++others; });
    a.length = 6;
    a.step(10);
    CHECK(others == 1);
    REQUIRE(ids.size() == 3);
    CHECK(ids[0] == ids[2]);
}

TEST_CASE("a change is saved before anybody is told of it, and what was told after", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    std::vector<std::string> order;
    a.watch.on_change([&] {
        std::vector<std::byte> bytes;
        a.watch.save(bytes);
        order.emplace_back("saved");
        alert::engine again;
        again.set_rules({{.name = "long", .expr = "queue_length > 5"}});
        REQUIRE(again.load(bytes));
        order.emplace_back(again.next("people") == nullptr ? "nothing waits" : "it waits");
    });
    a.watch.subscribe({.name = "people"}, [&](alert::notification const&) { order.emplace_back("told"); });
    a.step(5);
    CHECK(order.empty());
    a.length = 6;
    a.step();
    CHECK(order == std::vector<std::string>{"saved", "it waits", "told", "saved", "nothing waits"});
    order.clear();
    a.step(5);
    CHECK(order.empty());
    auto const id = a.watch.alerts().at(0).fingerprint;
    CHECK(a.watch.acknowledge(id, "ann", "", a.watch.now() + 1h));
    CHECK(order.at(0) == "saved");
}

TEST_CASE("no receiver gets a notification that is not saved yet", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    a.watch.add(alert::route{.name = "pager"});
    int saved = 0;
    a.watch.on_change([&] { // as another thread would ask while this is written
        CHECK_FALSE(a.watch.next("pager"));
        ++saved;
        if (saved == 1) {
            throw std::runtime_error{"the disk is full"};
        }
    });
    a.length = 6;
    CHECK_THROWS_WITH(a.step(), Catch::Matchers::Contains("disk"));
    REQUIRE(saved == 1);
    auto const told = a.watch.next("pager"); // who cannot be saved for is told all the same
    REQUIRE(told);
    a.length = 0;
    a.watch.on_change({});
    CHECK(a.watch.delivered("pager", told->id));
}

TEST_CASE("what changes nothing is not saved", "[alert]") {
    watched a;
    a.step();
    int saved = 0;
    a.watch.on_change([&] { ++saved; });
    CHECK_FALSE(a.watch.remove_silence(7));
    CHECK_FALSE(a.watch.acknowledge(7, "ann", "", a.watch.now() + 1h));
    CHECK_FALSE(a.watch.unacknowledge(7, "ann"));
    a.step();
    CHECK(saved == 0);
}

TEST_CASE("a receiver takes notifications at its own pace", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    REQUIRE(a.watch.add(alert::route{.name = "pager", .at_least = alert::severity::warning}));
    CHECK_FALSE(a.watch.next("pager"));
    a.length = 6;
    a.step();
    auto const first = a.watch.next("pager");
    REQUIRE(first);
    CHECK(a.watch.next("pager")->id == first->id);
    CHECK(a.watch.delivered("pager", first->id));
    CHECK_FALSE(a.watch.delivered("pager", first->id));
    CHECK_FALSE(a.watch.next("pager"));
}

TEST_CASE("a receiver is not handed what is being saved, but what was saved before", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    a.watch.add(alert::rule{.name = "longer", .expr = "queue_length > 6"});
    for (auto const* receiver : {"pager", "mail"}) {
        REQUIRE(a.watch.add(alert::route{.name = receiver}));
    }
    std::vector<std::string> meanwhile;
    a.watch.on_change([&] {
        for (auto const* receiver : {"pager", "mail"}) {
            auto const waits = a.watch.next(receiver);
            meanwhile.push_back(waits ? waits->id : "none");
        }
    });
    a.length = 6;
    a.step();
    CHECK(meanwhile == std::vector<std::string>{"none", "none"});
    auto const first = a.watch.next("pager");
    REQUIRE(first);
    REQUIRE(a.watch.delivered("mail", first->id));
    meanwhile.clear();
    a.length = 7;
    a.step();
    CHECK(meanwhile == std::vector<std::string>{first->id, "none"});
    CHECK(a.watch.next("mail"));
}

TEST_CASE("a saving that fails keeps nobody from being told", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    REQUIRE(a.watch.add(alert::route{.name = "pager"}));
    a.watch.on_change([] { throw std::runtime_error{"the disk is full"}; });
    a.length = 6;
    CHECK_THROWS_AS(a.step(), std::runtime_error);
    CHECK(a.watch.next("pager"));
}

TEST_CASE("a silence and its end go through the watch", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    a.step();
    auto const id = a.watch.add(alert::silence{.matchers = {{"alertname", alert::match_kind::equal, "long"}},
                                               .author = "ann",
                                               .begin = a.watch.now(),
                                               .end = a.watch.now() + 1h});
    CHECK(a.watch.silences().size() == 1);
    a.length = 6;
    a.step();
    CHECK(a.watch.alerts().at(0).is_silenced);
    CHECK(a.watch.remove_silence(id));
    a.step();
    CHECK_FALSE(a.watch.alerts().at(0).is_silenced);
    CHECK(a.watch.remove_rule("long"));
    CHECK(a.watch.status().empty());
}

TEST_CASE("an alert is pending for as long as it is to be, however the wall clock is set", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5", .pending_for = 30s, .keep_firing_for = 20s});
    a.step(5);
    a.length = 6;
    a.step(10); // pending since 9 s
    a.clock.set_wall_by(1h);
    a.step(10);
    REQUIRE(a.watch.alerts().size() == 1);
    CHECK(a.watch.alerts()[0].state == alert::alert_state::pending); // not cut short
    CHECK(a.watch.now() == a.clock.wall_now());
    CHECK(a.clock.wall_now() - a.watch.alerts()[0].active_at == 19s);
    a.clock.set_wall_by(-1h);
    a.step(10); // pending since 29 s
    CHECK(a.watch.alerts()[0].state == alert::alert_state::pending);
    CHECK(a.watch.now() == a.clock.wall_now()); // not waiting for the hour to come
    a.step();
    CHECK(a.watch.alerts()[0].state == alert::alert_state::firing);
    CHECK(a.watch.alerts()[0].fired_at == a.clock.wall_now());
    a.length = 0;
    a.step(10); // kept since 9 s
    a.clock.set_wall_by(-2h);
    a.step(10);
    CHECK(a.watch.alerts().size() == 1);
    a.step(2);
    CHECK(a.watch.alerts().empty());
    for (auto const& each : a.watch.events()) { // nothing happened in what is now the future
        CHECK(each.time <= a.watch.now());
    }
}

TEST_CASE("windows of rules reach over a wall clock that is set", "[alert]") {
    watched a;
    a.watch.set_rules({{.name = "slow", .expr = "rate(jobs_total[5s]) < 1.9"},
                       {.name = "fast", .expr = "rate(jobs_total[5s]) > 2.1"},
                       {.name = "blind", .expr = "absent(rate(jobs_total[5s]))"}});
    a.step(10);
    auto const settled = a.watch.events().size(); // rules without enough values yet
    for (auto const by : {3'600s, -3'600s, -86'400s, 100s}) {
        a.clock.set_wall_by(by);
        for (int i = 0; i < 10; ++i) {
            a.step();
            REQUIRE(a.watch.alerts().empty());
        }
    }
    CHECK(a.watch.events().size() == settled);
}

TEST_CASE("a cooldown and a reminder take their time, however the wall clock is set", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    std::vector<std::string> told;
    a.watch.subscribe({.name = "people"},
                      [&](alert::notification const& each) { told.emplace_back(to_string(each.news.at(0).kind)); });
    auto const flap = [&] {
        a.length = 0;
        a.step();
        a.length = 6;
        a.step();
    };
    a.length = 6;
    a.step(); // told; a warning's cooldown is 300 s
    a.clock.set_wall_by(24h);
    flap();
    a.step(100);
    CHECK(told == std::vector<std::string>{"fired", "resolved"}); // neither a reminder nor the end of the cooldown
    a.clock.set_wall_by(-24h);
    a.step(190);
    CHECK(told.size() == 2);
    a.step(10);
    CHECK(told == std::vector<std::string>{"fired", "resolved", "fired"});
}

TEST_CASE("alerts are evaluated after a restart with a clock that was ahead", "[alert]") {
    watched before;
    before.clock.set_wall_by(24h);
    before.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5", .pending_for = 30s});
    before.length = 6;
    before.step(21);
    std::vector<std::byte> saved;
    before.watch.save(saved);

    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5", .pending_for = 30s});
    REQUIRE(a.watch.load(saved));
    a.length = 6;
    a.step(10); // the first is taken to follow the last one of before at once
    CHECK(a.watch.alerts().at(0).state == alert::alert_state::pending);
    CHECK(a.watch.now() == a.clock.wall_now());
    a.step();
    CHECK(a.watch.alerts().at(0).state == alert::alert_state::firing);
}

TEST_CASE("a silence ends when the clock says so, also where it was set", "[alert]") {
    watched a;
    a.watch.add(alert::rule{.name = "long", .expr = "queue_length > 5"});
    a.step();
    alert::silence quiet;
    quiet.matchers = {{"alertname", alert::match_kind::equal, "long"}};
    quiet.author = "anna";
    quiet.begin = a.watch.now();
    quiet.end = a.watch.now() + 1h;
    a.watch.add(quiet);
    a.length = 6;
    a.step();
    CHECK(a.watch.alerts().at(0).is_silenced);
    a.clock.set_wall_by(2h);
    a.step();
    CHECK_FALSE(a.watch.alerts().at(0).is_silenced);
}
