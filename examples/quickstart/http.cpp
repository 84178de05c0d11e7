// SPDX-License-Identifier: MIT
#include <orfeas/http.hpp>

#include <boost/asio.hpp>

#include <iostream>

namespace http = orfeas::http;
using boost::asio::ip::tcp;

orfeas::task<http::response> greet(http::request const& q) {
    co_return http::response::text("Hello, " + std::string{q.path_parameter("name")} + "!\n");
}

orfeas::task<> ask_and_stop(http::server& web) {
    tcp::socket client{co_await boost::asio::this_coro::executor};
    tcp::endpoint const to{boost::asio::ip::address_v4::loopback(), web.port()};
    co_await client.async_connect(to, boost::asio::use_awaitable);
    std::string text = "GET /hello/orfeas HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    co_await boost::asio::async_write(client, boost::asio::buffer(text), boost::asio::use_awaitable);
    text.clear();
    boost::system::error_code end_of_answer;
    auto const to_end = boost::asio::redirect_error(boost::asio::use_awaitable, end_of_answer);
    co_await boost::asio::async_read(client, boost::asio::dynamic_buffer(text), to_end);
    std::cout << text;
    client.close();
    co_await web.stop();
}

int main() {
    boost::asio::io_context io;
    http::server web{io.get_executor(), {.port = 0}};
    web.route("GET", "/hello/{name}", greet);
    web.start();
    boost::asio::co_spawn(io, ask_and_stop(web), boost::asio::detached);
    io.run();
}
