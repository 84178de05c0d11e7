// SPDX-License-Identifier: MIT
// The primary that Sentinels watch: `quickstart_redis_sentinel [redis://sentinel:26379 …]`.
#include <orfeas/cache/redis.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>

namespace asio = boost::asio;
namespace redis = orfeas::cache::redis;

orfeas::task<> use(redis::sentinel_client& cache) {
    redis::request get;
    get.append("GET", "orfeas:greeting");
    auto const got = co_await cache.execute(redis::access::read, "orfeas:greeting", get);
    std::cout << (got ? "the primary answers: " + std::string{got.replies[0].text()} : got.error.message()) << '\n';
    for (auto const& each : cache.nodes()) {
        std::cout << each.name << (each.is_primary ? " is the primary\n" : " was the primary\n");
    }
    co_await cache.stop();
}

int main(int count, char** arguments) {
    asio::io_context io;
    redis::sentinel_options options;
    options.sentinels.assign(arguments + 1, arguments + count);
    if (options.sentinels.empty()) {
        options.sentinels = {"redis://127.0.0.1:26379"};
    }
    redis::sentinel_client cache{io.get_executor(), options};
    cache.start();
    asio::co_spawn(io, use(cache), asio::detached);
    io.run();
}
