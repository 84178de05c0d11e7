// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/metrics/exposition.hpp>

#include <limits>
#include <string>
#include <vector>

namespace metrics = orfeas::metrics;
using orfeas::label;
using orfeas::measurement;
using orfeas::measurement_kind;
using orfeas::unit;

TEST_CASE("metrics: measurements in any order become sorted families") {
    std::vector<label> const pool{{"component", "pool"}};
    std::vector<label> const meshes{{"component", "meshes"}};
    std::vector<measurement> const list{
        {"memory_free_bytes", measurement_kind::gauge, unit::bytes, 512, pool, "Free."},
        {"cache_hits_total", measurement_kind::counter, unit::none, 7, meshes, "Hits."},
        {"memory_free_bytes", measurement_kind::gauge, unit::bytes, 256, meshes, "Free."},
        {"cache_hit_ratio", measurement_kind::gauge, unit::ratio, std::numeric_limits<double>::quiet_NaN(), {}, ""},
    };
    std::string text = "# before\n";
    CHECK(metrics::write_prometheus(text, list) == 0);
    CHECK(text == "# before\n"
                  "# TYPE cache_hit_ratio gauge\n"
                  "cache_hit_ratio NaN\n"
                  "# HELP cache_hits_total Hits.\n"
                  "# TYPE cache_hits_total counter\n"
                  "cache_hits_total{component=\"meshes\"} 7\n"
                  "# HELP memory_free_bytes Free.\n"
                  "# TYPE memory_free_bytes gauge\n"
                  "memory_free_bytes{component=\"meshes\"} 256\n"
                  "memory_free_bytes{component=\"pool\"} 512\n");
}

TEST_CASE("metrics: what would break a scrape is refused and the rest is written") {
    metrics::exposition document;
    auto const gauge = [](std::string_view name, std::span<label const> labels = {}) {
        return measurement{name, measurement_kind::gauge, unit::none, 1, labels, "Help."};
    };
    std::vector<label> const bad_name{{"a-b", "1"}};
    std::vector<label> const twice{{"a", "1"}, {"a", "2"}};
    std::vector<label> const forward{{"a", "1"}, {"b", "2"}};
    std::vector<label> const backward{{"b", "2"}, {"a", "1"}};
    CHECK(document.add(gauge("depth", forward)));
    CHECK_FALSE(document.add(gauge("depth", backward)));
    CHECK_FALSE(document.add(gauge("bad name")));
    CHECK_FALSE(document.add(gauge("depth", bad_name)));
    CHECK_FALSE(document.add(gauge("depth", twice)));
    CHECK_FALSE(document.add({"depth", measurement_kind::counter, unit::none, 1, {}, ""}));
    CHECK(document.refused() == 5);
    std::string text;
    document.write_prometheus(text);
    CHECK(text == "# HELP depth Help.\n# TYPE depth gauge\ndepth{a=\"1\",b=\"2\"} 1\n");
}

TEST_CASE("metrics: an exposition keeps copies of what it was given") {
    metrics::exposition document;
    {
        std::string const name = "short_lived_name_that_is_not_in_a_small_buffer";
        std::string const value = "a label value that is not in a small buffer either";
        std::vector<label> const labels{{"x", value}};
        document.add({name, measurement_kind::gauge, unit::none, 1, labels, name});
    }
    std::string text;
    document.write_prometheus(text);
    CHECK_THAT(text, orfeas_test::contains("a label value that is not in a small buffer either"));
}

TEST_CASE("metrics: an exposition escapes label values and help texts") {
    std::vector<label> const labels{{"x", "a\"b\xFF"}};
    metrics::exposition document;
    document.add({"m", measurement_kind::gauge, unit::none, 1, labels, "one\ntwo"});
    std::string text;
    document.write_prometheus(text);
    CHECK(text == "# HELP m one\\ntwo\n# TYPE m gauge\nm{x=\"a\\\"b\xEF\xBF\xBD\"} 1\n");
}

TEST_CASE("metrics: families that OpenMetrics would mix up are refused, whichever comes later") {
    metrics::exposition document;
    auto const add = [&](std::string_view name, orfeas::measurement_kind kind) {
        return document.add({name, kind, orfeas::unit::none, 1, {}, ""});
    };
    using enum orfeas::measurement_kind;
    CHECK(add("jobs", gauge));
    CHECK_FALSE(add("jobs_total", counter));
    CHECK(add("calls_total", counter));
    CHECK_FALSE(add("calls", gauge));
    CHECK_FALSE(add("calls_created", gauge));
    CHECK(add("threads_created", gauge));
    CHECK_FALSE(add("threads_total", counter));
    CHECK(add("held_total", gauge)); // no counter, so it is not `held`
    CHECK(add("held", gauge));
    CHECK(document.refused() == 4);
}
