// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/cache.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/pool_options.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

double newest(observatory& obs, std::string_view key) {
    return obs.sampler().with_history([&](auto const& kept) { return kept.value(key, kept.last_seq()); });
}

/// Whether the option that a variable sets, takes `value`, refuses `bad` by name, and refuses a misspelt name.
template<options O, class Read>
void check_variable(std::string name, std::string const& value, Read&& read, std::string const& bad) {
    INFO(name);
    CHECK(read(from_environment<O>({}, environment{name + "=" + value})));
    CHECK_THROWS_WITH((from_environment<O>({}, environment{name + "=" + bad})), orfeas_test::contains(name));
    CHECK_THROWS_WITH((from_environment<O>({}, environment{name + "X=" + value})), orfeas_test::contains(name));
}

} // namespace

TEST_CASE("observatory: what is watched, registered and traced comes together in one frame") {
    asio::io_context io;
    observatory obs{io.get_executor(), {.service = "whole"}};
    orfeas_test::opaque_pool pool{64 << 20};
    cache::local<std::string, std::string> names;
    obs.watch("pool", pool);
    obs.watch("names", names);
    obs.metrics().gauge("custom", "An application's own.").set(7);
    memory::buffer<char, orfeas_test::opaque_pool> const block{pool, 1 << 20};
    names.put("a", "b");
    CHECK(names.get("a") == "b");
    { auto const span = obs.tracer().span("work"); }
    asio::co_spawn(io, obs.stop(), asio::detached);
    io.run();
    obs.sampler().sample();
    CHECK(newest(obs, "memory_allocated_bytes{component=\"pool\"}") == 1 << 20);
    CHECK(newest(obs, "cache_hit_ratio{component=\"names\"}") == 1.0);
    CHECK(newest(obs, "custom") == 7);
    CHECK(newest(obs, "process_resident_memory_bytes") > 0);
    CHECK(newest(obs, R"(runtime_executor_lag_seconds{kind="post",stat="last"})") >= 0);
    CHECK(newest(obs, "trace_stored") == 1);
    CHECK(obs.service() == "whole");
    CHECK(obs.boot_id().size() == 16);
    CHECK(obs.memory().names() == std::vector<std::string>{"pool"});
    CHECK(obs.caches().names() == std::vector<std::string>{"names"});
    CHECK(obs.caches().report("names")->stats.l1_hits == 1);
    CHECK(obs.caches().report("names")->can_clear);
    CHECK(obs.components().status().at(1).second.detail == "in this process");
    CHECK(obs.unwatch("names"));
    CHECK(obs.caches().names().empty());
    CHECK(obs.unwatch("pool"));
    obs.sampler().sample();
    CHECK(std::isnan(newest(obs, "memory_allocated_bytes{component=\"pool\"}")));
}

TEST_CASE("observatory: frames are taken on the executor until it is stopped") {
    asio::io_context io;
    observatory_options options;
    options.sampler.interval = 10ms;
    observatory obs{io.get_executor(), options};
    obs.sampler().add_listener([&](observe::history const& kept) {
        if (kept.last_seq() == 3) {
            asio::co_spawn(io, obs.stop(), asio::detached);
        }
    });
    io.run();
    CHECK(obs.sampler().with_history([](auto const& kept) { return kept.last_seq(); }) == 3);
}

TEST_CASE("observatory: a name is watched once") {
    asio::io_context io;
    observatory obs{io.get_executor()};
    orfeas_test::opaque_pool const pool{64 << 20};
    obs.watch("pool", pool);
    CHECK_THROWS_AS(obs.watch("pool", pool), option_error);
    obs.unwatch("pool");
}

TEST_CASE("observatory: a watch that fails half way leaves nothing watched") {
    asio::io_context io;
    observatory obs{io.get_executor()};
    orfeas_test::opaque_pool const other{64 << 20};
    obs.memory().add("pool", other); // the name is taken in one of the places where a pool is watched
    {
        orfeas_test::opaque_pool const pool{64 << 20};
        CHECK_THROWS_AS(obs.watch("pool", pool), option_error);
    }
    CHECK(obs.components().status().empty());
    obs.sampler().sample(); // asks nothing of the pool that ended
    CHECK(std::isnan(newest(obs, "memory_total_bytes{component=\"pool\"}")));
    CHECK(obs.memory().names() == std::vector<std::string>{"pool"});
    CHECK_FALSE(obs.unwatch("pool"));
    obs.watch("pool", other);
    obs.sampler().sample();
    CHECK(newest(obs, "memory_total_bytes{component=\"pool\"}") == 64 << 20);
    CHECK(obs.unwatch("pool"));
    cache::local<std::string, std::string> const names;
    obs.caches().add("names", names);
    {
        cache::local<std::string, std::string> const others;
        CHECK_THROWS_AS(obs.watch("names", others), option_error);
    }
    CHECK(obs.components().status().empty());
    CHECK(obs.caches().report("names")); // the one that was there
}

TEST_CASE("observatory: options of every part are checked") {
    asio::io_context io;
    observatory_options options;
    options.sampler.history_size = 0;
    CHECK_THROWS_AS((observatory{io.get_executor(), options}), option_error);
}

TEST_CASE("observatory: the environment reaches every part, and mistakes in it are refused") {
    auto const options = observatory_from_environment(
        {.service = "given"}, {"ORFEAS_OBSERVE_HISTORY_SIZE=60", "ORFEAS_OBSERVATORY_SERVICE=studio", "OTHER=1"});
    CHECK(options.service == "studio");
    CHECK(options.sampler.history_size == 60);
    CHECK_THROWS_AS(observatory_from_environment({}, {"ORFEAS_TRACE_NO_SUCH_OPTION=1"}), option_error);
    CHECK_THROWS_AS(observatory_from_environment({}, {"ORFEAS_METRICS_MAX_SERIES=many"}), option_error);
}

TEST_CASE("observatory: the configuration that the requirements name can be set by the environment") {
    check_variable<observe::sampler_options>(
        "ORFEAS_OBSERVE_HISTORY_SIZE", "600", [](auto const& o) { return o.history_size == 600; }, "0");
    check_variable<observe::sampler_options>(
        "ORFEAS_OBSERVE_INTERVAL", "500ms", [](auto const& o) { return o.interval == 500ms; }, "fast");
    check_variable<serve::dashboard_options>(
        "ORFEAS_SERVE_SUBSCRIBERS", "100", [](auto const& o) { return o.subscribers == 100; }, "-1");
    check_variable<observatory_options>(
        "ORFEAS_OBSERVATORY_SERVICE", "studio", [](auto const& o) { return o.service == "studio"; }, "");
    check_variable<cache::local_options>(
        "ORFEAS_CACHE_CAPACITY_BYTES", "64MiB", [](auto const& o) { return o.capacity_bytes == 64_MiB; }, "big");
    check_variable<cache::local_options>("ORFEAS_CACHE_TTL", "1h", [](auto const& o) { return o.ttl == 1h; }, "-1s");
    check_variable<memory::pool_options>(
        "ORFEAS_MEMORY_MEDIUM_MARK", "0.6", [](auto const& o) { return o.medium_mark == 0.6; }, "70%");
    check_variable<memory::pool_options>(
        "ORFEAS_MEMORY_CRITICAL_MARK", "0.99", [](auto const& o) { return o.critical_mark == 0.99; }, "0.5");
    check_variable<trace::tracer_options>(
        "ORFEAS_TRACE_ACTIVE_TRACES", "64", [](auto const& o) { return o.active_traces == 64; }, "0");
    check_variable<trace::tracer_options>(
        "ORFEAS_TRACE_STORED_TRACES", "64", [](auto const& o) { return o.stored_traces == 64; }, "0");
}
