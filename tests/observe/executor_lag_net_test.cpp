// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/executor_lag.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <map>
#include <string>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

std::map<std::string, double> read(observe::executor_lag const& from) {
    std::map<std::string, double> all;
    from.measure([&](measurement const& m) {
        std::string name{m.name};
        for (auto const& each : m.labels) {
            name.append(" ").append(each.value);
        }
        all[name] = m.value;
    });
    return all;
}

void keep_busy(std::chrono::nanoseconds time) {
    auto const end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {}
}

boost::asio::awaitable<void> stop_when_probed(observe::executor_lag& lag) {
    boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor};
    while (std::isnan(read(lag).at("runtime_executor_lag_seconds timer p50"))) {
        pause.expires_after(1ms);
        co_await pause.async_wait(boost::asio::use_awaitable);
    }
    co_await lag.stop();
}

} // namespace

TEST_CASE("observe: an executor's lag is probed until it is stopped, and then io.run() returns") {
    boost::asio::io_context io;
    observe::executor_lag lag{io.get_executor(), 2ms};
    lag.start();
    boost::asio::co_spawn(io, stop_when_probed(lag), boost::asio::detached);
    io.run();
    auto const now = read(lag);
    CHECK(now.at("runtime_executor_lag_seconds post last") >= 0);
    CHECK(now.at("runtime_executor_lag_seconds timer max") >= 0);
    CHECK(now.size() == 8);
}

TEST_CASE("observe: work that keeps the executor busy makes probes late") {
    boost::asio::io_context io;
    observe::executor_lag lag{io.get_executor(), 1ms};
    lag.start();
    double shown = 0; // while a probe waits behind this function
    std::function<void()> const work = [&] {
        keep_busy(10ms);
        shown = read(lag).at("runtime_executor_lag_seconds post last");
        if (!(shown >= 0.01)) {
            boost::asio::post(io, work);
        }
    };
    boost::asio::post(io, work);
    while (!(shown >= 0.01)) {
        io.run_one();
    }
    boost::asio::co_spawn(io, stop_when_probed(lag), boost::asio::detached);
    io.run();
    CHECK(read(lag).at("runtime_executor_lag_seconds post max") >= 0.01 * 0.98);
}

TEST_CASE("observe: probes stop on a pool of threads, and none follows") {
    boost::asio::thread_pool pool{2};
    observe::executor_lag lag{pool.get_executor(), 1ms};
    lag.start();
    boost::asio::co_spawn(pool, stop_when_probed(lag), boost::asio::use_future).get();
    pool.join();
    CHECK(read(lag).at("runtime_executor_lag_seconds timer last") >= 0);
}

TEST_CASE("observe: probes that never began stop at once") {
    boost::asio::io_context io;
    observe::executor_lag lag{io.get_executor()};
    boost::asio::co_spawn(io, lag.stop(), boost::asio::detached);
    io.run();
    CHECK(std::isnan(read(lag).at("runtime_executor_lag_seconds post last")));
}

TEST_CASE("observe: probes of a lag that is destroyed end by themselves") {
    boost::asio::io_context io;
    {
        observe::executor_lag lag{io.get_executor(), 60'000ms};
        lag.start();
        io.run_one();
    }
    io.run();
    SUCCEED("the executor ran out of work");
}

TEST_CASE("observe: the queue's length is reported where somebody knows it") {
    boost::asio::io_context io;
    std::atomic<std::size_t> waiting = 7;
    observe::executor_lag const lag{io.get_executor(), 1ms, [&] { return waiting.load(); }};
    CHECK(read(lag).at("runtime_executor_queue_length") == 7);
}
