// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/alert/asio.hpp>
#include <orfeas/observe/alert_watch.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;
using stream = alert::notification_stream<orfeas::observe::alert_watch>;
static_assert(alert::notification_source<orfeas::observe::alert_watch>);
static_assert(!alert::notification_source<alert::engine>);

namespace {

/// A watch of one value.
struct watched {
    watched() { watch.add(alert::rule{.name = "high", .expr = "value > 0"}); }

    void step(double value) {
        frames.begin_frame(now += 1h);
        frames.set("value", value, [] {
            orfeas::observe::series about;
            about.name = "value";
            return about;
        });
        watch.take(frames);
    }

    orfeas::wall_time now{400'000h};
    orfeas::observe::alert_watch watch;
    orfeas::observe::history frames{3};
};

boost::asio::awaitable<void> take(stream& from, std::vector<std::string>& into, std::size_t most) {
    while (into.size() < most) {
        auto const told = co_await from.next();
        if (!told) {
            into.emplace_back("closed");
            co_return;
        }
        into.emplace_back(to_string(told->news.at(0).kind));
    }
}

boost::asio::awaitable<void> take_one(stream& from, bool& throws_after) {
    co_await from.next();
    throws_after = co_await boost::asio::this_coro::throw_if_cancelled();
}

} // namespace

TEST_CASE("who is told still learns of a cancellation as before", "[alert]") {
    watched a;
    boost::asio::io_context io;
    stream people{io.get_executor(), a.watch, {.name = "people"}, 1ms};
    a.step(1);
    bool throws_after = false;
    boost::asio::co_spawn(io, take_one(people, throws_after), boost::asio::detached);
    io.run();
    CHECK(throws_after);
}

TEST_CASE("a coroutine is told of alerts in order", "[alert]") {
    watched a;
    boost::asio::io_context io;
    stream people{io.get_executor(), a.watch, {.name = "people"}, 1ms};
    std::vector<std::string> told;
    boost::asio::co_spawn(io, take(people, told, 3), boost::asio::detached);
    io.run_for(5ms);
    CHECK(told.empty());
    a.step(1);
    a.step(0);
    a.step(1);
    io.run();
    CHECK(told == std::vector<std::string>{"fired", "resolved", "fired"});
    CHECK(a.watch.next("people")); // the last one is not confirmed yet
    people.confirm();
    CHECK_FALSE(a.watch.next("people"));
}

TEST_CASE("what was not confirmed is handed over again", "[alert]") {
    watched a;
    boost::asio::io_context io;
    std::vector<std::string> told;
    {
        stream people{io.get_executor(), a.watch, {.name = "people"}, 1ms};
        a.step(1);
        boost::asio::co_spawn(io, take(people, told, 1), boost::asio::detached);
        io.run();
    }
    io.restart();
    stream again{io.get_executor(), a.watch, {.name = "people"}, 1ms};
    boost::asio::co_spawn(io, take(again, told, 2), boost::asio::detached);
    io.run();
    CHECK(told == std::vector<std::string>{"fired", "fired"});
}

TEST_CASE("who waits is told when the stream closes, or the wait is cancelled", "[alert]") {
    watched a;
    boost::asio::io_context io;
    stream people{io.get_executor(), a.watch, {.name = "people"}, 1ms};
    std::vector<std::string> told;
    boost::asio::cancellation_signal stop;
    boost::asio::co_spawn(io, take(people, told, 1),
                          boost::asio::bind_cancellation_slot(stop.slot(), boost::asio::detached));
    io.run_for(3ms);
    stop.emit(boost::asio::cancellation_type::terminal);
    io.run();
    CHECK(told == std::vector<std::string>{"closed"});
    io.restart();
    boost::asio::co_spawn(io, take(people, told, 2), boost::asio::detached);
    io.run_for(3ms);
    people.close();
    io.run();
    CHECK(told == std::vector<std::string>{"closed", "closed"});
}
