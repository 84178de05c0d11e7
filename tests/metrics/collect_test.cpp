// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/metrics/exposition.hpp>
#include <orfeas/metrics/registry.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
namespace metrics = orfeas::metrics;

namespace {

/// Looks at one family of what is collected.
template<class Source>
void with_family(Source&& source, std::string_view name, std::function<void(metrics::family_points const&)> look) {
    bool seen = false;
    source.collect([&](metrics::family_points const& each) {
        if (each.name == name) {
            seen = true;
            look(each);
        }
    });
    CHECK(seen);
}

metrics::exemplar_ids current; // NOLINT: the source is a plain function
metrics::exemplar_ids source_of_ids() noexcept {
    return current;
}

metrics::exemplar_ids ids_of(std::uint64_t n) {
    return {{n, n + 1}, {n + 2}};
}

} // namespace

TEST_CASE("metrics: collecting hands out families with their points, sorted") {
    orfeas::manual_clock clock;
    metrics::basic_registry<orfeas::manual_clock> registry{{}, clock};
    auto const start = clock.wall_now();
    registry.counter("sent_bytes_total", "Sent.", {{"z", "1"}, {"a", "2"}}).add((std::uint64_t{1} << 60) + 1);
    clock.advance(5s);
    registry.counter("sent_bytes_total", "Sent.", {{"z", "1"}, {"a", "1"}}).add(0.5);
    with_family(registry, "sent_bytes_total", [&](metrics::family_points const& family) {
        CHECK(family.help == "Sent.");
        CHECK(family.type == metrics::metric_type::counter);
        CHECK(family.unit == orfeas::unit::bytes);
        REQUIRE(family.points.size() == 2);
        CHECK(family.points[0].labels[0] == orfeas::label{"a", "1"});
        CHECK(family.points[0].labels[1] == orfeas::label{"z", "1"});
        CHECK(family.points[0].number.value == 0.5);
        CHECK_FALSE(family.points[0].number.is_whole);
        CHECK(family.points[0].start == start + 5s);
        CHECK(family.points[1].labels[0] == orfeas::label{"a", "2"});
        CHECK(family.points[1].number.is_whole);
        CHECK(family.points[1].number.whole == (std::int64_t{1} << 60) + 1);
        CHECK(family.points[1].start == start);
        CHECK(family.points[1].example == nullptr);
        CHECK(family.points[1].histogram == nullptr);
    });
}

TEST_CASE("metrics: a histogram's exponential buckets hold what its classic ones do") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    for (int const schema : {0, 2, 5}) {
        metrics::registry registry;
        auto wait = registry.histogram("wait_seconds", "Wait.", {}, {.lowest = 1e-6, .highest = 1e6, .schema = schema});
        std::lognormal_distribution<double> values{0, 6};
        double sum = 0;
        for (int i = 0; i < 5'000; ++i) {
            double const value = i % 100 == 0 ? -1.0 : values(random);
            wait.observe(value);
            sum += value;
        }
        with_family(registry, "wait_seconds", [&](metrics::family_points const& family) {
            auto const& found = *family.points[0].histogram;
            CHECK(found.count == 5'000);
            CHECK_THAT(found.sum, Catch::Matchers::WithinRel(sum, 1e-9));
            REQUIRE(found.counts.size() <= 160);
            CHECK(found.counts.front() != 0);
            CHECK(found.counts.back() != 0);
            CHECK(found.buckets.back().cumulative == 5'000);
            CHECK(std::isinf(found.buckets.back().upper_bound));
            CHECK(found.buckets.front().cumulative == found.zero_count);
            CHECK(found.buckets.front().upper_bound == found.zero_threshold);
            double const base = std::exp2(std::exp2(-found.schema));
            for (auto const& bucket : found.buckets) { // powers of two are bounds at every schema from 0 on
                std::uint64_t below = found.zero_count;
                for (std::size_t i = 0; i < found.counts.size(); ++i) {
                    double const upper = std::pow(base, found.offset + static_cast<double>(i));
                    below += upper <= bucket.upper_bound * 1.000001 ? found.counts[i] : 0;
                }
                if (found.schema >= 0) {
                    REQUIRE(below == bucket.cumulative);
                }
            }
        });
    }
}

TEST_CASE("metrics: a histogram without values has none in any form") {
    metrics::registry registry;
    registry.histogram("wait_seconds", "Wait.");
    with_family(registry, "wait_seconds", [](metrics::family_points const& family) {
        auto const& found = *family.points[0].histogram;
        CHECK(found.count == 0);
        CHECK(found.sum == 0);
        CHECK(found.counts.empty());
        CHECK(found.buckets.back().cumulative == 0);
    });
}

TEST_CASE("metrics: wide histograms are told in at most 160 buckets, whose schema may be negative") {
    metrics::registry registry;
    auto wide = registry.histogram("wide", "Wide.", {}, {.lowest = 1e-300, .highest = 1e300, .schema = 0});
    wide.observe(1e-299);
    wide.observe(1.0);
    wide.observe(1e299);
    wide.observe(1e305);
    with_family(registry, "wide", [](metrics::family_points const& family) {
        auto const& found = *family.points[0].histogram;
        CHECK(found.schema == -4);
        CHECK(found.counts.size() <= 160);
        std::uint64_t sum = 0;
        for (auto const count : found.counts) {
            sum += count;
        }
        CHECK(sum == 4);
    });
}

TEST_CASE("metrics: an update in a sampled span becomes an exemplar, the first after each scrape") {
    orfeas::manual_clock clock;
    metrics::basic_registry<orfeas::manual_clock> registry{{.exemplar_source = source_of_ids}, clock};
    auto calls = registry.counter("calls_total", "Calls.");
    auto wait = registry.histogram("wait_seconds", "Wait.");
    current = {};
    calls.add();
    wait.observe(0.3);
    with_family(registry, "calls_total", [](auto const& family) { CHECK(family.points[0].example == nullptr); });
    current = ids_of(1);
    calls.add(4);
    wait.observe(0.3);
    wait.observe(0.26); // of the same bucket
    clock.advance(1s);
    current = ids_of(10);
    calls.add(5);
    wait.observe(3.0);
    current = {};
    for (int scrape = 0; scrape < 2; ++scrape) { // they stay until there are others
        with_family(registry, "calls_total", [&](auto const& family) {
            REQUIRE(family.points[0].example != nullptr);
            CHECK(family.points[0].example->ids == ids_of(1));
            CHECK(family.points[0].example->value == 4);
            CHECK(family.points[0].example->at == clock.wall_now() - 1s);
        });
        with_family(registry, "wait_seconds", [&](auto const& family) {
            std::vector<std::pair<double, metrics::exemplar>> found;
            for (auto const& bucket : family.points[0].histogram->buckets) {
                if (bucket.example != nullptr) {
                    found.emplace_back(bucket.upper_bound, *bucket.example);
                }
            }
            REQUIRE(found.size() == 2);
            CHECK(found[0].first == 0.5);
            CHECK(found[0].second.value == 0.3);
            CHECK(found[1].first == 4.0);
            CHECK(found[1].second.ids == ids_of(10));
        });
    }
    current = ids_of(20);
    calls.add(6);
    with_family(registry, "calls_total",
                [&](auto const& family) { CHECK(family.points[0].example->ids == ids_of(20)); });
    current = {};
}

TEST_CASE("metrics: an exemplar may be named by the caller, and goes with its series") {
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.");
    auto wait = registry.histogram("wait_seconds", "Wait.");
    calls.add(2, ids_of(1));
    calls.add(0.5, ids_of(5)); // not asked for before the next scrape
    wait.observe(1h, ids_of(2));
    wait.observe(std::numeric_limits<double>::infinity(), ids_of(3));
    calls.add(1, metrics::exemplar_ids{});
    CHECK(calls.value() == 3.5);
    with_family(registry, "calls_total",
                [&](auto const& family) { CHECK(family.points[0].example->ids == ids_of(1)); });
    with_family(registry, "wait_seconds", [&](auto const& family) {
        auto const& buckets = family.points[0].histogram->buckets;
        for (auto const& bucket : buckets) {
            CHECK((bucket.example != nullptr) == (bucket.upper_bound == 4096));
        }
    });
    registry.remove("calls_total");
    for (int i = 0; i < 100; ++i) { // until its place is used again
        registry.counter("calls_total", "Calls.").add();
        with_family(registry, "calls_total", [&](auto const& family) { REQUIRE(family.points[0].example == nullptr); });
        registry.remove("calls_total");
    }
}

TEST_CASE("metrics: an update that is refused leaves no exemplar") {
    metrics::registry registry;
    auto calls = registry.counter("calls_total", "Calls.");
    calls.add(-1, ids_of(1));
    calls.add(-0.5, ids_of(2));
    calls.add(std::numeric_limits<double>::quiet_NaN(), ids_of(3));
    calls.add(std::numeric_limits<double>::infinity(), ids_of(4));
    with_family(registry, "calls_total", [&](auto const& family) { CHECK(family.points[0].example == nullptr); });
    calls.add(2, ids_of(5)); // is still asked for
    with_family(registry, "calls_total", [&](auto const& family) {
        REQUIRE(family.points[0].example != nullptr);
        CHECK(family.points[0].example->ids == ids_of(5));
    });
}

TEST_CASE("metrics: a handle to a removed series takes no exemplar from the one in its place") {
    metrics::registry registry;
    auto const family = registry.counter_family<"id">("calls_total", "Calls.");
    auto const waits = registry.histogram_family<"id">("wait_seconds", "Wait.", {.lowest = 1, .highest = 4});
    std::vector<metrics::counter> old_calls;
    std::vector<metrics::histogram> old_waits;
    for (int i = 0; i < 100; ++i) { // more than what is gathered before places are used again
        auto const id = std::to_string(i);
        old_calls.push_back(family.with(id));
        old_waits.push_back(waits.with(id));
        REQUIRE(registry.remove("calls_total", {{"id", id}}));
        REQUIRE(registry.remove("wait_seconds", {{"id", id}}));
    }
    std::vector<metrics::counter> calls;
    std::vector<metrics::histogram> observed;
    for (int i = 0; i < 100; ++i) {
        calls.push_back(family.with(std::to_string(1'000 + i)));
        observed.push_back(waits.with(std::to_string(1'000 + i)));
    }
    for (int i = 0; i < 100; ++i) {
        old_calls[static_cast<std::size_t>(i)].add(1, ids_of(1));
        old_waits[static_cast<std::size_t>(i)].observe(2.0, ids_of(1));
    }
    for (int i = 0; i < 100; ++i) {
        calls[static_cast<std::size_t>(i)].add(1, ids_of(2));
        observed[static_cast<std::size_t>(i)].observe(2.0, ids_of(2));
    }
    with_family(registry, "calls_total", [&](auto const& points) {
        REQUIRE(points.points.size() == 100);
        for (auto const& each : points.points) {
            REQUIRE(each.example != nullptr);
            REQUIRE(each.example->ids == ids_of(2));
        }
    });
    with_family(registry, "wait_seconds", [&](auto const& points) {
        for (auto const& each : points.points) {
            REQUIRE(each.histogram->buckets[1].example != nullptr);
        }
    });
}

TEST_CASE("metrics: exemplars of many threads are whole") {
    metrics::registry registry;
    auto wait = registry.histogram("wait_seconds", "Wait.", {}, {.lowest = 1, .highest = 4});
    std::atomic<bool> done{false};
    std::vector<std::thread> writers;
    for (std::uint64_t id = 1; id <= 3; ++id) {
        writers.emplace_back([&, id] {
            for (std::uint64_t i = 0; !done; ++i) {
                wait.observe(1.5 + static_cast<double>(id) / 8, ids_of(id * 1'000'000 + i % 1'000));
            }
        });
    }
    for (int scrape = 0; scrape < 2'000; ++scrape) {
        registry.collect([&](metrics::family_points const& family) {
            if (family.name != "wait_seconds") {
                return;
            }
            for (auto const& bucket : family.points[0].histogram->buckets) {
                if (bucket.example != nullptr) {
                    auto const& [trace, span] = bucket.example->ids;
                    REQUIRE(trace.low == trace.high + 1);
                    REQUIRE(span.value == trace.high + 2);
                    REQUIRE(bucket.example->value == 1.5 + static_cast<double>(trace.high / 1'000'000) / 8);
                }
            }
        });
    }
    done = true;
    for (auto& writer : writers) {
        writer.join();
    }
}

TEST_CASE("metrics: who receives the points may use the registry") {
    metrics::registry registry;
    registry.counter("calls_total", "Calls.", {{"a", "1"}}).add();
    int seen = 0;
    registry.collect([&](metrics::family_points const& family) {
        ++seen;
        registry.remove("calls_total", {{"a", "1"}});
        registry.gauge("a_new_one", "New.").set(1);
        CHECK_FALSE(family.points.empty());
        CHECK(family.points[0].number.value >= 0);
    });
    CHECK(seen == 4);
}

TEST_CASE("metrics: measurements of other components are collected in the same form") {
    metrics::exposition document;
    std::vector<orfeas::label> const labels{{"b", "2"}, {"a", "1"}};
    document.add({"hits_total", orfeas::measurement_kind::counter, orfeas::unit::none, 7, labels, "Hits."});
    with_family(document, "hits_total", [](metrics::family_points const& family) {
        CHECK(family.type == metrics::metric_type::counter);
        REQUIRE(family.points.size() == 1);
        CHECK(family.points[0].labels[0] == orfeas::label{"a", "1"});
        CHECK(family.points[0].number.value == 7);
        CHECK(family.points[0].start == orfeas::wall_time{});
    });
}
