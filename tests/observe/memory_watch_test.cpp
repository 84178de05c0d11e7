// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/memory/buffer.hpp>
#include <orfeas/observe/memory_watch.hpp>

#include <string>
#include <vector>

using namespace orfeas;
using namespace orfeas::literals;

namespace {

using orfeas_test::opaque_pool;
static_assert(observe::reports_memory<opaque_pool>);
static_assert(!observe::reports_memory<std::string>);

} // namespace

TEST_CASE("observe: each pool has a history of its own") {
    opaque_pool big{64_MiB};
    opaque_pool small{8_MiB};
    observe::memory_watch watched{2};
    watched.add("big", big);
    CHECK_FALSE(watched.view("big")->report.current);
    CHECK(memory::to_text(watched.view("big")->report) == "no history\n");
    watched.sample();
    watched.add("small", small);
    memory::buffer<char, opaque_pool> const half{small, 4_MiB, {.tag = small.tag("half")}};
    watched.sample();
    watched.sample();

    CHECK(watched.names() == std::vector<std::string>{"big", "small"});
    auto const first = *watched.view("big");
    CHECK(first.report.fragmentation.samples == 2); // no more than it keeps
    CHECK(first.report.current->allocated_bytes == 0);
    CHECK(first.now.tags.empty());
    auto const second = *watched.view("small");
    CHECK(second.report.current->allocated_bytes == 4_MiB);
    CHECK(second.now.name == "small");
    REQUIRE(second.now.tags.size() == 1);
    CHECK(second.now.tags[0].name == "half");
    CHECK(second.now.tags[0].current_bytes == 4_MiB);
}

TEST_CASE("observe: cleanups that the application tells of are in the report") {
    opaque_pool pool{64_MiB};
    observe::memory_watch watched;
    watched.add("pool", pool);
    pool.deallocate(pool.allocate(10_MiB), 10_MiB);
    auto const done = pool.cleanup();
    REQUIRE(done.freed_bytes > 0);
    CHECK(watched.record("pool", {.time = wall_time{}, .report = done}));
    CHECK_FALSE(watched.record("other", {.time = wall_time{}, .report = done}));
    auto const report = watched.view("pool")->report;
    CHECK(report.cleanups_total == 1);
    CHECK(report.total_freed_bytes == done.freed_bytes);
    CHECK(report.cleanups.at(0).report.reserved_before_bytes == done.reserved_before_bytes);
}

TEST_CASE("observe: who cleans up ahead is not advised to") {
    opaque_pool pool{64_MiB};
    observe::memory_watch watched;
    watched.add("pool", pool);
    memory::buffer<char, opaque_pool> const most{pool, 58_MiB}; // high pressure
    auto const advises_it = [&] {
        watched.sample();
        auto const view = *watched.view("pool");
        for (auto const& each : view.report.recommendations) {
            if (each.advice == memory::memory_advice::clean_up_ahead) {
                return true;
            }
        }
        return false;
    };
    CHECK(advises_it());
    CHECK(watched.set_cleanup_ahead("pool"));
    CHECK_FALSE(watched.set_cleanup_ahead("other"));
    CHECK_FALSE(advises_it());
}

TEST_CASE("observe: a snapshot carries the pool's events, and is empty after the watch") {
    memory::pool_options options;
    options.event_capacity = 16;
    opaque_pool pool{64_MiB, options};
    observe::memory_watch watched;
    watched.add("pool", pool);
    CHECK_THROWS_AS(watched.add("pool", pool), option_error);
    CHECK_THROWS_AS(watched.add("", pool), option_error);
    memory::buffer<char, opaque_pool> const one{pool, 1_MiB};
    CHECK_FALSE(watched.snapshot("pool")->events.empty());
    CHECK(watched.view("pool")->now.events.empty());
    CHECK(watched.remove("pool"));
    CHECK_FALSE(watched.remove("pool"));
    CHECK_FALSE(watched.snapshot("pool"));
    CHECK_FALSE(watched.view("pool"));
    watched.sample();
}
