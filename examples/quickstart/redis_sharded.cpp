// SPDX-License-Identifier: MIT
// Servers that share the keys: `quickstart_redis_sharded [redis://host:port …]`.
#include <orfeas/cache/redis.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace redis = orfeas::cache::redis;

orfeas::task<> use(redis::sharded_client& cache) {
    for (std::string const key : {"orfeas:a", "orfeas:b", "orfeas:c"}) {
        redis::request set;
        set.append("SET", key, "kept", "PX", 60'000);
        auto const done = co_await cache.execute(redis::access::write, key, set);
        auto const node = cache.ring().members()[done.node].name;
        std::cout << key << " is with " << node << (done ? "" : ", which is down: " + done.error.message()) << '\n';
    }
    co_await cache.stop();
}

int main(int count, char** arguments) {
    asio::io_context io;
    std::vector<redis::endpoint> nodes;
    for (int i = 1; i < count; ++i) {
        nodes.push_back(redis::parse_endpoint(arguments[i]));
    }
    if (nodes.empty()) {
        nodes = {redis::parse_endpoint("redis://127.0.0.1:6379"), redis::parse_endpoint("redis://127.0.0.1:6380")};
    }
    redis::sharded_client cache{io.get_executor(), nodes};
    cache.start();
    asio::co_spawn(io, use(cache), asio::detached);
    io.run();
}
