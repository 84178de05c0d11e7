// SPDX-License-Identifier: MIT
// A Redis or Valkey cluster, known by one of its nodes: `quickstart_redis_cluster [redis://host:port]`.
#include <orfeas/cache/redis.hpp>

#include <boost/asio.hpp>

#include <iostream>

namespace redis = orfeas::cache::redis;

boost::asio::awaitable<void> use(redis::cluster_client& cluster) {
    redis::request set;
    set.append("SET", "orfeas:greeting", "hello", "PX", 60'000);
    auto const got = co_await cluster.execute(redis::access::write, "orfeas:greeting", set);
    std::cout << (got ? cluster.nodes()[got.node].name : got.error.message()) << '\n';
    co_await cluster.stop();
}

int main(int count, char** arguments) {
    boost::asio::io_context io;
    auto const seed = redis::parse_endpoint(count > 1 ? arguments[1] : "redis://127.0.0.1:7000");
    redis::cluster_client cluster{io.get_executor(), {seed}};
    cluster.start();
    boost::asio::co_spawn(io, use(cluster), boost::asio::detached);
    io.run();
}
