// SPDX-License-Identifier: MIT
#include <orfeas/http.hpp>

#include <boost/asio.hpp>

#include <iostream>

namespace asio = boost::asio;
namespace http = orfeas::http;

orfeas::task<http::response> greet(http::request const& q) {
    co_return http::response::text("Hello, " + std::string{q.path_parameter("name")} + "!\n");
}

orfeas::task<> ask_and_stop(http::server& web) {
    asio::ip::tcp::socket client{co_await asio::this_coro::executor};
    asio::ip::tcp::endpoint const server{asio::ip::address_v4::loopback(), web.port()};
    co_await client.async_connect(server, asio::use_awaitable);
    std::string text = "GET /hello/orfeas HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    co_await asio::async_write(client, asio::buffer(text), asio::use_awaitable);
    co_await asio::async_read_until(client, asio::dynamic_buffer(text), "!\n", asio::use_awaitable);
    std::cout << text;
    client.close();
    co_await web.stop();
}

int main() {
    asio::io_context io;
    http::server web{io.get_executor(), {.port = 0}};
    web.route("GET", "/hello/{name}", greet);
    web.start();
    asio::co_spawn(io, ask_and_stop(web), asio::detached);
    io.run();
}
