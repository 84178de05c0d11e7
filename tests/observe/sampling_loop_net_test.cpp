// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/sampling_loop.hpp>

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
#include <future>
#include <stdexcept>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

boost::asio::awaitable<void> stop_after_calls(observe::sampling_loop& loop, std::atomic<int> const& calls, int enough) {
    boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor};
    while (calls.load() < enough) {
        pause.expires_after(1ms);
        co_await pause.async_wait(boost::asio::use_awaitable);
    }
    co_await loop.stop();
}

} // namespace

TEST_CASE("observe: the loop calls until it is stopped, and then io.run() returns") {
    boost::asio::io_context io;
    std::atomic<int> calls = 0;
    observe::sampling_loop loop{io.get_executor(), 5ms, [&] { ++calls; }};
    loop.start();
    boost::asio::co_spawn(io, stop_after_calls(loop, calls, 4), boost::asio::detached);
    io.run();
    CHECK(calls >= 4);
}

TEST_CASE("observe: no call is under way or follows after stop on a pool of threads") {
    boost::asio::thread_pool pool{2};
    std::atomic<int> calls = 0;
    std::atomic<bool> inside = false;
    observe::sampling_loop loop{pool.get_executor(), 1ms, [&] {
                                    REQUIRE_FALSE(inside.exchange(true));
                                    ++calls;
                                    inside = false;
                                }};
    loop.start();
    boost::asio::co_spawn(pool, stop_after_calls(loop, calls, 20), boost::asio::use_future).get();
    CHECK_FALSE(inside);
    int const final_calls = calls;
    pool.join();
    CHECK(calls == final_calls);
}

TEST_CASE("observe: a loop that never started stops at once") {
    boost::asio::io_context io;
    observe::sampling_loop loop{io.get_executor(), 1000ms, [] { FAIL("not started"); }};
    boost::asio::co_spawn(io, loop.stop(), boost::asio::detached);
    io.run();
    SUCCEED("the executor ran out of work");
}

TEST_CASE("observe: a call that throws does not end the loop, nor keep it from being stopped") {
    boost::asio::io_context io;
    std::atomic<int> calls = 0;
    observe::sampling_loop loop{io.get_executor(), 1ms, [&] {
                                    ++calls;
                                    throw std::runtime_error{"cannot be measured"};
                                }};
    loop.start();
    auto ended = boost::asio::co_spawn(io, stop_after_calls(loop, calls, 3), boost::asio::use_future);
    io.run_for(30s); // a loop that had died would keep `stop` waiting, and so the executor
    REQUIRE(ended.wait_for(0s) == std::future_status::ready);
    CHECK(calls >= 3);
}

TEST_CASE("observe: a loop that is destroyed makes no further call") {
    boost::asio::io_context io;
    int calls = 0;
    {
        observe::sampling_loop loop{io.get_executor(), 60'000ms, [&] { ++calls; }};
        loop.start();
        io.run_one();
    }
    io.run();
    CHECK(calls <= 1);
}
