// SPDX-License-Identifier: MIT
// A cache of two tiers: `quickstart_tiered [redis://host:port …]`; without servers the local tier alone.
#include <orfeas/cache/tiered.hpp>

#include <boost/asio.hpp>

#include <iostream>

using texts = orfeas::cache::tiered<std::string, std::string>;

orfeas::task<std::string> make_text() {
    co_return "made once, for all processes";
}

orfeas::task<> use(texts& cache) {
    std::cout << co_await cache.get_or_load("greeting", make_text) << '\n';
    co_await cache.stop();
}

int main(int count, char** arguments) {
    boost::asio::io_context io;
    texts cache{io.get_executor(), {.l1_bytes = 256U << 20U, .l2 = {arguments + 1, arguments + count}}};
    boost::asio::co_spawn(io, use(cache), boost::asio::detached);
    io.run();
}
