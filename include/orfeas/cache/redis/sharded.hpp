// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/hash_ring.hpp>
#include <orfeas/cache/node_distribution.hpp>
#include <orfeas/cache/redis/call.hpp>
#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/connection.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/redis/transport.hpp>
#include <orfeas/cache/ring.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/error.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// A server of a sharded client.
struct shard {
    endpoint server;
    std::uint32_t weight = 1; ///< how much of the keys it takes in proportion to others
    /// By which the ring knows it, so that it keeps its keys at another address. Empty: "host:port".
    std::string name = {};
};

namespace detail {

/// Throws option_error for no servers, and for one address given twice.
inline void check_shards(std::vector<shard> const& nodes) {
    if (nodes.empty()) {
        throw option_error{"nodes", "", "at least one server"};
    }
    std::vector<std::string> names;
    for (auto const& each : nodes) {
        names.push_back(to_text(each.server));
    }
    std::sort(names.begin(), names.end());
    auto const twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
        throw option_error{"nodes", *twice, "each server once: give a server more keys by its weight"};
    }
}

inline std::vector<ring_member> members_of(std::vector<shard> const& nodes) {
    std::vector<ring_member> members;
    for (auto const& each : nodes) {
        members.push_back({each.name.empty() ? to_text(each.server) : each.name, each.weight});
    }
    return members;
}

inline std::vector<shard> shards_of(std::vector<endpoint> servers) {
    std::vector<shard> nodes;
    for (auto& each : servers) {
        nodes.push_back({std::move(each)});
    }
    return nodes;
}

/// The hooks of one node's connection, which pass on to those of the client.
inline connection_hooks hooks_of(node_number node, std::shared_ptr<client_hooks const> const& all) {
    connection_hooks hooks;
    if (all->set_up != nullptr) {
        hooks.set_up = [all](request& greeting) { all->set_up(greeting); };
    }
    if (all->push != nullptr) {
        hooks.push = [all, node](reply_view push) { all->push(node, push); };
    }
    if (all->changed != nullptr) {
        hooks.changed = [all, node](std::uint64_t generation, bool connected) {
            all->changed(node, generation, connected);
        };
    }
    return hooks;
}

} // namespace detail

/// Independent servers that share the keys among them by a ring; one server is the simplest case. All processes that name
/// the same servers send a key to the same one. There is one connection to each.
///
///     redis::sharded_client cache{io.get_executor(), {redis::parse_endpoint("redis://a"), redis::parse_endpoint("redis://b")}};
///     cache.start();
///     auto const got = co_await cache.execute(redis::access::read, key, get);
///
/// A command goes to its key's node, once. That a node is down concerns its keys alone: while its breaker is open their calls
/// end at once, and no other node takes them, which would answer with what is old when the node is back. All keys of one
/// command belong to `key`'s node, or the command is one for `execute_on`.
///
/// A node's number is its place in the list. `ketama_ring` in place of `hash_ring` shares servers with other clients.
/// `co_await stop()` before what the hooks refer to goes away; the destructor only begins to stop.
/// Thread-safe.
template<class Transport = tcp_transport, ring Ring = hash_ring>
class basic_sharded_client {
  public:
    using connection_type = basic_connection<boost::asio::any_io_executor, Transport>;

    /// Throws option_error for no nodes, a node given twice, what the ring refuses (a name given twice, a weight of zero),
    /// and what a connection refuses.
    basic_sharded_client(boost::asio::any_io_executor executor, std::vector<shard> nodes,
                         connection_options options = {}, client_hooks hooks = {}, logger log = {},
                         Transport layer = {})
        : ring_{members_of_checked(nodes)}, requests_{nodes.size()} {
        auto const shared = std::make_shared<client_hooks const>(std::move(hooks));
        for (auto& each : nodes) {
            auto const node = static_cast<node_number>(connections_.size());
            connections_.push_back(std::make_unique<connection_type>(executor, std::move(each.server), options,
                                                                     detail::hooks_of(node, shared), log, layer));
        }
    }

    /// The same with equal weights.
    basic_sharded_client(boost::asio::any_io_executor executor, std::vector<endpoint> nodes,
                         connection_options options = {}, client_hooks hooks = {}, logger log = {},
                         Transport layer = {})
        : basic_sharded_client{std::move(executor), detail::shards_of(std::move(nodes)),
                               std::move(options),  std::move(hooks),
                               std::move(log),      std::move(layer)} {}

    /// Begins to connect to all nodes. A second call does nothing, and one after `stop` neither.
    void start() {
        for (auto const& each : connections_) {
            each->start();
        }
    }

    /// Ends all connections, fails their calls with shut_down, and returns when nothing of them runs any more.
    task<> stop() {
        for (auto const& each : connections_) {
            co_await each->stop();
        }
    }

    /// Has the key's node execute the commands of `asked`; see `client`. Within `call_deadline`, never sent twice.
    task<node_result> execute(access, std::string_view key, request const& asked, response reused = {}) {
        return execute_on(node_of(key), asked, std::move(reused));
    }

    /// Has one node execute the commands of `asked`.
    task<node_result> execute_on(node_number node, request const& asked, response reused = {}) {
        ORFEAS_ASSERT(node < connections_.size(), "the number of a node");
        requests_.record(node, std::chrono::steady_clock::now());
        result done = co_await connections_[node]->execute(asked, std::move(reused));
        co_return node_result{std::move(done), node};
    }

    /// The node of a key. O(1) with `hash_ring`.
    node_number node_of(std::string_view key) const noexcept {
        return static_cast<node_number>(ring_.node_of(Ring::hash_of(key)));
    }

    /// All nodes.
    std::vector<node_number> primaries() const {
        std::vector<node_number> all(connections_.size());
        std::iota(all.begin(), all.end(), node_number{0});
        return all;
    }

    std::vector<node_report> nodes() const {
        std::vector<node_report> all;
        for (auto const& each : connections_) {
            all.push_back({each->name(), true, each->stats()});
        }
        return all;
    }

    /// How evenly keys and requests are spread over the nodes. For reports: linear in the slots of the ring.
    node_distribution distribution() const {
        return distribution_of(ring_, requests_, std::chrono::steady_clock::now());
    }

    Ring const& ring() const noexcept { return ring_; }

  private:
    static std::vector<ring_member> members_of_checked(std::vector<shard> const& nodes) {
        detail::check_shards(nodes);
        return detail::members_of(nodes);
    }

    Ring ring_;
    request_counter requests_;
    std::vector<std::unique_ptr<connection_type>> connections_; // by number
};

/// A sharded client over plain TCP.
using sharded_client = basic_sharded_client<>;
static_assert(client<sharded_client>);

} // namespace orfeas::inline v0::cache::redis
