// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/redis/client.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redis = orfeas::cache::redis;
using orfeas::task;

namespace {

/// A client that notes what is asked of it.
struct noting_client {
    explicit noting_client(std::string& notes) : said{notes} {}
    ~noting_client() { said += "gone "; }

    void start() { said += "start "; }
    task<> stop() {
        said += "stop ";
        co_return;
    }
    task<redis::node_result> execute(redis::access what, std::string_view key, redis::request const& asked,
                                     redis::response) {
        said += what == redis::access::read ? "read " : "write ";
        said += std::string{key} + " " + std::to_string(asked.commands()) + " ";
        redis::node_result done;
        done.node = 7;
        co_return done;
    }
    task<redis::node_result> execute_on(redis::node_number node, redis::request const&, redis::response) {
        said += "on " + std::to_string(node) + " ";
        redis::node_result done;
        done.node = node;
        co_return done;
    }
    redis::node_number node_of(std::string_view key) const { return static_cast<redis::node_number>(key.size()); }
    std::vector<redis::node_number> primaries() const { return {3, 4}; }
    std::vector<redis::node_report> nodes() const { return {{"a:1", true, {}}}; }

    std::string& said;
};
static_assert(redis::client<noting_client>);

struct without_stop : noting_client {
    void stop() = delete;
};
struct awaits_nothing : noting_client {
    redis::node_result execute(redis::access, std::string_view, redis::request const&, redis::response);
};
struct forgets_the_node : noting_client {
    task<redis::result> execute_on(redis::node_number, redis::request const&, redis::response);
};
struct changes_to_find : noting_client {
    redis::node_number node_of(std::string_view);
};
static_assert(!redis::client<without_stop>);
static_assert(!redis::client<awaits_nothing>);
static_assert(!redis::client<forgets_the_node>);
static_assert(!redis::client<changes_to_find>);
static_assert(!redis::client<int>);

} // namespace

TEST_CASE("redis client: any_client passes everything on to the client that it owns") {
    std::string said;
    {
        redis::any_client made{std::make_unique<noting_client>(said)};
        redis::any_client any{std::move(made)};
        CHECK(any.node_of("four") == 4);
        CHECK(any.primaries() == std::vector<redis::node_number>{3, 4});
        CHECK(any.nodes().front().name == "a:1");
        any.start();
        redis::request two;
        two.append("SET", "k", "v");
        two.append("GET", "k");
        boost::asio::io_context io;
        bool is_done = false;
        auto work = [&]() -> task<> {
            auto const read = co_await any.execute(redis::access::read, "k", two);
            CHECK(read.node == 7);
            co_await any.execute(redis::access::write, "k", two);
            auto const on = co_await any.execute_on(5, two);
            CHECK(on.node == 5);
            co_await any.stop();
            is_done = true;
        };
        boost::asio::co_spawn(io, work(), [](std::exception_ptr failure) { CHECK_FALSE(failure); });
        io.run();
        CHECK(is_done);
    }
    CHECK(said == "start read k 2 write k 2 on 5 stop gone ");
}
