// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/net/gather.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using orfeas::task;

namespace {

struct rendezvous {
    explicit rendezvous(asio::io_context& io) : all_here{io, std::chrono::steady_clock::time_point::max()} {}
    asio::steady_timer all_here;
    int arrived = 0;
};

/// Ends when `expected` of its kind have begun: together or never.
task<> meet(rendezvous& at, int expected) {
    if (++at.arrived == expected) {
        at.all_here.cancel();
    } else {
        co_await at.all_here.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

task<> fail(std::string words) {
    throw std::runtime_error{words};
    co_return;
}

task<> wait_for_ever(rendezvous& at, int& ended) {
    co_await at.all_here.async_wait(asio::as_tuple(asio::use_awaitable));
    ++ended;
}

} // namespace

TEST_CASE("net: gathered tasks run at the same time") {
    for (int const count : {0, 1, 2, 50}) {
        asio::io_context io;
        rendezvous at{io};
        std::vector<task<>> all;
        for (int i = 0; i < count; ++i) {
            all.push_back(meet(at, count));
        }
        bool is_done = false;
        asio::co_spawn(io, orfeas::net::gather(std::move(all)), [&](std::exception_ptr error) { is_done = !error; });
        io.run();
        CHECK(is_done);
        CHECK(at.arrived == count);
    }
}

TEST_CASE("net: of what gathered tasks throw the first one's is thrown on, when all have ended") {
    asio::io_context io;
    rendezvous at{io};
    std::vector<task<>> all;
    all.push_back(meet(at, 2));
    all.push_back(fail("first"));
    all.push_back(fail("second"));
    all.push_back(meet(at, 2));
    std::string words;
    asio::co_spawn(io, orfeas::net::gather(std::move(all)), [&](std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        } catch (std::runtime_error const& e) {
            words = e.what();
        }
    });
    io.run();
    CHECK(words == "first");
    CHECK(at.arrived == 2);
}

TEST_CASE("net: who cancels a gathering cancels all of it") {
    asio::io_context io;
    rendezvous at{io};
    int ended = 0;
    std::vector<task<>> all;
    all.push_back(wait_for_ever(at, ended));
    all.push_back(wait_for_ever(at, ended));
    asio::cancellation_signal signal;
    bool is_done = false;
    asio::co_spawn(io, orfeas::net::gather(std::move(all)),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { is_done = true; }));
    io.poll();
    CHECK_FALSE(is_done);
    signal.emit(asio::cancellation_type::terminal);
    io.run();
    CHECK(is_done);
    CHECK(ended == 2);
}
