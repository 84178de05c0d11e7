// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/http/client_connection.hpp>
#include <orfeas/http/client_error.hpp>
#include <orfeas/http/client_observer.hpp>
#include <orfeas/http/client_options.hpp>
#include <orfeas/http/client_request.hpp>
#include <orfeas/http/client_stats.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http::detail {

/// The connections of a client, by server, and who waits for them.
/// Executor-bound: call only from `strand`.
template<class Executor, class Transport>
class client_core : public std::enable_shared_from_this<client_core<Executor, Transport>> {
  public:
    using strand_type = boost::asio::strand<Executor>;
    using connection_type = client_connection<strand_type, Transport>;
    using connection_ptr = std::shared_ptr<connection_type>;
    template<class T>
    using awaitable = boost::asio::awaitable<T, strand_type>;

    client_core(Executor const& executor, client_options const& chosen, Transport layer)
        : options{chosen}, strand{executor}, layer_{std::move(layer)}, all_ended_{strand, monotonic_time::max()} {}

    client_options const options;
    strand_type const strand;
    client_counters counters; // thread-safe

    /// Sends one request. What the caller holds lives until this has ended.
    static awaitable<client_result> exchange(std::shared_ptr<client_core> self, client_request const& q,
                                             std::string_view head, monotonic_time deadline) {
        client_result done;
        client_counters::add(self->counters.requests);
        lease taken{*self, q.url};
        done.error = co_await taken.acquire(deadline);
        if (!done.error) {
            done.error = co_await self->attempt(taken.connection(), q, head, deadline, done.response);
            taken.give_back();
        }
        if (done.error) {
            client_counters::add(self->counters.failures);
        }
        co_return done;
    }

    /// Ends all connections, for good: exchanges under way complete with client_error::stopped.
    void close() {
        is_stopped_ = true;
        for (auto const& each : servers_) {
            while (!each->idle.empty()) {
                drop_oldest(*each);
            }
            for (connection_type* const busy : each->busy) {
                busy->close();
            }
            for (waiter* const waiting : each->waiters) {
                waiting->woken.cancel();
            }
        }
    }

    /// Closes, and returns when nothing is under way any more.
    static awaitable<void> stop(std::shared_ptr<client_core> self) {
        self->close();
        while (self->under_way_ > 0) {
            co_await self->all_ended_.async_wait(token);
        }
    }

  private:
    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<strand_type>{});
    using timer_type =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;

    /// A request that waits until the server's connections are fewer than the limit.
    struct waiter {
        explicit waiter(strand_type const& on) : woken{on} {}
        timer_type woken;
        connection_ptr handed; // null: there is a place, and nothing in it
        bool has_place = false;
    };

    struct kept_connection {
        connection_ptr connection;
        monotonic_time since;
    };

    struct server {
        explicit server(url const& to) : where{to} {}
        url where;              // its target means nothing
        std::size_t places = 0; // that are taken: connections in use, kept, and about to be made
        std::size_t leases = 0;
        std::deque<kept_connection> idle; // the longest unused one first
        std::vector<connection_type*> busy;
        std::deque<waiter*> waiters;
    };

    /// The right of one request to one connection.
    class lease {
      public:
        lease(client_core& core, url const& to) : core_{core}, server_{*core.find(to)} {
            ++server_.leases;
            ++core_.under_way_;
        }
        lease(lease const&) = delete;
        lease& operator=(lease const&) = delete;

        /// Without `give_back` the connection is closed: nobody knows what state it is in.
        ~lease() {
            if (connection_ != nullptr) {
                connection_->close();
                give_back();
            }
            --server_.leases;
            --core_.under_way_;
            core_.lease_ended(server_);
        }

        /// Takes a kept connection, makes one, or waits for one.
        awaitable<boost::system::error_code> acquire(monotonic_time deadline) {
            if (core_.is_stopped_) {
                co_return make_error_code(client_error::stopped);
            }
            if (Transport::speaks_tls != server_.where.tls && server_.where.tls) {
                co_return make_error_code(client_error::unsupported_scheme);
            }
            connection_ = core_.take_idle(server_);
            if (connection_ == nullptr && server_.places >= core_.options.connections_per_host) {
                auto const failed = co_await wait(deadline);
                if (failed) {
                    co_return failed;
                }
            } else if (connection_ == nullptr) {
                ++server_.places;
            }
            if (connection_ == nullptr) {
                connection_ = core_.make_connection(server_);
            }
            server_.busy.push_back(connection_.get());
            co_return boost::system::error_code{};
        }

        connection_type& connection() const noexcept { return *connection_; }

        void give_back() {
            auto const returned = std::exchange(connection_, nullptr);
            std::erase(server_.busy, returned.get());
            core_.take_back(server_, returned);
        }

      private:
        awaitable<boost::system::error_code> wait(monotonic_time deadline) {
            client_counters::add(core_.counters.waits);
            waiter waiting{core_.strand};
            waiting.woken.expires_at(deadline);
            struct presence { // also where the wait ends by an exception
                presence(client_core& of, server& there, waiter& who) : core{of}, at{there}, self{who} {
                    at.waiters.push_back(&self);
                }
                presence(presence const&) = delete;
                presence& operator=(presence const&) = delete;
                ~presence() {
                    std::erase(at.waiters, &self);
                    if (self.has_place) {
                        core.take_back(at, self.handed);
                    }
                }
                client_core& core;
                server& at;
                waiter& self;
            } const present{core_, server_, waiting};
            co_await waiting.woken.async_wait(token);
            if (core_.is_stopped_) {
                co_return make_error_code(client_error::stopped);
            }
            if (waiting.has_place) {
                waiting.has_place = false;
                connection_ = std::move(waiting.handed);
                co_return boost::system::error_code{};
            }
            bool const is_late = std::chrono::steady_clock::now() >= deadline;
            if (is_late) {
                co_return make_error_code(client_error::timed_out);
            }
            co_return boost::asio::error::operation_aborted; // the caller was cancelled
        }

        client_core& core_;
        server& server_;
        connection_ptr connection_;
    };

    /// One exchange, and a second one where a kept connection turned out to be dead.
    awaitable<boost::system::error_code> attempt(connection_type& connection, client_request const& q,
                                                 std::string_view head, monotonic_time deadline,
                                                 client_response& into) {
        bool const was_kept = connection.is_open();
        bool const asks_head = q.method == "HEAD";
        auto failed = co_await connection.exchange(head, q.body.bytes(), asks_head, deadline, into);
        if (was_kept && q.repeatable && is_hang_up(failed) && connection.is_unanswered() && !is_stopped_) {
            client_counters::add(counters.retries);
            failed = co_await connection.exchange(head, q.body.bytes(), asks_head, deadline, into);
        }
        co_return failed;
    }

    static bool is_hang_up(boost::system::error_code const& failed) noexcept {
        return failed == make_error_code(client_error::closed_early) || failed == boost::asio::error::broken_pipe ||
               failed == boost::asio::error::connection_reset;
    }

    server* find(url const& to) {
        for (auto const& each : servers_) {
            if (each->where.port == to.port && each->where.tls == to.tls && each->where.host == to.host) {
                return each.get();
            }
        }
        return servers_.emplace_back(std::make_unique<server>(to)).get();
    }

    connection_ptr make_connection(server& to) {
        auto made = std::make_shared<connection_type>(strand, to.where, options, layer_);
        client_counters::add(counters.connections_total);
        client_counters::add(counters.connections);
        return made;
    }

    /// The kept connection that was used last and is alive; null when there is none.
    connection_ptr take_idle(server& from) {
        auto const oldest = std::chrono::steady_clock::now() - options.idle_deadline;
        while (!from.idle.empty() && from.idle.front().since < oldest) {
            drop_oldest(from);
        }
        while (!from.idle.empty()) {
            auto const last = std::move(from.idle.back().connection);
            from.idle.pop_back();
            if (!last->is_stale()) {
                return last;
            }
            discard(from, last);
        }
        return nullptr;
    }

    void drop_oldest(server& from) {
        auto const oldest = std::move(from.idle.front().connection);
        from.idle.pop_front();
        discard(from, oldest);
    }

    void discard(server& from, connection_ptr const& connection) {
        connection->close();
        client_counters::subtract(counters.connections);
        --from.places;
    }

    /// A place becomes free, with a connection in it or none: for who waits longest, else it is kept.
    void take_back(server& at, connection_ptr returned) {
        if (returned != nullptr && !returned->is_open()) {
            returned->close();
            client_counters::subtract(counters.connections);
            returned = nullptr;
        }
        if (!at.waiters.empty() && !is_stopped_) {
            waiter& next = *at.waiters.front();
            at.waiters.pop_front();
            next.handed = std::move(returned);
            next.has_place = true;
            next.woken.cancel();
        } else if (returned == nullptr) {
            --at.places;
        } else if (is_stopped_) {
            discard(at, returned);
        } else {
            at.idle.push_back({std::move(returned), std::chrono::steady_clock::now()});
        }
    }

    void lease_ended(server& at) {
        if (at.places == 0 && at.leases == 0) {
            std::erase_if(servers_, [&at](auto const& each) { return each.get() == &at; });
        }
        if (under_way_ > 0) {
            return;
        }
        for (auto const& each : servers_) { // an idle client keeps no executor busy
            for (auto const& kept : each->idle) {
                kept.connection->settle();
            }
        }
        all_ended_.cancel();
    }

    Transport layer_;
    std::vector<std::unique_ptr<server>> servers_;
    std::size_t under_way_ = 0;
    timer_type all_ended_; // never expires: cancelled when nothing is under way
    bool is_stopped_ = false;
};

} // namespace orfeas::inline v0::http::detail
