// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/sharded.hpp>
#include <orfeas/cache/tiered_options.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// Makes the client that the options ask for, over plain TCP. Throws option_error for a malformed URL.
inline redis::client_factory client_of(tiered_options const& options) {
    std::vector<redis::endpoint> servers;
    for (auto const& url : options.l2) {
        servers.push_back(redis::parse_endpoint(url, "l2"));
    }
    return [servers](boost::asio::any_io_executor executor, redis::connection_options connection,
                     redis::client_hooks hooks, logger log) {
        auto made = std::make_unique<redis::sharded_client>(std::move(executor), servers, std::move(connection),
                                                            std::move(hooks), std::move(log));
        return redis::any_client{std::move(made)};
    };
}

} // namespace orfeas::inline v0::cache::detail
