// SPDX-License-Identifier: MIT
#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/tiered.hpp>
#include <orfeas/observe/cache_clearing.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <utility>

using namespace orfeas;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using observe::cache_watch;
using observe::clearing_outcome;

namespace {

using texts = cache::local<std::string, std::string>;
using numbers = cache::local<int, int>;
using tiered_texts = cache::tiered<std::string, std::string>;

static_assert(observe::clears_at_once<texts> && !observe::clears_at_once<texts const>);
static_assert(observe::clears_awaitably<tiered_texts> && !observe::clears_awaitably<tiered_texts const>);
static_assert(!observe::clears_awaitably<texts>);
static_assert(observe::reports_cache<tiered_texts>);

/// A tiered cache on a loop of its own, and its watch.
struct world {
    explicit world(cache::tiered_options options = {}) : held{io.get_executor(), std::move(options), parts()} {
        watched.add("held", held, observe::clearing_of(held));
    }
    ~world() {
        asio::co_spawn(io, held.stop(), asio::detached);
        io.restart();
        io.run_for(60s);
    }

    static tiered_texts::parts parts() {
        tiered_texts::parts with;
        with.connection.call_deadline = 20s; // a machine under load must not fail the tests
        return with;
    }

    template<class T>
    void wait(task<T> work) {
        bool is_over = false;
        asio::co_spawn(io, std::move(work), [&](std::exception_ptr failed, T) {
            CHECK(failed == nullptr);
            is_over = true;
        });
        until([&] { return is_over; });
    }

    void until(std::function<bool()> const& is_so) {
        auto const end = std::chrono::steady_clock::now() + 60s;
        io.restart();
        while (!is_so() && std::chrono::steady_clock::now() < end) {
            io.run_one_for(20ms);
        }
        REQUIRE(is_so());
    }

    cache::invalidation_report clear(std::string pattern) {
        std::optional<cache::invalidation_report> removed;
        auto const outcome = watched.clear("held", std::move(pattern),
                                           [&](std::exception_ptr failed, cache::invalidation_report report) {
                                               CHECK(failed == nullptr);
                                               removed = report;
                                           });
        CHECK(outcome == clearing_outcome::begun);
        until([&] { return removed.has_value(); });
        return *removed;
    }

    asio::io_context io;
    tiered_texts held;
    cache_watch watched;
};

} // namespace

TEST_CASE("observe: a local cache is cleared at once, by pattern where its keys are text") {
    texts some;
    numbers counted;
    texts const constant;
    cache_watch watched;
    watched.add("texts", some, observe::clearing_of(some));
    watched.add("numbers", counted, observe::clearing_of(counted));
    watched.add("constant", constant, observe::clearing_of(constant));
    for (auto const* key : {"a1", "a2", "b1"}) {
        some.put(key, "x");
    }
    counted.put(1, 1);
    std::uint64_t removed = 0;
    auto const note = [&](std::exception_ptr, cache::invalidation_report report) { removed = report.l1_entries; };
    CHECK(watched.clear("texts", "a*", note) == clearing_outcome::begun);
    CHECK(removed == 2);
    CHECK(some.get("b1"));
    CHECK(watched.clear("texts", "", note) == clearing_outcome::begun);
    CHECK(removed == 1);
    CHECK(watched.clear("numbers", "1", note) == clearing_outcome::no_patterns);
    CHECK(counted.get(1));
    CHECK(watched.clear("numbers", "", note) == clearing_outcome::begun);
    CHECK_FALSE(counted.get(1));
    CHECK(watched.clear("constant", "", note) == clearing_outcome::not_offered);
    CHECK_FALSE(watched.report("constant")->can_clear);
}

TEST_CASE("observe: a tiered cache without servers is cleared over its executor") {
    world one;
    one.wait(one.held.put("a1", "x"));
    one.wait(one.held.put("b1", "y"));
    auto const report = *one.watched.report("held");
    CHECK(report.can_clear);
    CHECK_FALSE(report.stats.has_l2);
    CHECK(report.stats.l1.entries == 2);
    CHECK(one.clear("a*").l1_entries == 1);
    auto const all = one.clear("");
    CHECK(all.l1_entries == 1);
    CHECK(all.nodes == 0);
}

TEST_CASE("observe: a tiered cache is cleared on its servers, too") {
    if (!orfeas_test::redis_server::is_installed()) {
        ORFEAS_TEST_SKIP("redis-server is not installed");
    }
    orfeas_test::redis_server server;
    world one{{.l2 = {server.url()}}};
    one.until([&] { return one.held.stats().nodes.at(0).connection.connected; });
    CHECK(observe::status_of(one.watched.report("held")->stats).detail == "connected to 1 server");
    for (auto const* key : {"a1", "a2", "b1"}) {
        one.wait(one.held.put(key, "x"));
    }
    auto const some = one.clear("a*");
    CHECK(some.l1_entries == 2);
    CHECK(some.l2_entries == 2);
    CHECK(some.nodes == 1);
    CHECK(some.failed_nodes == 0);
    server.kill();
    one.until([&] { return !one.held.stats().nodes.at(0).connection.connected; });
    auto const detail = observe::status_of(one.watched.report("held")->stats).detail;
    CHECK(detail.starts_with("works without 127.0.0.1:" + std::to_string(server.port()) + " ("));
}
