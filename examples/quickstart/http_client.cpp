// SPDX-License-Identifier: MIT
#include <orfeas/http.hpp>

#include <boost/asio.hpp>

#include <iostream>

namespace asio = boost::asio;
namespace http = orfeas::http;

orfeas::task<http::response> echo(http::request const& q) {
    co_return http::response{http::status::ok, "text/plain", q.shared_body()};
}

orfeas::task<> ask(http::client& web, http::server& server) {
    auto const where = http::parse_url("http://127.0.0.1:" + std::to_string(server.port()) + "/echo");
    http::client_request const post{"POST", where.value(), "text/plain", "Hello, orfeas!\n"};
    for (int i = 0; i < 3; ++i) {
        auto const got = co_await web.send(post); // over one connection
        if (got) {
            std::cout << got.response.code() << " " << got.response.body_text();
        } else {
            std::cout << got.error.message() << "\n";
        }
    }
    co_await web.stop();
    co_await server.stop();
}

int main() {
    asio::io_context io;
    http::server server{io.get_executor(), {.port = 0}};
    server.route("POST", "/echo", echo);
    server.start();
    http::client web{io.get_executor()};
    asio::co_spawn(io, ask(web, server), asio::detached);
    io.run();
}
