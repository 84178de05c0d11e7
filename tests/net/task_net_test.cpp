// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/net/task.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <type_traits>

static_assert(std::is_same_v<orfeas::task<int>, boost::asio::awaitable<int>>);

namespace {

orfeas::task<int> answer() {
    co_return 42;
}

orfeas::task<> ask(int& into) {
    into = co_await answer();
}

} // namespace

TEST_CASE("net: a task runs on the executor that it is spawned on, and not before") {
    boost::asio::io_context io;
    int result = 0;
    boost::asio::co_spawn(io, ask(result), boost::asio::detached);
    CHECK(result == 0);
    io.run();
    CHECK(result == 42);
}
