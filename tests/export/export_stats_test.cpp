// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/export/export_stats.hpp>

#include <map>
#include <string>

namespace exporting = orfeas::exporting;

TEST_CASE("export stats: measurements are labelled by signal and reason", "[export][export_stats]") {
    exporting::export_stats stats;
    stats.produced = 12;
    stats.queued = 1;
    stats.in_flight = 2;
    stats.exported = 3;
    for (std::size_t i = 0; i < exporting::drop_reasons; ++i) {
        stats.drops[i] = 1;
    }
    CHECK(stats.dropped() == 6);
    CHECK(stats.is_balanced());
    std::map<std::string, double> seen;
    stats.measure(
        [&](orfeas::measurement const& each) {
            std::string name{each.name};
            for (auto const& label : each.labels) {
                name.append(" ").append(label.name).append("=").append(label.value);
            }
            CHECK(seen.emplace(name, each.value).second);
        },
        "traces");
    CHECK(seen["export_items_total signal=traces"] == 12);
    CHECK(seen["export_exported_total signal=traces"] == 3);
    for (auto const reason : {"queue_full", "queue_bytes", "rejected", "failed", "retries_exhausted", "shutdown"}) {
        CHECK(seen.count("export_dropped_total reason=" + std::string{reason} + " signal=traces") == 1);
    }
}
