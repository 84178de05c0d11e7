// SPDX-License-Identifier: MIT
// One connection to Redis or Valkey, shared by all coroutines: `quickstart_redis [redis://host:port/database]`.
#include <orfeas/cache/redis.hpp>

#include <boost/asio.hpp>

#include <iostream>

namespace asio = boost::asio;
namespace redis = orfeas::cache::redis;

asio::awaitable<void> use(redis::connection& cache) {
    redis::request both; // one write, two replies
    both.append("SET", "orfeas:greeting", "hello", "PX", 60'000);
    both.append("GET", "orfeas:greeting");
    auto const got = co_await cache.execute(both);
    if (!got) {
        std::cout << cache.name() << ": " << got.error.message() << '\n'; // within the deadline, whatever happens
    } else if (auto const refused = got.replies.first_error()) {
        std::cout << cache.name() << " answers: " << refused->text() << '\n';
    } else {
        std::cout << cache.name() << " keeps: " << got.replies[1].text() << '\n';
    }
    co_await cache.stop();
}

int main(int count, char** arguments) {
    asio::io_context io;
    redis::connection cache{io.get_executor(),
                            redis::parse_endpoint(count > 1 ? arguments[1] : "redis://127.0.0.1:6379")};
    cache.start();
    asio::co_spawn(io, use(cache), asio::detached);
    io.run();
}
