// SPDX-License-Identifier: MIT
#include "reading.hpp"
#include "support/catch.hpp"

#include <orfeas/metrics/registry.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
namespace metrics = orfeas::metrics;
using metrics_test::measured;
using metrics_test::written;
using metrics_test::written_without_own;

TEST_CASE("metrics: one name and one set of labels is one series, whatever their order") {
    metrics::registry registry;
    auto first = registry.counter("calls_total", "Calls.", {{"a", "1"}, {"b", "2"}});
    auto second = registry.counter("calls_total", "Calls.", {{"b", "2"}, {"a", "1"}});
    auto other = registry.counter("calls_total", "Calls.", {{"a", "1"}, {"b", "3"}});
    first.add();
    second.add(4);
    other.add(0.5);
    CHECK(first.value() == 5);
    CHECK(other.value() == 0.5);
    std::vector<orfeas::label> const labels{{"a", "1"}, {"b", "2"}};
    CHECK(registry.counter("calls_total", "Calls.", labels).value() == 5);
}

TEST_CASE("metrics: a document is sorted, escaped and introduces each family once") {
    metrics::registry registry;
    registry.gauge("depth", "").set(-2.5);
    registry.counter("calls_total", "A \\ and\na line.", {{"route", "/b"}}).add(3);
    registry.counter("calls_total", "A \\ and\na line.", {{"route", "/a \"q\" \\ \n."}}).add(1);
    registry.gauge("celsius", "Heat.", {{"gpu", "\xFF\xC3\xA9"}}).set(61);
    CHECK(written_without_own(registry) == "# HELP calls_total A \\\\ and\\na line.\n"
                                           "# TYPE calls_total counter\n"
                                           "calls_total{route=\"/a \\\"q\\\" \\\\ \\n.\"} 1\n"
                                           "calls_total{route=\"/b\"} 3\n"
                                           "# HELP celsius Heat.\n"
                                           "# TYPE celsius gauge\n"
                                           "celsius{gpu=\"\xEF\xBF\xBD\xC3\xA9\"} 61\n"
                                           "# TYPE depth gauge\n"
                                           "depth -2.5\n");
}

TEST_CASE("metrics: special values are written as Prometheus reads them") {
    metrics::registry registry;
    registry.gauge("a", "A.").set(std::numeric_limits<double>::quiet_NaN());
    registry.gauge("b", "B.").set(std::numeric_limits<double>::infinity());
    registry.gauge("c", "C.").set(-std::numeric_limits<double>::infinity());
    registry.gauge("d", "D.").set(1e300);
    auto const text = written(registry);
    CHECK_THAT(text, orfeas_test::contains("\na NaN\n"));
    CHECK_THAT(text, orfeas_test::contains("\nb +Inf\n"));
    CHECK_THAT(text, orfeas_test::contains("\nc -Inf\n"));
    CHECK_THAT(text, orfeas_test::contains("\nd 1e+300\n"));
}

TEST_CASE("metrics: what cannot be registered is refused with the rule") {
    metrics::registry registry;
    registry.counter("calls_total", "Calls.", {{"route", "/"}});
    registry.gauge("depth", "Depth.");
    registry.histogram("wait_seconds", "Wait.");
    using orfeas_test::contains;
    using error = metrics::registration_error;
    CHECK_THROWS_WITH(registry.gauge("9lives", "x"), contains("'9lives'") && contains("[a-zA-Z_:]"));
    CHECK_THROWS_AS(registry.gauge("", "x"), error);
    CHECK_THROWS_AS(registry.gauge("a-b", "x"), error);
    CHECK_THROWS_WITH(registry.counter("calls", "x"), contains("_total"));
    CHECK_THROWS_WITH(registry.gauge("calls_total", "Calls.", {{"route", "/"}}), contains("exists as a counter"));
    CHECK_THROWS_WITH(registry.counter("calls_total", "Other.", {{"route", "/"}}), contains("help text 'Calls.'"));
    CHECK_THROWS_WITH(registry.counter("calls_total", "Calls.", {{"path", "/"}}), contains("other label names"));
    CHECK_THROWS_WITH(registry.counter("calls_total", "Calls."), contains("other label names"));
    CHECK_THROWS_WITH(registry.gauge("g", "x", {{"__a", "1"}}), contains("'__a'"));
    CHECK_THROWS_WITH(registry.gauge("g", "x", {{"a b", "1"}}), contains("'a b'"));
    CHECK_THROWS_WITH(registry.gauge("g", "x", {{"le", "1"}}), contains("le"));
    CHECK_THROWS_WITH(registry.gauge("g", "x", {{"a", "1"}, {"a", "2"}}), contains("given twice"));
    CHECK_THROWS_WITH(registry.histogram("wait_seconds", "Wait.", {}, {.schema = 1}), contains("bucket range"));
    CHECK_THROWS_WITH(registry.gauge("wait_seconds_sum", "x"), contains("histogram 'wait_seconds'"));
    CHECK_THROWS_AS(registry.histogram("h", "x", {}, {.lowest = -1}), orfeas::option_error);
    registry.gauge("size_count", "x");
    CHECK_THROWS_WITH(registry.histogram("size", "x"), contains("'size_count'"));
    // OpenMetrics has a counter's family without its _total
    CHECK_THROWS_WITH(registry.counter("wait_seconds_count_total", "x"), contains("histogram 'wait_seconds'"));
    CHECK_THROWS_AS(registry.counter("wait_seconds_sum_total", "x"), error);
    CHECK_THROWS_AS(registry.counter("wait_seconds_bucket_total", "x"), error);
    CHECK_THROWS_AS(registry.counter("wait_seconds_created_total", "x"), error);
    CHECK_THROWS_WITH(registry.counter("calls_created_total", "x"), contains("'calls_total'"));
    CHECK_THROWS_AS(registry.counter("calls_total_total", "x"), error);
    CHECK_THROWS_AS(registry.gauge("calls", "x"), error);
    CHECK_THROWS_AS(registry.gauge("calls_created", "x"), error);
    CHECK_THROWS_AS(registry.counter("depth_total", "x"), error);
    CHECK_NOTHROW(registry.gauge("depth_count", "x"));
    CHECK_NOTHROW(registry.counter("calls_sum_total", "x"));
    registry.counter("batch_count_total", "x");
    CHECK_THROWS_WITH(registry.histogram("batch", "x"), contains("'batch_count_total'"));
    registry.counter("jobs_created_total", "x");
    CHECK_THROWS_WITH(registry.counter("jobs_total", "x"), contains("'jobs_created_total'"));
    std::vector<std::string> names;
    for (int i = 0; i < 33; ++i) {
        names.push_back("l" + std::to_string(i));
    }
    std::vector<orfeas::label> const labels{names.begin(), names.end()};
    CHECK_THROWS_WITH(registry.gauge("g", "x", labels), contains("32 labels"));
}

TEST_CASE("metrics: a registry tells which names its metrics take") {
    metrics::registry registry;
    registry.counter("calls_total", "Calls.");
    registry.histogram("wait_seconds", "Wait.");
    registry.gauge("depth", "Depth.");
    using enum metrics::metric_type;
    CHECK(registry.has_name_of("calls_total", counter));
    CHECK(registry.has_name_of("calls", gauge));
    CHECK(registry.has_name_of("calls_created", gauge));
    CHECK(registry.has_name_of("wait_seconds", gauge));
    CHECK(registry.has_name_of("wait_seconds_count", gauge));
    CHECK(registry.has_name_of("wait_seconds_sum_total", counter));
    CHECK(registry.has_name_of("depth_total", counter));
    CHECK_FALSE(registry.has_name_of("depth_total", gauge));
    CHECK_FALSE(registry.has_name_of("depth_count", gauge));
    CHECK_FALSE(registry.has_name_of("calls_sum", gauge));
}

TEST_CASE("metrics: labels without end share the overflow series") {
    metrics::registry registry{{.max_series = 3}};
    for (int user = 0; user < 1'000; ++user) {
        auto const name = std::to_string(user);
        registry.counter("calls_total", "Calls.", {{"user", name}}).add();
    }
    auto const values = measured(registry);
    CHECK(values.at("calls_total,user=0") == 1);
    CHECK(values.at("calls_total,user=2") == 1);
    CHECK(values.at("calls_total,user=overflow") == 997);
    CHECK_FALSE(values.contains("calls_total,user=3"));
    CHECK(values.at("metrics_overflows_total") == 997);
    CHECK(values.at("metrics_series") == 7);
    registry.counter("calls_total", "Calls.", {{"user", "1"}}).add();
    CHECK(measured(registry).at("calls_total,user=1") == 2);
}

TEST_CASE("metrics: series that would be written alike are one") {
    metrics::registry registry;
    auto const family = registry.counter_family<"path">("calls_total", "Calls.");
    family.with("/\xff").add(1);
    family.with("/\xfe").add(2);
    family.with("/\xef\xbf\xbd").add(4); // the replacement character itself
    registry.counter("calls_total", "Calls.", {{"path", "/\xc0"}}).add(8);
    family.with("/\xc3\xa9").add(16); // is UTF-8
    CHECK(family.with("/\xff").value() == 15);
    CHECK(written(registry).find("calls_total{path=\"/\xef\xbf\xbd\"} 15\n") != std::string::npos);
    auto const values = measured(registry);
    CHECK(values.at("calls_total,path=/\xef\xbf\xbd") == 15);
    CHECK(values.at("metrics_series") == 3 + 2);
    auto const asked = registry.callback_gauge("depth", "Depth.", [] { return 1.0; }, {{"id", "\xff"}});
    CHECK_THROWS_AS(registry.callback_gauge("depth", "Depth.", [] { return 1.0; }, {{"id", "\xfe"}}),
                    metrics::registration_error);
    CHECK(registry.remove("calls_total", {{"path", "/\x80"}}));
    CHECK_FALSE(measured(registry).contains("calls_total,path=/\xef\xbf\xbd"));
}

TEST_CASE("metrics: ten thousand series work") {
    metrics::registry registry;
    for (int family = 0; family < 100; ++family) {
        for (int each = 0; each < 100; ++each) {
            auto const label = std::to_string(each);
            registry.gauge("family_" + std::to_string(family), "One of many.", {{"each", label}}).set(each);
        }
    }
    auto const values = measured(registry);
    CHECK(values.size() == 10'003);
    CHECK(values.at("family_99,each=42") == 42);
}

TEST_CASE("metrics: measurements carry kind, unit, help and sorted labels") {
    metrics::registry registry;
    registry.counter("sent_bytes_total", "Sent.", {{"z", "1"}, {"a", "2"}}).add(7);
    bool seen = false;
    registry.measure([&](orfeas::measurement const& m) {
        if (m.name == "sent_bytes_total") {
            seen = true;
            CHECK(m.kind == orfeas::measurement_kind::counter);
            CHECK(m.unit == orfeas::unit::bytes);
            CHECK(m.help == "Sent.");
            REQUIRE(m.labels.size() == 2);
            CHECK(m.labels[0] == orfeas::label{"a", "2"});
        }
    });
    CHECK(seen);
}

TEST_CASE("metrics: concurrent updates are all counted while others register and scrape") {
    metrics::registry registry;
    constexpr int threads = 4;
    constexpr int updates = 20'000;
    std::atomic<bool> done{false};
    std::thread scraper{[&] {
        while (!done) {
            std::string const text = written(registry);
            measured(registry);
        }
    }};
    std::vector<std::thread> writers;
    for (int id = 0; id < threads; ++id) {
        writers.emplace_back([&, id] {
            auto shared = registry.counter("shared_total", "Shared.");
            auto wait = registry.histogram("wait_seconds", "Wait.");
            auto depth = registry.gauge("depth", "Depth.");
            for (int i = 0; i < updates; ++i) {
                shared.add();
                shared.add(0.25);
                wait.observe(1.0);
                depth.add(1);
                depth.sub(1);
                if (i % 1'000 == 0) {
                    auto const name = std::to_string(id * updates + i);
                    auto const temporary =
                        registry.callback_gauge("temporary", "T.", [] { return 1.0; }, {{"id", name}});
                }
            }
        });
    }
    for (auto& writer : writers) {
        writer.join();
    }
    done = true;
    scraper.join();
    auto const values = measured(registry);
    CHECK(values.at("shared_total") == threads * updates * 1.25);
    CHECK(values.at("wait_seconds_count") == threads * updates);
    CHECK(values.at("wait_seconds_sum") == threads * updates);
    CHECK(values.at("depth") == 0);
}

TEST_CASE("metrics: options out of range are refused") {
    CHECK_THROWS_AS(metrics::registry{{.max_series = 0}}, orfeas::option_error);
    CHECK_THROWS_AS(metrics::registry{{.quantile_window = 1ms}}, orfeas::option_error);
    auto const options = orfeas::from_environment<metrics::registry_options>({}, {"ORFEAS_METRICS_MAX_SERIES=50"});
    CHECK(options.max_series == 50);
}
