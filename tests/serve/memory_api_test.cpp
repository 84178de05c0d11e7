// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/http/head_parser.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/serve/memory_api.hpp>

#include <nlohmann/json.hpp>

#include <string>

using namespace orfeas;
using namespace orfeas::literals;
using nlohmann::json;

namespace {

using orfeas_test::opaque_pool;

http::request asking(std::string const& query) {
    http::request q;
    auto const parsed = http::head_parser{}.parse("GET /" + query + " HTTP/1.1\r\nHost: localhost\r\n\r\n", q);
    REQUIRE(parsed.outcome == http::head_parser::state::complete);
    return q;
}

json report(observe::memory_watch const& watched, std::string const& query = "") {
    auto const answer = serve::memory_report(watched, asking(query));
    CHECK(answer.status() == http::status::ok);
    CHECK(answer.field("cache-control") == "no-store");
    return json::parse(answer.body().text())["pools"];
}

memory::pool_options with_events() {
    memory::pool_options options;
    options.event_capacity = 64;
    return options;
}

/// Two pools under watch, of which one has held much.
struct two_pools {
    opaque_pool pool{64_MiB, with_events()};
    opaque_pool gpu{8_MiB, with_events()};
    memory::buffer<char, opaque_pool> weights{pool, 60_MiB, {.tag = pool.tag("weights")}};
    memory::buffer<char, opaque_pool> small{pool, 1_MiB, {.tag = pool.tag("<small>")}};
    observe::memory_watch watched;

    two_pools() {
        watched.add("pool", pool);
        watched.add("gpu", gpu);
    }
};

} // namespace

TEST_CASE("serve: without a pool the report is empty, and there is no picture") {
    observe::memory_watch const nothing;
    CHECK(report(nothing).empty());
    CHECK(serve::memory_timeline(nothing, asking("")).status() == http::status::not_found);
}

TEST_CASE("serve: before the first frame a pool has no history, but a profile") {
    two_pools const pools;
    auto const all = report(pools.watched);
    REQUIRE(all.size() == 2);
    CHECK(all[0]["name"] == "pool");
    CHECK(all[0]["has_history"] == false);
    CHECK(all[0]["summary"] == "no history\n");
    CHECK(all[0]["fragmentation"]["samples"] == 0);
    CHECK(all[0]["recommendations"].empty());
    CHECK(all[0]["profile"]["allocated_bytes"] == 61_MiB);
    CHECK(all[1]["name"] == "gpu");
    CHECK(all[1]["profile"]["allocated_bytes"] == 0);
}

TEST_CASE("serve: the report tells of pressure, history, cleanups, advice and who holds most") {
    two_pools pools;
    pools.gpu.deallocate(pools.gpu.allocate(2_MiB), 2_MiB);
    auto const freed = pools.gpu.cleanup();
    REQUIRE(freed.freed_bytes > 0);
    pools.watched.record("gpu", {.time = wall_time{std::chrono::seconds{1000}}, .report = freed});
    pools.watched.sample();
    pools.watched.sample();
    auto const all = report(pools.watched);
    auto const& pool = all[0];
    CHECK(pool["has_history"] == true);
    CHECK(pool["profile"]["pressure"] == "critical");
    CHECK(pool["fragmentation"]["samples"] == 2);
    CHECK(pool["fragmentation"].contains("maximum_ratio"));
    CHECK(pool["fragmentation"].contains("average_ratio"));
    CHECK(pool["trend"] == "steady");
    REQUIRE_FALSE(pool["recommendations"].empty());
    CHECK(pool["recommendations"][0]["advice"] == "clean_up_now");
    CHECK(pool["recommendations"][0]["text"] == "clean up now: 95 % of the memory in use");
    CHECK(pool["tags"][0]["name"] == "weights");
    CHECK(pool["tags"][0]["current_bytes"] == 60_MiB);
    CHECK(pool["tags"][1]["name"] == "<small>");
    CHECK(pool["cleanups_total"] == 0);

    auto const& gpu = all[1];
    CHECK(gpu["cleanups_total"] == 1);
    CHECK(gpu["total_freed_bytes"] == freed.freed_bytes);
    CHECK(gpu["cleanups"][0]["time"] == 1000.0);
    CHECK(gpu["cleanups"][0]["report"]["freed_bytes"] == freed.freed_bytes);
    CHECK(gpu["recommendations"][0]["advice"] == "all_well");
}

TEST_CASE("serve: a pool is asked for by its name, and as many tags as are wanted") {
    two_pools const pools;
    auto const one = report(pools.watched, "?pool=gpu");
    REQUIRE(one.size() == 1);
    CHECK(one[0]["name"] == "gpu");
    CHECK(report(pools.watched, "?pool=pool&tags=1")[0]["tags"].size() == 1);
    for (auto const* query : {"?pool=none", "?pool="}) {
        try {
            serve::memory_report(pools.watched, asking(query));
            FAIL("no such pool");
        } catch (http::problem_error const& error) {
            auto const answer = error.problem().response();
            CHECK(answer.status() == http::status::not_found);
            CHECK(json::parse(answer.body().text())["allowed"] == "pool, gpu");
        }
    }
    CHECK_THROWS_AS(serve::memory_report(pools.watched, asking("?tags=-1")), http::problem_error);
}

TEST_CASE("serve: the picture is an SVG of the pool that is asked for") {
    two_pools const pools;
    auto const answer = serve::memory_timeline(pools.watched, asking("?width=640&height=300"));
    CHECK(answer.status() == http::status::ok);
    CHECK(answer.field("content-type") == "image/svg+xml");
    CHECK(answer.field("content-security-policy") == "default-src 'none'");
    std::string const text{answer.body().text()};
    CHECK_THAT(text, orfeas_test::contains("viewBox=\"0 0 640 300\""));
    CHECK_THAT(text, orfeas_test::contains("pool on "));
    CHECK_THAT(text, orfeas_test::contains("weights, peak 60 MiB"));
    CHECK(text.find("<small>") == std::string::npos); // names are escaped
    std::string const other{serve::memory_timeline(pools.watched, asking("?pool=gpu")).body().text()};
    CHECK_THAT(other, orfeas_test::contains("gpu on "));
    CHECK_THROWS_AS(serve::memory_timeline(pools.watched, asking("?pool=none")), http::problem_error);
    CHECK_THROWS_AS(serve::memory_timeline(pools.watched, asking("?width=10")), http::problem_error);
}
