// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/http/concepts.hpp>
#include <orfeas/http/head_parser.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace http = orfeas::http;

namespace {

struct counts {
    int before = 0;
    int after = 0;
    orfeas::task<http::response> around(http::request const&, std::string_view, http::next_handler next) {
        ++before;
        auto answer = co_await next();
        ++after;
        co_return answer;
    }
};
struct says_nothing {};
struct answers_at_once {
    http::response around(http::request const&, std::string_view, http::next_handler) { return http::response{}; }
};

static_assert(http::server_observer<counts>);
static_assert(!http::server_observer<says_nothing>);
static_assert(!http::server_observer<answers_at_once>);

orfeas::task<http::response> hello() {
    co_return http::response::text("hello");
}

template<class Observer>
std::string observed(Observer& observer) {
    boost::asio::io_context io;
    auto const q = http::make_request("GET", "/");
    auto const call = [] { return hello(); };
    auto answer = boost::asio::co_spawn(io, observer.around(q, "/", http::next_handler{call}), boost::asio::use_future);
    io.run();
    return std::string{answer.get().body().text()};
}

} // namespace

TEST_CASE("http: an observer stands around the handler, and none changes nothing") {
    counts observer;
    CHECK(observed(observer) == "hello");
    CHECK(observer.before == 1);
    CHECK(observer.after == 1);
    http::no_observer none;
    CHECK(observed(none) == "hello");
}
