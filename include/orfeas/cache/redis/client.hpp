// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/call.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/redis/connection_stats.hpp>
#include <orfeas/cache/redis/reply.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// Numbers the nodes of a client from 0 in the order in which it heard of them; a node keeps its number for the client's
/// life, and no other node gets it.
using node_number = std::uint32_t;

/// What a command does to its key. A client that reads from replicas sends them what only reads.
enum class access : std::uint8_t { read, write };

/// A `result`, and the node that it is of: that which answered, or was asked last.
struct node_result : result {
    node_number node = 0;
};

/// What the user of a client adds to all its connections; see `connection_hooks`. Each is called on the strand of the node's
/// connection: for one node in the order of the stream, for several nodes possibly at once. They do not throw, except
/// `set_up`.
struct client_hooks {
    unique_function<void(request&)> set_up{};
    unique_function<void(node_number, reply_view)> push{};
    unique_function<void(node_number, std::uint64_t generation, bool connected)> changed{};
};

/// One or many servers behind one face: it knows which node a key belongs to, and keeps a connection to each.
///
/// `start()` begins to connect, once; `stop()` ends all connections and returns when nothing of the client runs any more.
/// `execute(what, key, asked, reused)` has the node of `key` execute one command about that key (or about several of its
/// slot) and follows it where the topology leads; its deadline is `call_deadline` for all attempts together. A command that
/// may have been executed may be sent again: it must be one that does no harm twice, such as GET, SET, DEL.
/// `execute_on(node, asked, reused)` has one node execute any number of commands, and follows nothing.
/// `node_of(key)` is whom `execute` would ask to write the key now. `primaries()` are the nodes that together hold all keys.
/// `nodes()` reports on each node, by its number.
/// `asked` and `key` stay valid until the task has ended; the task is awaited or spawned at once.
/// All is thread-safe, and executes on the client's executor or the caller's.
template<class C>
concept client = requires(C& c, C const& k, access what, std::string_view key, node_number node, request const& asked,
                          response reused) {
    c.start();
    { c.stop() } -> std::same_as<task<>>;
    { c.execute(what, key, asked, std::move(reused)) } -> std::same_as<task<node_result>>;
    { c.execute_on(node, asked, std::move(reused)) } -> std::same_as<task<node_result>>;
    { k.node_of(key) } -> std::same_as<node_number>;
    { k.primaries() } -> std::same_as<std::vector<node_number>>;
    { k.nodes() } -> std::same_as<std::vector<node_report>>;
};

/// Owns a client of any type. Moved from, it may only be assigned to or destroyed. Thread-safe as its client is.
class any_client {
  public:
    template<client C>
        requires(!std::same_as<C, any_client>)
    explicit any_client(std::unique_ptr<C> owned) : inner_{std::make_unique<model<C>>(std::move(owned))} {}

    void start() { inner_->start(); }
    task<> stop() { return inner_->stop(); }
    task<node_result> execute(access what, std::string_view key, request const& asked, response reused = {}) {
        return inner_->execute(what, key, asked, std::move(reused));
    }
    task<node_result> execute_on(node_number node, request const& asked, response reused = {}) {
        return inner_->execute_on(node, asked, std::move(reused));
    }
    node_number node_of(std::string_view key) const { return inner_->node_of(key); }
    std::vector<node_number> primaries() const { return inner_->primaries(); }
    std::vector<node_report> nodes() const { return inner_->nodes(); }

  private:
    struct face {
        virtual ~face() = default;
        virtual void start() = 0;
        virtual task<> stop() = 0;
        virtual task<node_result> execute(access what, std::string_view key, request const& asked, response reused) = 0;
        virtual task<node_result> execute_on(node_number node, request const& asked, response reused) = 0;
        virtual node_number node_of(std::string_view key) const = 0;
        virtual std::vector<node_number> primaries() const = 0;
        virtual std::vector<node_report> nodes() const = 0;
    };

    template<class C>
    struct model final : face {
        explicit model(std::unique_ptr<C> owned) : inner{std::move(owned)} {}

        void start() override { inner->start(); }
        task<> stop() override { return inner->stop(); }
        task<node_result> execute(access what, std::string_view key, request const& asked, response reused) override {
            return inner->execute(what, key, asked, std::move(reused));
        }
        task<node_result> execute_on(node_number node, request const& asked, response reused) override {
            return inner->execute_on(node, asked, std::move(reused));
        }
        node_number node_of(std::string_view key) const override { return inner->node_of(key); }
        std::vector<node_number> primaries() const override { return inner->primaries(); }
        std::vector<node_report> nodes() const override { return inner->nodes(); }

        std::unique_ptr<C> inner;
    };

    std::unique_ptr<face> inner_;
};
static_assert(client<any_client>);

/// Makes a client, for someone who adds hooks of its own to it. The executor, options, hooks and logger are passed on to the
/// connections.
using client_factory =
    unique_function<any_client(boost::asio::any_io_executor, connection_options, client_hooks, logger)>;

} // namespace orfeas::inline v0::cache::redis
