// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/opaque_pool.hpp"

#include <orfeas/cache.hpp>
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/pool.hpp>
#include <orfeas/memory/pool_options.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

template<class Observatory>
double newest(Observatory& obs, std::string_view key) {
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

namespace {

/// An observatory whose time is the test's, and whose frames are taken by hand.
struct watched_by_hand {
    explicit watched_by_hand(observatory_options options = {}, manual_clock time = {})
        : clock{std::move(time)}, obs{io.get_executor(), std::move(options), clock} {
        asio::co_spawn(io, obs.stop(), asio::detached);
        io.run();
        io.restart();
    }

    void frame(std::chrono::seconds after = 1s) {
        clock.advance(after);
        obs.sampler().sample();
    }

    asio::io_context io;
    manual_clock clock;
    basic_observatory<manual_clock> obs;
};

/// A file of its own that goes with it.
struct state_path {
    std::string path =
        (std::filesystem::temp_directory_path() / ("orfeas-observatory-" + std::to_string(::getpid()))).string();
    ~state_path() {
        std::filesystem::remove(path);
        std::filesystem::remove(path + ".refused");
    }
};

} // namespace

TEST_CASE("observatory: frames are judged, and what is unlike the others is an anomaly") {
    observatory_options options;
    options.anomalies.series = "nothing of the process"; // whose load and lag are what this machine makes of them
    watched_by_hand by{options};
    auto depth = by.obs.metrics().gauge("depth", "Of a queue.");
    by.obs.anomalies().watch("depth");
    for (int i = 0; i < 900; ++i) {
        depth.set(10 + (i * 7919 % 13) * 0.1);
        by.frame();
    }
    auto const before = by.obs.anomalies().report().total;
    depth.set(90);
    for (int i = 0; i < 5; ++i) {
        by.frame();
    }
    auto const report = by.obs.anomalies().report();
    REQUIRE(report.total == before + 1);
    CHECK(report.anomalies[0].key == "depth");
    CHECK(by.obs.predictions().report().health.score < 100);
    CHECK(newest(by.obs, "anomalies_active") == 1);
    auto const coarse = by.obs.with_coarse_history([](auto const& kept) { return kept.read("depth", 1); });
    REQUIRE(coarse.size() >= 15);
    CHECK(coarse.back().value.max == 90);
}

TEST_CASE("observatory: what was learned outlives the process") {
    state_path const file;
    observatory_options options;
    options.state_file = file.path;
    options.anomalies.series = "depth";
    manual_clock const time;
    {
        watched_by_hand by{options, time};
        auto depth = by.obs.metrics().gauge("depth", "Of a queue.");
        for (int i = 0; i < 400; ++i) {
            depth.set(10 + i % 5);
            by.frame();
        }
        CHECK(by.obs.anomalies().report().warm == 1);
        REQUIRE_FALSE(by.obs.save_state());
    }
    watched_by_hand again{options, time};
    CHECK(again.obs.anomalies().report().warm == 1); // before any frame
    CHECK(again.obs.with_coarse_history([](auto const& kept) { return kept.read("depth", 0).size(); }) >= 40);
}

TEST_CASE("observatory: a state file that is none is kept aside, and the service begins anew") {
    state_path const file;
    std::ofstream{file.path} << "not a state";
    observatory_options options;
    options.state_file = file.path;
    {
        watched_by_hand by{options};
        CHECK(by.obs.anomalies().report().total == 0);
        CHECK(std::filesystem::exists(file.path + ".refused"));
    } // it was saved when the frames ended
    std::vector<std::byte> bytes;
    CHECK_FALSE(observe::read_state_file(file.path, bytes));
    options.state_file = "/nowhere/at/all";
    watched_by_hand by{options};
    CHECK(by.obs.save_state() == std::errc::no_such_file_or_directory);
}

TEST_CASE("observatory: a leak is cleaned up before memory is critical, once an application wishes that") {
    auto const leak = [](bool cleans) {
        watched_by_hand by;
        memory::null_vmm const device{1_GiB};
        memory::pool pool{device};
        by.obs.watch("pool", pool);
        std::vector<void*> cached; // what leaks is a cache that never forgets
        pool.add_reclaimer(0, [&](std::uint64_t bytes) {
            std::uint64_t freed = 0;
            for (; freed < bytes && !cached.empty(); freed += 1_MiB) {
                pool.deallocate(cached.back(), 1_MiB);
                cached.pop_back();
            }
            return freed;
        });
        if (cleans) {
            by.obs.clean_up_ahead("pool", pool);
        }
        double most = 0;
        std::optional<int> warned;
        for (int second = 0; second < 4 * 3'600; second += 8) {
            if (second > 1'800 && cached.size() < 1'000) {
                cached.push_back(pool.allocate(1_MiB));
            }
            by.frame(8s);
            most = std::max(most, pool.profile().utilization_ratio);
            if (!warned && by.obs.predictions().report().memory[0].estimate.cleanup_advised) {
                warned = second;
            }
        }
        auto const foreseen = by.obs.predictions().report().memory[0];
        for (void* const each : cached) {
            pool.deallocate(each, 1_MiB);
        }
        auto const cleanups = by.obs.memory().view("pool")->report.cleanups_total;
        by.obs.unwatch("pool");
        return std::tuple{most, cleanups, foreseen, warned};
    };
    auto const [without, none, unhelped, warned] = leak(false);
    CHECK(without > 0.95);
    CHECK(none == 0);
    CHECK(unhelped.record.right == 1);
    CHECK(unhelped.record.mean_lead_minutes >= 10);
    REQUIRE(warned);
    CHECK(1'800 + 8 * 922 - *warned > 600); // critical is 922 MiB
    auto const [with, some, helped, first] = leak(true);
    CHECK(with < 0.9);
    CHECK(some > 0);
    CHECK(helped.cleanups == some);
    CHECK(helped.record.wrong == 0);
}

TEST_CASE("observatory: a cleanup ahead is of a pool under watch") {
    watched_by_hand by;
    memory::null_vmm const device{1_MiB};
    memory::pool pool{device};
    CHECK_THROWS_WITH(by.obs.clean_up_ahead("pool", pool), orfeas_test::contains("pool name"));
}
