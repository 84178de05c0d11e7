// SPDX-License-Identifier: MIT
//
// A service for the W3C's trace context test harness (github.com/w3c/trace-context, folder test): POST /test takes a JSON list
// of {"url", "arguments"} and posts each "arguments" to its "url", with the trace that the request came with.
//
//     trace_context_service [PORT]

#include <orfeas/http/client.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/observatory.hpp>
#include <orfeas/serve/client_propagation.hpp>
#include <orfeas/serve/server.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = orfeas::http;
using nlohmann::json;

using client = http::basic_client<asio::any_io_executor, orfeas::serve::client_propagation>;
using server = orfeas::serve::server<orfeas::observatory>;

[[noreturn]] void refuse(std::string const& why) {
    throw http::problem_error{http::problem{http::status::bad_request}.detail(why)};
}

struct action {
    http::url url;
    std::string body;
};

/// The actions that a request asks for. Throws problem_error for what is none.
std::vector<action> actions_of(http::request const& q) {
    auto const document = json::parse(q.body_text(), nullptr, false);
    if (!document.is_array()) {
        refuse("The body is a JSON list of {\"url\", \"arguments\"}.");
    }
    std::vector<action> all;
    for (auto const& each : document) {
        auto const text = each.is_object() ? each.value("url", json{}) : json{};
        auto const url = text.is_string() ? http::parse_url(text.get<std::string>()) : std::nullopt;
        if (!url) {
            refuse("Each element has a \"url\".");
        }
        all.push_back(
            {*url, each.value("arguments", json::array()).dump(-1, ' ', false, json::error_handler_t::replace)});
    }
    return all;
}

orfeas::task<http::response> forward(client& web, http::request const& q) {
    auto const actions = actions_of(q);
    json results = json::array();
    for (auto const& each : actions) {
        http::client_request const ask{"POST", each.url, "application/json", each.body};
        auto const got = co_await web.send(ask);
        results.push_back(got ? json(got.response.code()) : json(got.error.message()));
    }
    co_return http::response::json(results.dump());
}

orfeas::task<void> end_on_signal(server& web, client& requests, orfeas::observatory& obs) {
    asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
    co_await signals.async_wait(asio::use_awaitable);
    co_await web.stop();
    co_await requests.stop();
    co_await obs.stop();
}

void run(std::uint16_t port) {
    asio::io_context io;
    orfeas::observatory obs{io.get_executor(), {.service = "trace_context_service"}};
    client requests{io.get_executor()};
    server web{io.get_executor(), obs, {.port = port}};
    web.route("POST", "/test", [&requests](http::request const& q) { return forward(requests, q); });
    web.start();
    std::cout << "listening on " << web.url() << "test" << std::endl;
    asio::co_spawn(io, end_on_signal(web, requests, obs), asio::detached);
    io.run();
}

} // namespace

int main(int count, char** arguments) {
    std::string_view const text = count > 1 ? arguments[1] : "0";
    std::uint16_t port = 0;
    auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || rest != text.data() + text.size() || count > 2) {
        std::cerr << "usage: trace_context_service [PORT]\n";
        return 2;
    }
    try {
        run(port);
    } catch (std::exception const& failure) {
        std::cerr << "trace_context_service: " << failure.what() << '\n';
        return 1;
    }
    return 0;
}
