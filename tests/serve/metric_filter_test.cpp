// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/serve/metric_filter.hpp>

using namespace orfeas;

namespace {

observe::series const pool{"memory_bytes{component=\"pool\"}", "memory_bytes", {}, {}, {}, {}};
observe::series const cache{"cache_bytes{component=\"meshes\"}", "cache_bytes", {}, {}, {}, {}};

} // namespace

TEST_CASE("serve: a subscriber wants everything at first") {
    serve::metric_filter const filter;
    CHECK(filter.wants_everything());
    CHECK(filter.wants(pool));
}

TEST_CASE("serve: the first subscription narrows to what it names, by name or by key") {
    serve::metric_filter filter;
    filter.subscribe("memory_bytes");
    CHECK_FALSE(filter.wants_everything());
    CHECK(filter.wants(pool));
    CHECK_FALSE(filter.wants(cache));
    filter.subscribe("cache_bytes{component=\"meshes\"}");
    CHECK(filter.wants(cache));
}

TEST_CASE("serve: a star subscribes to everything again, or unsubscribes from it") {
    serve::metric_filter filter;
    filter.subscribe("memory_bytes");
    filter.subscribe("*");
    CHECK(filter.wants(cache));
    filter.unsubscribe("*");
    CHECK_FALSE(filter.wants(cache));
    CHECK_FALSE(filter.wants(pool));
}

TEST_CASE("serve: unsubscribing takes one name away, and an unknown one changes nothing") {
    serve::metric_filter filter;
    filter.unsubscribe("memory_bytes");
    CHECK(filter.wants(pool));
    filter.subscribe("memory_bytes");
    filter.subscribe("cache_bytes");
    filter.unsubscribe("memory_bytes");
    CHECK_FALSE(filter.wants(pool));
    CHECK(filter.wants(cache));
}
