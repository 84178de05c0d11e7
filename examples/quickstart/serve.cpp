// SPDX-License-Identifier: MIT
#include <orfeas/observatory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <iostream>
#include <string>

using service = orfeas::serve::server<orfeas::observatory>;

orfeas::task<orfeas::http::response> greet(orfeas::http::request const& q) {
    co_return orfeas::http::response::text("hello, " + std::string{q.path_parameter("name")} + "\n");
}

orfeas::task<void> stop_after(std::chrono::seconds time, service& web, orfeas::observatory& obs) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, time};
    co_await timer.async_wait(boost::asio::use_awaitable);
    co_await web.stop();
    co_await obs.stop();
}

int main(int argc, char**) {
    boost::asio::io_context io;
    orfeas::observatory obs{io.get_executor(), {.service = "greeter"}};
    service web{io.get_executor(), obs, {.port = 0}};
    web.route("GET", "/hello/{name}", greet); // traced, timed, on the page
    web.start();
    std::cout << "dashboard: " << web.url() << "  metrics: " << web.url() << "metrics" << std::endl;
    auto const time = argc > 1 ? std::chrono::hours{24} : std::chrono::seconds{1};
    boost::asio::co_spawn(io, stop_after(time, web, obs), boost::asio::detached);
    io.run();
}
