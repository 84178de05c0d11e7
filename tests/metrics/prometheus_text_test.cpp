// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/metrics/prometheus_text.hpp>
#include <orfeas/metrics/registry.hpp>

#include <cstdint>
#include <string>

namespace metrics = orfeas::metrics;

TEST_CASE("metrics: whole numbers are written in full, whatever their size") {
    metrics::registry registry;
    registry.counter("a_total", "A.").add((std::uint64_t{1} << 53U) + 1);
    std::string text = "kept\n";
    metrics::prometheus_text writer{text};
    registry.collect(writer);
    writer.finish();
    CHECK(text.starts_with("kept\n# HELP a_total A.\n# TYPE a_total counter\na_total 9007199254740993\n"));
}

TEST_CASE("metrics: a string that is large enough is not allocated again") {
    metrics::registry registry;
    auto wait = registry.histogram_family<"route">("wait_seconds", "Wait.");
    for (int i = 0; i < 20; ++i) {
        wait.with(std::to_string(i)).observe(i);
    }
    std::string text;
    registry.write_prometheus(text);
    auto const first = text;
    auto const* const place = text.data();
    text.clear();
    registry.write_prometheus(text);
    CHECK(text == first);
    CHECK(text.data() == place);
}
