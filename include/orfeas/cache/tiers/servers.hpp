// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/cluster.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/sentinel.hpp>
#include <orfeas/cache/redis/sharded.hpp>
#include <orfeas/cache/redis/transport.hpp>
#include <orfeas/cache/tiered_options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// Makes the client that the options' `l2` and `l2_topology` ask for, over plain TCP or another transport. Throws
/// option_error for a malformed URL. Topologies have options of their own: for others than the defaults, write a
/// `redis::client_factory` like this one.
template<class Transport = redis::tcp_transport>
redis::client_factory client_for(tiered_options const& options, Transport layer = {}) {
    std::vector<redis::endpoint> servers;
    for (auto const& url : options.l2) {
        servers.push_back(redis::parse_endpoint(url, "l2"));
    }
    return [=, topology = options.l2_topology, primary = options.sentinel_primary,
            urls = options.l2](boost::asio::any_io_executor executor, redis::connection_options connection,
                               redis::client_hooks hooks, logger log) {
        if (topology == "cluster") {
            redis::cluster_options const with;
            return redis::any_client{std::make_unique<redis::basic_cluster_client<Transport>>(
                std::move(executor), servers, with, std::move(connection), std::move(hooks), std::move(log), layer)};
        }
        if (topology == "sentinel") {
            redis::sentinel_options with;
            with.sentinels = urls;
            with.name = primary;
            with.retry = false; // a miss now is better than a value later
            return redis::any_client{std::make_unique<redis::basic_sentinel_client<Transport>>(
                std::move(executor), std::move(with), std::move(connection), std::move(hooks), std::move(log), layer)};
        }
        return redis::any_client{std::make_unique<redis::basic_sharded_client<Transport>>(
            std::move(executor), servers, std::move(connection), std::move(hooks), std::move(log), layer)};
    };
}

} // namespace orfeas::inline v0::cache
