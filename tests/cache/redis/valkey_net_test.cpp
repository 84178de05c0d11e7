// SPDX-License-Identifier: MIT
//
// Where Valkey is installed. All tests of the Redis client run on it with ORFEAS_TEST_REDIS_SERVER=valkey-server.
#include "cache/redis/driven_client.hpp"
#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/sharded.hpp>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace redis = orfeas::cache::redis;

namespace {

struct named_server {
    explicit named_server(char const* program) { ::setenv("ORFEAS_TEST_REDIS_SERVER", program, 1); }
    ~named_server() { ::unsetenv("ORFEAS_TEST_REDIS_SERVER"); }
};

} // namespace

TEST_CASE("redis: a Valkey server is served as a Redis server is, and tells of changes") {
    named_server const named{"valkey-server"};
    if (!orfeas_test::redis_server::is_installed()) {
        ORFEAS_TEST_SKIP("valkey-server is not installed");
    }
    orfeas_test::redis_server const server;
    std::string told;
    redis::client_hooks hooks;
    hooks.set_up = [](redis::request& to) { to.append("CLIENT", "TRACKING", "ON", "NOLOOP"); };
    hooks.push = [&](redis::node_number, redis::reply_view push) { told = push[1][0].text(); };
    std::vector<redis::endpoint> const nodes{redis::parse_endpoint(server.url())};
    orfeas_test::driven<redis::sharded_client> with{nodes, redis::connection_options{}, std::move(hooks)};
    with.until([&] { return with.client.nodes()[0].connection.connected; });
    CHECK(with.set("k", "v"));
    CHECK(with.get("k").replies.front().text() == "v");
    server.command({"SET", "k", "other"});
    with.until([&] { return !told.empty(); });
    CHECK(told == "k");
}
