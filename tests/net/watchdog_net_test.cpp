// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/net/watchdog.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>

using namespace std::chrono_literals;

namespace {

struct waiting : std::enable_shared_from_this<waiting> {
    explicit waiting(boost::asio::io_context& io) : watchdog{io.get_executor()} {}
    void deadline_passed() { ++passed; }
    void set(std::chrono::steady_clock::duration from_now) {
        watchdog.expires_at(std::chrono::steady_clock::now() + from_now, shared_from_this());
    }

    orfeas::net::basic_watchdog<boost::asio::io_context::executor_type> watchdog;
    int passed = 0;
};

} // namespace

TEST_CASE("net: a deadline that passes is told once") {
    boost::asio::io_context io;
    auto const object = std::make_shared<waiting>(io);
    object->set(-1s);
    io.run();
    CHECK(object->passed == 1);
}

TEST_CASE("net: a deadline that was moved on or forgotten does not pass") {
    boost::asio::io_context io;
    auto const object = std::make_shared<waiting>(io);
    object->set(0s);
    object->set(24h); // later: the timer wakes up once and is set anew
    io.run_one();
    CHECK(object->passed == 0);
    object->watchdog.clear();
    object->set(-1s); // earlier than the timer is set for
    object->watchdog.clear();
    io.poll();
    CHECK(object->passed == 0);
    object->set(-1s);
    io.restart();
    io.poll();
    CHECK(object->passed == 1);
}

TEST_CASE("net: a deadline that moves to an earlier moment passes then") {
    boost::asio::io_context io;
    auto const object = std::make_shared<waiting>(io);
    object->set(24h);
    object->set(-1s);
    io.run();
    CHECK(object->passed == 1);
}

TEST_CASE("net: a watchdog keeps its owner alive until it is cancelled") {
    boost::asio::io_context io;
    auto object = std::make_shared<waiting>(io);
    object->set(24h);
    std::weak_ptr<waiting> const watched = object;
    object->watchdog.cancel();
    object.reset();
    CHECK_FALSE(watched.expired());
    io.run();
    CHECK(watched.expired());
}

TEST_CASE("net: a watchdog that was cancelled takes a later deadline as well as an earlier one") {
    boost::asio::io_context io;
    auto const object = std::make_shared<waiting>(io);
    object->set(-2s);
    object->watchdog.cancel();
    object->set(-1s);
    io.run();
    CHECK(object->passed == 1);
}
