// SPDX-License-Identifier: MIT
// A thousand coroutines want the same missing value: it is loaded once.
#include <orfeas/cache.hpp>
#include <orfeas/cache/asio.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
using texts = orfeas::cache::local<std::string, std::string>;

asio::awaitable<void> request(orfeas::cache::single_flight<texts>& flights, int& answered) {
    auto load = [key = std::string{"relief"}]() -> asio::awaitable<std::string> { // owns what it reads
        asio::steady_timer work{co_await asio::this_coro::executor, std::chrono::milliseconds{50}};
        co_await work.async_wait(asio::use_awaitable);
        co_return "the mesh of " + key;
    };
    auto const mesh = co_await flights.get_or_load("relief", std::move(load)); // named first, then moved in
    answered += mesh == "the mesh of relief" ? 1 : 0;
}

int main() {
    asio::io_context io;
    texts cache;
    orfeas::cache::single_flight flights{io.get_executor(), cache};
    int answered = 0;
    for (int i = 0; i < 1000; ++i) {
        asio::co_spawn(io, request(flights, answered), asio::detached);
    }
    io.run();
    std::cout << answered << " answers from " << cache.stats().loads << " load\n";
}
