// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/cluster_core.hpp>
#include <orfeas/cache/redis/cluster_options.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/redis/transport.hpp>
#include <orfeas/core/error.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// A client of a Redis or Valkey cluster: one connection to each primary, the slot map kept up to date, and commands followed
/// through slots that move and primaries that are replaced.
///
///     redis::cluster_client cluster{io.get_executor(), {redis::parse_endpoint("redis://10.0.0.1:7000"),
///                                                       redis::parse_endpoint("redis://10.0.0.2:7000")}};
///     cluster.start();
///     redis::request get;
///     get.append("GET", "greeting");
///     auto const got = co_await cluster.execute(redis::access::read, "greeting", get);
///
/// The map is asked for (CLUSTER SLOTS) when a node says MOVED, when one fails, and every `refresh_interval`; one question
/// serves all callers. What a MOVED says holds at once. A node that fails is asked again, or whoever has taken over from it,
/// until the call's deadline; while its breaker is open and nobody has taken over, calls end at once. A server that is no
/// node of a cluster, or refuses the password, fails calls at once as long as no other seed answers.
///
/// A connection whose node has left the cluster ends after `forget_after`; the generations of a node that comes back go on
/// above those it had. Reads go to primaries unless `read_from_replicas` is set.
///
/// `co_await stop()` before what the hooks refer to goes away, and before the executor's context ends; the destructor only
/// begins to stop. Calls that wait to be sent again when the client stops end within `most_wait`.
/// Thread-safe: from coroutines on an executor of several threads as well.
template<class Transport = tcp_transport>
class basic_cluster_client {
  public:
    using executor_type = boost::asio::any_io_executor;
    static_assert(std::copy_constructible<Transport>, "each connection has a copy of the layer");

    /// `seeds` are some nodes of the cluster, at least one; user and password are the same for all nodes, and are the seeds'.
    /// Throws option_error for options out of range, for seeds that differ in more than their addresses or name a database
    /// other than 0, and for TLS over a transport that has none, or the reverse.
    basic_cluster_client(executor_type executor, std::vector<endpoint> seeds, cluster_options options = {},
                         connection_options connections = {}, client_hooks hooks = {}, logger log = {},
                         Transport layer = {})
        : core_{make_core(std::move(executor), std::move(seeds), options, std::move(connections), std::move(hooks),
                          std::move(log), std::move(layer))} {}

    basic_cluster_client(basic_cluster_client const&) = delete;
    basic_cluster_client& operator=(basic_cluster_client const&) = delete;
    ~basic_cluster_client() { core_->begin_stop(); }

    /// Begins to connect. A second call does nothing, and one after `stop` neither.
    void start() { core_->start(); }

    /// Ends all connections, fails their calls with shut_down, and returns when nothing of the client runs any more.
    task<> stop() { return core_type::stop(core_); }

    /// Has the node that serves `key` execute one command about it; see the concept `client`. Errors: those of
    /// `redis::error`, and operation_aborted for a caller that was cancelled. An error that a node answers is a reply; of
    /// those that concern the topology, only what still held at the deadline is.
    task<node_result> execute(access what, std::string_view key, request const& asked, response reused = {}) {
        return core_type::execute(core_, what, key, asked, std::move(reused));
    }

    /// Has one node execute commands, wherever their keys are. A number that no node has fails with not_connected.
    task<node_result> execute_on(node_number node, request const& asked, response reused = {}) {
        return core_type::execute_on(core_, node, asked, std::move(reused));
    }

    /// The primary of the key's slot; 0 as long as none is known.
    node_number node_of(std::string_view key) const { return core_->node_of(key); }

    /// The primaries of all slots, as far as they are known. O(slots).
    std::vector<node_number> primaries() const { return core_->primaries(); }

    /// All nodes that the client has heard of; its counters begin anew when a forgotten node comes back.
    std::vector<node_report> nodes() const { return core_->nodes(); }

  private:
    using core_type = detail::cluster_core<Transport>;

    static std::shared_ptr<core_type> make_core(executor_type executor, std::vector<endpoint> seeds,
                                                cluster_options options, connection_options connections,
                                                client_hooks hooks, logger log, Transport layer) {
        validate(options);
        validate(connections);
        check(seeds);
        return std::make_shared<core_type>(std::move(executor), std::move(seeds), options, std::move(connections),
                                           std::move(hooks), std::move(log), std::move(layer));
    }

    static void check(std::vector<endpoint> const& seeds) {
        if (seeds.empty()) {
            throw option_error{"seeds", "none", "at least one node of the cluster"};
        }
        for (auto const& each : seeds) {
            auto alike = seeds.front();
            alike.host = each.host;
            alike.port = each.port;
            if (!(each == alike)) {
                throw option_error{"seeds", to_text(each), "with the user, password and TLS of the other seeds"};
            }
        }
        if (seeds.front().database != 0) {
            throw option_error{"seeds", to_text(seeds.front()), "with database 0, the only one of a cluster"};
        }
        require_transport<Transport>(seeds.front());
    }

    std::shared_ptr<core_type> core_;
};
static_assert(client<basic_cluster_client<>>);

/// A client of a cluster over plain TCP.
using cluster_client = basic_cluster_client<>;

} // namespace orfeas::inline v0::cache::redis
