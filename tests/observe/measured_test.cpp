// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/metrics/registry.hpp>
#include <orfeas/observe/measured.hpp>

#include <string>

using namespace orfeas;

namespace {

struct source {
    metrics::registry registry;
    metrics::registry& metrics() { return registry; }

    void measure(measurement_sink sink) const {
        using enum measurement_kind;
        sink({"pool_used_bytes", gauge, unit::bytes, 1, {}, ""});
        sink({"meshes_total", counter, unit::none, 1, {}, ""});
        sink({"jobs", gauge, unit::none, 1, {}, ""});
        sink({"wait_seconds_count", counter, unit::none, 1, {}, ""});
        sink({"cells_total", counter, unit::none, 1, {}, ""});
    }
};
static_assert(observe::metrics_source<source>);

std::string names_of(source& from) {
    std::string all;
    observe::measured_beside_registry(from).collect(
        [&](metrics::family_points const& family) { all.append(family.name).append(" "); });
    return all;
}

} // namespace

TEST_CASE("observe: a measurement whose name the application's own metrics take is left out") {
    source from;
    CHECK(names_of(from) == "cells_total jobs meshes_total pool_used_bytes wait_seconds_count ");
    from.registry.counter("meshes_total", "Its own.");
    from.registry.counter("jobs_total", "In OpenMetrics its family is jobs.");
    from.registry.histogram("wait_seconds", "Has a sample wait_seconds_count.");
    CHECK(names_of(from) == "cells_total pool_used_bytes ");
}
