// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/stats.hpp>
#include <orfeas/core/json.hpp>

#include <limits>
#include <map>
#include <string>

namespace cache = orfeas::cache;

TEST_CASE("cache: every field of the statistics is measured, levels as gauges and the rest as counters") {
    cache::cache_stats stats;
    stats.hits = 3;
    stats.hit_ratio = 0.5;
    stats.bytes = 4'096;
    std::map<std::string, orfeas::measurement_kind> kinds;
    std::map<std::string, double> values;
    cache::measure(stats, [&](orfeas::measurement const& m) {
        kinds[std::string{m.name}] = m.kind;
        values[std::string{m.name}] = m.value;
        CHECK_FALSE(m.help.empty());
    });
    using enum orfeas::measurement_kind;
    std::map<std::string, orfeas::measurement_kind> const expected{{"cache_hits_total", counter},
                                                                   {"cache_misses_total", counter},
                                                                   {"cache_hit_ratio", gauge},
                                                                   {"cache_entries", gauge},
                                                                   {"cache_bytes", gauge},
                                                                   {"cache_capacity_bytes", gauge},
                                                                   {"cache_insertions_total", counter},
                                                                   {"cache_refusals_total", counter},
                                                                   {"cache_evictions_total", counter},
                                                                   {"cache_expirations_total", counter},
                                                                   {"cache_loads_total", counter},
                                                                   {"cache_load_failures_total", counter},
                                                                   {"cache_coalesced_total", counter},
                                                                   {"cache_stale_served_total", counter}};
    CHECK(kinds == expected);
    CHECK(values["cache_hits_total"] == 3);
    CHECK(values["cache_hit_ratio"] == 0.5);
    CHECK(values["cache_bytes"] == 4'096);
}

TEST_CASE("cache: the statistics are written as JSON, a missing ratio as null") {
    cache::cache_stats stats;
    stats.hit_ratio = std::numeric_limits<double>::quiet_NaN();
    CHECK_THAT(orfeas::to_json(stats), orfeas_test::contains(R"("misses":0,"hit_ratio":null,"entries":0)"));
}
