// SPDX-License-Identifier: MIT
#pragma once

// A loop that drives a client of any kind, for tests against real servers.

#include "support/catch.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#define ORFEAS_NEEDS_REDIS()                                                                                           \
    if (!orfeas_test::redis_server::is_installed()) {                                                                  \
        ORFEAS_TEST_SKIP("redis-server is not installed");                                                             \
    }

namespace orfeas_test {

template<class... Words>
orfeas::cache::redis::request ask(Words const&... words) {
    orfeas::cache::redis::request r;
    r.append(words...);
    return r;
}

inline bool is(orfeas::cache::redis::result const& got, orfeas::cache::redis::error what) {
    return got.error == make_error_code(what);
}

/// A loop with a client on it, which is stopped at the end, whatever the test comes to.
template<class Client>
struct driven {
    template<class... Arguments>
    explicit driven(Arguments&&... arguments) : client{io.get_executor(), std::forward<Arguments>(arguments)...} {
        client.start();
    }
    ~driven() {
        boost::asio::co_spawn(io, client.stop(), boost::asio::detached);
        io.restart();
        io.run_for(std::chrono::seconds{60});
    }

    /// Runs the loop until it holds; what hangs fails.
    template<class Predicate>
    void until(Predicate holds) {
        auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        io.restart();
        while (!holds()) {
            REQUIRE(std::chrono::steady_clock::now() < limit);
            io.run_one_for(std::chrono::milliseconds{10});
        }
    }

    /// Executes a command about a key and waits for it.
    template<class... Words>
    orfeas::cache::redis::node_result call(orfeas::cache::redis::access what, std::string_view key,
                                           Words const&... words) {
        auto const asked = ask(words...);
        return wait(client.execute(what, key, asked));
    }
    auto get(std::string_view key) { return call(orfeas::cache::redis::access::read, key, "GET", key); }
    auto set(std::string_view key, std::string_view value) {
        return call(orfeas::cache::redis::access::write, key, "SET", key, value);
    }

    /// Has one node execute a command.
    template<class... Words>
    orfeas::cache::redis::node_result call_on(orfeas::cache::redis::node_number node, Words const&... words) {
        auto const asked = ask(words...);
        return wait(client.execute_on(node, asked));
    }

    template<class T>
    T wait(orfeas::task<T> work) {
        std::optional<T> got;
        std::exception_ptr failure;
        boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr error, T done) {
            failure = error;
            got.emplace(std::move(done));
        });
        until([&] { return got.has_value(); });
        if (failure) {
            std::rethrow_exception(failure);
        }
        return std::move(*got);
    }

    void wait(orfeas::task<> work) {
        std::optional<std::exception_ptr> ended;
        boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr error) { ended = error; });
        until([&] { return ended.has_value(); });
        if (*ended) {
            std::rethrow_exception(*ended);
        }
    }

    boost::asio::io_context io;
    Client client;
};

} // namespace orfeas_test
