// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/backoff.hpp>
#include <orfeas/cache/redis/call.hpp>
#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/connection.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/redis/connection_stats.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/primary_search.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/redis/sentinel_options.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis::detail {

/// What one connection counted, and another to the same server after it.
inline connection_stats sum_of(connection_stats const& before, connection_stats const& now) {
    connection_stats all = now; // its state is how things are
    all.calls += before.calls;
    all.failures += before.failures;
    all.timeouts += before.timeouts;
    all.refusals += before.refusals;
    all.connects += before.connects;
    all.connect_failures += before.connect_failures;
    all.losses += before.losses;
    all.pushes += before.pushes;
    all.sent_bytes += before.sent_bytes;
    all.received_bytes += before.received_bytes;
    all.breaker_openings += before.breaker_openings;
    return all;
}

/// A Sentinel client's inside: outlives the handle while its coroutine runs.
/// Thread-safe: `start`, `begin_stop`, `stop`, `execute`, `execute_on` and the readings; all else is the strand's.
template<class Transport>
class sentinel_core : public std::enable_shared_from_this<sentinel_core<Transport>> {
  public:
    using connection_type = basic_connection<boost::asio::any_io_executor, Transport>;
    using strand_type = boost::asio::strand<boost::asio::any_io_executor>;

    sentinel_core(boost::asio::any_io_executor executor, sentinel_options options, connection_options limits,
                  client_hooks hooks, logger log, Transport layer)
        : strand{boost::asio::make_strand(executor)},
          executor_{std::move(executor)},
          options_{std::move(options)},
          connection_options_{std::move(limits)},
          sentinels_{options_.servers()},
          hooks_{std::make_shared<client_hooks const>(std::move(hooks))},
          log_{std::move(log)},
          layer_{std::move(layer)},
          seed_{random_seed()},
          search_{sentinels_.size(), options_.refresh_interval, options_.first_backoff, options_.most_backoff,
                  seed_.load(std::memory_order_relaxed)},
          timer_{strand},
          ended_{strand} {
        ended_.expires_at(never);
    }

    strand_type const strand;

    /// Begins to search, once.
    void start() {
        {
            std::scoped_lock const hold{mutex_};
            if (stage_ != stage::fresh) {
                return;
            }
            stage_ = stage::running;
        }
        is_running_.store(true, std::memory_order_release);
        boost::asio::co_spawn(strand, run(this->shared_from_this()), boost::asio::detached);
    }

    /// Ends the search and all connections, without waiting for it.
    void begin_stop() {
        {
            std::scoped_lock const hold{mutex_};
            bool const was_running = std::exchange(stage_, stage::stopped) == stage::running;
            current_.reset();
            why_ = make_error_code(error::shut_down);
            if (!was_running) {
                return;
            }
        }
        boost::asio::post(strand, [self = this->shared_from_this()] {
            self->timer_.cancel();
            if (self->waits_on_ != nullptr) {
                boost::asio::co_spawn(self->strand, stop_connection(self->waits_on_), boost::asio::detached);
            }
        });
    }

    /// Ends all, and returns when nothing runs any more.
    static task<> stop(std::shared_ptr<sentinel_core> self) {
        self->begin_stop();
        while (self->is_running_.load(std::memory_order_acquire)) {
            co_await self->ended_.async_wait(token);
        }
    }

    /// Has the primary execute a request, whichever server that is, until the deadline.
    static task<node_result> execute(std::shared_ptr<sentinel_core> self, request const& asked, response reused) {
        auto const deadline = clock_now() + self->connection_options_.call_deadline;
        std::optional<backoff> waits;
        node_result got;
        got.replies = std::move(reused);
        for (;;) {
            auto const to = self->target();
            if (to.primary == nullptr) {
                got.error = to.why;
                got.node = self->node();
            } else {
                result done = co_await to.primary->connection.execute_within(deadline - clock_now(), asked,
                                                                             std::move(got.replies));
                got = to.primary->own(std::move(done));
            }
            bool const is_over = self->note(to.primary, got) || !self->options_.retry;
            if (is_over) {
                co_return got;
            }
            if (!waits) {
                waits.emplace(first_wait, most_wait, self->seed_.fetch_add(1, std::memory_order_relaxed));
            }
            auto const wait = waits->next();
            if (clock_now() + wait >= deadline) {
                co_return got;
            }
            boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, wait};
            auto const [cancelled] = co_await timer.async_wait(token);
            if (cancelled) {
                got.error = cancelled;
                co_return got;
            }
        }
    }

    /// Has one server execute a request, if there is a connection to it.
    static task<node_result> execute_on(std::shared_ptr<sentinel_core> self, node_number node, request const& asked,
                                        response reused) {
        auto const to = self->link_of(node);
        if (to == nullptr) {
            node_result none;
            none.error = make_error_code(self->is_stopped() ? error::shut_down : error::not_connected);
            none.node = node;
            co_return none;
        }
        result done = co_await to->connection.execute(asked, std::move(reused));
        auto got = to->own(std::move(done));
        self->note(to, got);
        co_return got;
    }

    /// The number of the primary, or of the last one; 0 before there was one.
    node_number node() const noexcept { return last_.load(std::memory_order_acquire); }

    std::vector<node_number> primaries() const {
        std::scoped_lock const hold{mutex_};
        return nodes_.empty() ? std::vector<node_number>{} : std::vector<node_number>{node()};
    }

    std::vector<node_report> nodes() const {
        std::scoped_lock const hold{mutex_};
        std::vector<node_report> all;
        for (auto const& each : nodes_) {
            bool const is_primary = current_ != nullptr && current_ == each.now;
            auto const now = each.now == nullptr ? connection_stats{} : each.now->connection.stats();
            all.push_back({each.name, is_primary, sum_of(each.before, now)});
        }
        return all;
    }

  private:
    using error_code = boost::system::error_code;

    enum class stage : std::uint8_t { fresh, running, stopped };

    /// A connection to a server that is the primary or may be.
    struct link {
        template<class... Arguments>
        link(node_number number, std::uint64_t generations, Arguments&&... arguments)
            : node{number}, before{generations}, connection{std::forward<Arguments>(arguments)...} {}

        /// A result of the connection as one of the client.
        node_result own(result&& done) const {
            done.generation += done ? before : 0;
            return {std::move(done), node};
        }

        node_number const node;
        std::uint64_t const before; // generations of the node over earlier connections
        connection_type connection;
    };

    /// A server that was named once.
    struct known_node {
        server_address address;
        std::string name;
        std::uint64_t generations = 0; // over the connections that have ended, and what they counted
        connection_stats before{};
        std::shared_ptr<link> now{};
    };

    struct target_of_call {
        std::shared_ptr<link> primary;
        error_code why; // there is none
    };

    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    static constexpr monotonic_time never = monotonic_time::max();
    static constexpr std::chrono::milliseconds first_wait{5}; // of a call without a primary
    static constexpr std::chrono::milliseconds most_wait{100};

    static monotonic_time clock_now() noexcept { return std::chrono::steady_clock::now(); }

    // ---- calls, on any thread ----

    target_of_call target() const {
        std::scoped_lock const hold{mutex_};
        return {current_, why_};
    }

    std::shared_ptr<link> link_of(node_number node) const {
        std::scoped_lock const hold{mutex_};
        return node < nodes_.size() && stage_ == stage::running ? nodes_[node].now : nullptr;
    }

    bool is_stopped() const {
        std::scoped_lock const hold{mutex_};
        return stage_ == stage::stopped;
    }

    /// Draws what an outcome says about the primary; true when the outcome is the caller's, whatever it is.
    bool note(std::shared_ptr<link> const& asked, node_result const& got) {
        if (!got.error) {
            auto const refused = got.replies.first_error();
            auto const code = refused ? refused->error_code() : std::string_view{};
            if (code == "READONLY" || code == "MASTERDOWN") {
                disown(asked);
                return false;
            }
            return code != "LOADING";
        }
        if (got.error == make_error_code(error::timed_out)) {
            doubt();
            return true;
        }
        for (auto const each : {error::not_connected, error::connection_lost, error::stalled, error::breaker_open,
                                error::shut_down}) { // the last of a connection that was left, unless all is over
            if (got.error == make_error_code(each)) {
                doubt();
                return is_stopped();
            }
        }
        return true;
    }

    /// The server is no primary any more.
    void disown(std::shared_ptr<link> const& former) {
        {
            std::scoped_lock const hold{mutex_};
            if (current_ == former) {
                current_.reset();
            }
        }
        doubt();
    }

    void lost(node_number node) {
        {
            std::scoped_lock const hold{mutex_};
            if (current_ != nullptr && current_->node == node) {
                current_.reset();
            }
        }
        doubt();
    }

    /// Has the Sentinels asked soon.
    void doubt() {
        if (!is_doubted_.exchange(true, std::memory_order_acq_rel)) {
            boost::asio::post(strand, [self = this->shared_from_this()] { self->timer_.cancel(); });
        }
    }

    // ---- the coroutine ----

    static task<> run(std::shared_ptr<sentinel_core> self) {
        while (!self->is_stopped()) {
            search_step step;
            try {
                step = co_await self->search();
            } catch (std::exception const& e) { // for want of memory
                step.wait = self->options_.most_backoff;
                self->log_(severity::error, "cache", "redis_search_failed", {{"error", std::string_view{e.what()}}});
            }
            if (!self->is_stopped()) {
                co_await self->rest(step);
            }
        }
        for (std::size_t node = 0; node < self->nodes_.size(); ++node) {
            co_await self->leave(node);
        }
        self->is_running_.store(false, std::memory_order_release);
        self->ended_.cancel();
    }

    /// One round of questions.
    task<search_step> search() {
        is_doubted_.store(false, std::memory_order_release);
        auto step = search_.begin();
        while (!is_stopped() && (step.action == search_action::ask || step.action == search_action::verify)) {
            if (step.action == search_action::ask) {
                auto named = co_await ask(step.sentinel);
                step = search_.on_address(std::move(named));
            } else {
                bool const is_primary = co_await verify(step.address);
                step = search_.on_role(is_primary);
            }
        }
        co_return step;
    }

    /// Waits for the time of the next round. Doubts hasten it while there is a primary; without one it is on its way.
    task<> rest(search_step step) {
        auto until = clock_now() + step.wait;
        if (step.action == search_action::found) {
            while (!is_stopped() && !is_doubted_.load(std::memory_order_acquire) && clock_now() < until) {
                co_await pause(until);
            }
            until = std::min(until, clock_now() + options_.first_backoff);
        }
        while (!is_stopped() && clock_now() < until) {
            co_await pause(until);
        }
    }

    task<> pause(monotonic_time until) {
        timer_.expires_at(until);
        co_await timer_.async_wait(token);
    }

    static task<> stop_connection(std::shared_ptr<connection_type> over) { co_await over->stop(); }

    /// Asks a Sentinel for the primary's address, over a connection of its own: it is rarely asked.
    task<std::optional<server_address>> ask(std::size_t sentinel) {
        auto limits = connection_options_;
        limits.call_deadline = limits.connect_deadline = limits.stall_deadline = options_.ask_deadline;
        waits_on_ = std::make_shared<connection_type>(executor_, sentinels_[sentinel], std::move(limits),
                                                      connection_hooks{}, logger{}, layer_);
        auto const over = waits_on_;
        over->start();
        request question;
        question.append("SENTINEL", "GET-MASTER-ADDR-BY-NAME", options_.name);
        auto const got = co_await over->execute(question);
        waits_on_.reset();
        co_await over->stop();
        std::optional<server_address> named;
        if (got) {
            named = primary_address_of(got.replies.front());
        }
        if (!named && !is_stopped()) {
            auto const words = got ? std::string{got.replies.front().text()} : got.error.message();
            log_(severity::warning, "cache", "redis_sentinel_silent", {{"sentinel", over->name()}, {"error", words}});
        }
        co_return named;
    }

    /// Asks a server whether it is the primary; if so, calls go there.
    task<bool> verify(server_address address) {
        auto const node = number_of(address);
        co_await leave_others(node);
        if (is_stopped()) {
            co_return false;
        }
        auto const candidate = nodes_[node].now != nullptr ? nodes_[node].now : connect(node);
        request question;
        question.append("ROLE");
        waits_on_ = std::shared_ptr<connection_type>{candidate, &candidate->connection};
        auto const got = co_await candidate->connection.execute_within(options_.ask_deadline, question);
        waits_on_.reset();
        bool const is_primary = got && is_primary_role(got.replies.front());
        if (is_primary) {
            adopt(candidate);
            co_await leave_others(node);
        } else {
            refuse(candidate, got);
        }
        co_return is_primary;
    }

    node_number number_of(server_address const& address) {
        std::scoped_lock const hold{mutex_};
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].address == address) {
                return static_cast<node_number>(i);
            }
        }
        nodes_.push_back({address, to_text(endpoint_of(address))});
        return static_cast<node_number>(nodes_.size() - 1);
    }

    endpoint endpoint_of(server_address const& address) const {
        return {address.host,      address.port,      options_.user,
                options_.password, options_.database, Transport::is_encrypted};
    }

    std::shared_ptr<link> connect(node_number node) {
        auto& known = nodes_[node];
        auto made = std::make_shared<link>(node, known.generations, executor_, endpoint_of(known.address),
                                           connection_options_, hooks_of(node, known.generations), log_, layer_);
        made->connection.start();
        std::scoped_lock const hold{mutex_};
        return known.now = std::move(made);
    }

    connection_hooks hooks_of(node_number node, std::uint64_t before) {
        connection_hooks hooks;
        if (hooks_->set_up != nullptr) {
            hooks.set_up = [all = hooks_](request& greeting) { all->set_up(greeting); };
        }
        if (hooks_->push != nullptr) {
            hooks.push = [all = hooks_, node](reply_view push) { all->push(node, push); };
        }
        hooks.changed = [all = hooks_, node, before, weak = this->weak_from_this()](std::uint64_t generation,
                                                                                    bool connected) {
            if (all->changed != nullptr) {
                all->changed(node, before + generation, connected);
            }
            if (auto const self = weak.lock(); self != nullptr && !connected) {
                self->lost(node);
            }
        };
        return hooks;
    }

    void adopt(std::shared_ptr<link> const& primary) {
        bool is_other = false;
        {
            std::scoped_lock const hold{mutex_};
            if (stage_ != stage::running || !primary->connection.is_connected()) { // lost again since it answered
                return;
            }
            is_other = current_ != primary;
            current_ = primary;
            why_ = make_error_code(error::not_connected);
            last_.store(primary->node, std::memory_order_release);
        }
        if (is_other) {
            log_(severity::info, "cache", "redis_primary_found",
                 {{"name", options_.name}, {"node", primary->connection.name()}});
        }
    }

    /// The server named is none that says it is the primary.
    void refuse(std::shared_ptr<link> const& candidate, result const& got) {
        {
            std::scoped_lock const hold{mutex_};
            if (got && current_ == candidate) { // a silent one may only be slow: its deadlines and its breaker tell
                current_.reset();
            }
            if (stage_ == stage::running) {
                bool const is_clear = got.error && got.error != make_error_code(error::timed_out) &&
                                      got.error != make_error_code(error::breaker_open);
                why_ = is_clear ? got.error : error_code{make_error_code(error::not_connected)};
            }
        }
        auto const words = got ? std::string{"it says that it is no primary"} : got.error.message();
        log_(severity::warning, "cache", "redis_no_primary",
             {{"name", options_.name}, {"node", candidate->connection.name()}, {"error", words}});
    }

    /// Ends the connections to all servers but the primary and `kept`.
    task<> leave_others(node_number kept) {
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            bool const is_primary = nodes_[node].now != nullptr && nodes_[node].now == target().primary;
            if (node != kept && !is_primary) {
                co_await leave(node);
            }
        }
    }

    task<> leave(std::size_t node) {
        auto const over = nodes_[node].now;
        if (over == nullptr) {
            co_return;
        }
        co_await over->connection.stop();
        std::scoped_lock const hold{mutex_};
        auto& known = nodes_[node];
        known.generations = over->before + over->connection.generation();
        known.before = sum_of(known.before, over->connection.stats());
        known.now.reset();
    }

    boost::asio::any_io_executor const executor_;
    sentinel_options const options_;
    connection_options const connection_options_;
    std::vector<endpoint> const sentinels_;
    std::shared_ptr<client_hooks const> const hooks_;
    logger const log_;

    // The strand's.
    Transport layer_;
    std::atomic<std::uint64_t> seed_;
    primary_search search_;
    boost::asio::steady_timer timer_; // between rounds
    boost::asio::steady_timer ended_; // cancelled when the coroutine has ended
    std::shared_ptr<connection_type> waits_on_;

    // Everybody's.
    std::mutex mutable mutex_;
    stage stage_ = stage::fresh;
    std::vector<known_node> nodes_; // by number; the strand alone changes it
    std::shared_ptr<link> current_; // which said that it is the primary, and was not lost since
    error_code why_ = make_error_code(error::not_connected);

    std::atomic<node_number> last_{0};
    std::atomic<bool> is_doubted_{false};
    std::atomic<bool> is_running_{false};
};

} // namespace orfeas::inline v0::cache::redis::detail
