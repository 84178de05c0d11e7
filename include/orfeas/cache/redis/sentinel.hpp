// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/redis/sentinel_core.hpp>
#include <orfeas/cache/redis/sentinel_options.hpp>
#include <orfeas/cache/redis/transport.hpp>
#include <orfeas/core/error.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// The primary that Sentinels watch, whichever server that is at the time.
///
///     redis::sentinel_client cache{io.get_executor(), {.sentinels = {"redis://s1:26379", "redis://s2:26379"}}};
///     cache.start();
///     auto const got = co_await cache.execute(redis::access::read, key, get);
///
/// It asks the Sentinels where the primary is, has that server confirm it (ROLE), and connects to it. It asks again when
/// the connection is lost, when a call is not answered, when the server answers READONLY, and from time to time; a server
/// that is replaced is left. Without any Sentinel it stays with the last primary, as long as that says it is one.
///
/// `execute` sends a command again until `call_deadline` while there is no primary, unless `sentinel_options::retry` is
/// false: then it fails at once, which suits a cache better than to wait. A server that has the address of an earlier
/// node is that node, also when it is the primary again; its generations go on. All keys belong to the primary: `node_of`
/// and `primaries` name the last one that was known, and number 0 or none before the first.
///
/// The primary's addresses are those that the Sentinels know: with TLS, all are reached by it.
/// `co_await stop()` before what the hooks refer to goes away; the destructor only begins to stop. Thread-safe.
template<class Transport = tcp_transport>
class basic_sentinel_client {
  public:
    /// Throws option_error for options out of range, no Sentinels, one given twice, and one that wants TLS over a transport
    /// that has none, or the reverse.
    basic_sentinel_client(boost::asio::any_io_executor executor, sentinel_options options,
                          connection_options limits = {}, client_hooks hooks = {}, logger log = {},
                          Transport layer = {})
        : core_{make_core(std::move(executor), std::move(options), std::move(limits), std::move(hooks), std::move(log),
                          std::move(layer))} {}

    basic_sentinel_client(basic_sentinel_client const&) = delete;
    basic_sentinel_client& operator=(basic_sentinel_client const&) = delete;
    ~basic_sentinel_client() { core_->begin_stop(); }

    /// Begins to search for the primary. A second call does nothing, and one after `stop` neither.
    void start() { core_->start(); }

    /// Ends the search and all connections, fails their calls with shut_down, and returns when nothing runs any more.
    task<> stop() {
        auto stopping = core_type::stop(core_);
        co_await boost::asio::co_spawn(core_->strand, std::move(stopping), boost::asio::use_awaitable);
    }

    /// Has the primary execute the commands of `asked`; see `client`.
    task<node_result> execute(access, std::string_view, request const& asked, response reused = {}) {
        return core_type::execute(core_, asked, std::move(reused));
    }

    /// Has one server execute the commands of `asked`; not_connected for a node that was left.
    task<node_result> execute_on(node_number node, request const& asked, response reused = {}) {
        return core_type::execute_on(core_, node, asked, std::move(reused));
    }

    node_number node_of(std::string_view) const noexcept { return core_->node(); }
    std::vector<node_number> primaries() const { return core_->primaries(); }

    /// All servers that were named once, by number: the primary is at most one of them.
    std::vector<node_report> nodes() const { return core_->nodes(); }

  private:
    using core_type = detail::sentinel_core<Transport>;

    static std::shared_ptr<core_type> make_core(boost::asio::any_io_executor executor, sentinel_options options,
                                                connection_options limits, client_hooks hooks, logger log,
                                                Transport layer) {
        validate(options);
        validate(limits);
        for (auto const& each : options.servers()) {
            if (each.tls != Transport::is_encrypted) {
                throw option_error{"sentinels", to_text(each),
                                   each.tls ? "redis:// without tls_transport.hpp"
                                            : "rediss:// with tls_transport.hpp"};
            }
        }
        return std::make_shared<core_type>(std::move(executor), std::move(options), std::move(limits), std::move(hooks),
                                           std::move(log), std::move(layer));
    }

    std::shared_ptr<core_type> core_;
};

/// A Sentinel client over plain TCP.
using sentinel_client = basic_sentinel_client<>;
static_assert(client<sentinel_client>);

} // namespace orfeas::inline v0::cache::redis
