// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/backoff.hpp>
#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/cluster_call.hpp>
#include <orfeas/cache/redis/cluster_directory.hpp>
#include <orfeas/cache/redis/cluster_options.hpp>
#include <orfeas/cache/redis/cluster_slots.hpp>
#include <orfeas/cache/redis/connection.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/redirection.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/redis/slot_ranges.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
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

/// A connection to a node of a cluster.
template<class Transport>
struct cluster_link {
    cluster_link(node_number node, node_address where, std::uint64_t generations,
                 boost::asio::any_io_executor const& executor, endpoint server, connection_options options,
                 connection_hooks hooks, logger log, Transport layer)
        : number{node},
          address{std::move(where)},
          generation_base{generations},
          connection{executor,         std::move(server), std::move(options),
                     std::move(hooks), std::move(log),    std::move(layer)} {}

    node_number const number;
    node_address const address;
    std::uint64_t const generation_base; // is added to the connection's, which begin at 0 with each connection
    basic_connection<boost::asio::any_io_executor, Transport> connection;
};

/// The inside of a cluster client: outlives the handle while calls or the coroutine that keeps the map run.
/// Thread-safe, except what is said to be the strand's.
template<class Transport>
class cluster_core : public std::enable_shared_from_this<cluster_core<Transport>> {
  public:
    using executor_type = boost::asio::any_io_executor;
    using link = cluster_link<Transport>;
    using link_pointer = std::shared_ptr<link>;

    cluster_core(executor_type executor, std::vector<endpoint> seeds, cluster_options options,
                 connection_options connections, client_hooks hooks, logger log, Transport layer)
        : executor_{std::move(executor)},
          strand_{boost::asio::make_strand(executor_)},
          seeds_{std::move(seeds)},
          options_{options},
          connections_{std::move(connections)},
          hooks_{std::make_shared<client_hooks const>(std::move(hooks))},
          log_{std::move(log)},
          layer_{std::move(layer)},
          seed_{random_seed()},
          backoff_{connections_.first_backoff, connections_.most_backoff, seed_},
          timer_{strand_},
          ended_{strand_} {
        ended_.expires_at(monotonic_time::max());
    }

    /// Begins to connect, once.
    void start() {
        {
            std::scoped_lock const hold{mutex_};
            if (stage_ != stage::fresh) {
                return;
            }
            stage_ = stage::running;
        }
        is_running_.store(true, std::memory_order_release);
        boost::asio::co_spawn(strand_, run(this->shared_from_this()), boost::asio::detached);
    }

    /// Ends all connections, without waiting for it.
    void begin_stop() {
        {
            std::scoped_lock const hold{mutex_};
            if (std::exchange(stage_, stage::stopped) != stage::running) {
                return;
            }
        }
        boost::asio::post(strand_, [self = this->shared_from_this()] { self->interrupt(); });
    }

    /// Ends all connections and returns when nothing runs any more.
    static task<> stop(std::shared_ptr<cluster_core> self) {
        auto joining = join(self);
        co_await boost::asio::co_spawn(self->strand_, std::move(joining), boost::asio::use_awaitable);
    }

    /// Follows one command to its end.
    static task<node_result> execute(std::shared_ptr<cluster_core> self, access what, std::string_view key,
                                     request const& asked, response reused) {
        ORFEAS_ASSERT(asked.commands() == 1 && asked.is_complete(), "execute one complete command");
        auto now = clock_now();
        auto const deadline = now + self->connections_.call_deadline;
        journey way{slot_of_key(key), what, std::nullopt,
                    cluster_call{self->options_.call(), deadline, self->seed_of_call(now)}};
        cluster_decision next;
        request behind_asking;
        node_result got;
        got.replies = std::move(reused);
        for (;;) {
            auto const to = self->link_for(way, next);
            if (to == nullptr) {
                got.error = self->why_nowhere();
                next = self->is_lasting(got.error) ? cluster_decision{} : way.call.on_unmapped(now);
            } else {
                bool const is_asking = next.action == cluster_action::send_asking;
                request const& sent = is_asking ? prefixed_with_asking(behind_asking, asked) : asked;
                auto const patience = self->patience_of_attempt(deadline - now);
                result answer = co_await to->connection.execute_within(patience, sent, std::move(got.replies));
                got = named(std::move(answer), *to);
                if (got && is_asking) {
                    got.replies.drop_front();
                }
                if (got && !got.replies.front().is_error()) {
                    break;
                }
                next = self->judge(way, got, to);
            }
            self->note(next);
            if (next.action == cluster_action::too_many_redirects) {
                fail(got, make_error_code(error::too_many_redirects));
            }
            if (next.action != cluster_action::send && next.action != cluster_action::send_asking) {
                break;
            }
            if (next.wait.count() > 0) {
                auto const left = co_await pause(next.wait);
                if (left) {
                    fail(got, left);
                    break;
                }
            }
            now = clock_now();
        }
        co_return got;
    }

    /// Has one node execute any number of commands.
    static task<node_result> execute_on(std::shared_ptr<cluster_core> self, node_number node, request const& asked,
                                        response reused) {
        auto const to = self->link_to(node);
        node_result got;
        got.node = node;
        if (to == nullptr) {
            got.error = make_error_code(self->is_stopped() ? error::shut_down : error::not_connected);
            co_return got;
        }
        result answer = co_await to->connection.execute(asked, std::move(reused));
        co_return named(std::move(answer), *to);
    }

    node_number node_of(std::string_view key) const {
        std::scoped_lock const hold{mutex_};
        return directory_.primary_of(slot_of_key(key)).value_or(0);
    }

    std::vector<node_number> primaries() const {
        std::scoped_lock const hold{mutex_};
        return directory_.primaries();
    }

    std::vector<node_report> nodes() const {
        std::vector<node_report> all;
        std::vector<link_pointer> links;
        {
            std::scoped_lock const hold{mutex_};
            for (node_number number = 0; number < directory_.size(); ++number) {
                auto const& node = directory_[number];
                all.push_back({to_text(node.address), node.is_primary, {}});
                links.push_back(node.link);
            }
        }
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (links[i] != nullptr) {
                all[i].connection = links[i]->connection.stats();
            }
        }
        return all;
    }

  private:
    using strand_type = boost::asio::strand<executor_type>;
    using connection_type = basic_connection<executor_type, Transport>;
    using error_code = boost::system::error_code;
    template<class E>
    using timer_on = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                       boost::asio::wait_traits<std::chrono::steady_clock>, E>;

    enum class stage : std::uint8_t { fresh, running, stopped };

    /// A command on its way.
    struct journey {
        std::uint16_t slot;
        access what;
        std::optional<node_number> failed; // the node that failed last
        cluster_call call;
    };

    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

    static monotonic_time clock_now() noexcept { return std::chrono::steady_clock::now(); }

    // ---- calls ----

    std::uint64_t seed_of_call(monotonic_time begun) const noexcept {
        return seed_ ^ static_cast<std::uint64_t>(begun.time_since_epoch().count());
    }

    std::chrono::nanoseconds patience_of_attempt(std::chrono::nanoseconds left) const noexcept {
        return std::min<std::chrono::nanoseconds>(options_.attempt_deadline, left);
    }

    static request const& prefixed_with_asking(request& room, request const& asked) {
        room.clear();
        room.append("ASKING");
        room.append(asked);
        return room;
    }

    static void fail(node_result& got, error_code why) {
        got.error = why;
        got.replies.clear();
    }

    static node_result named(result&& answer, link const& of) {
        node_result all;
        static_cast<result&>(all) = std::move(answer);
        all.generation += of.generation_base;
        all.node = of.number;
        return all;
    }

    /// What comes after an error of the server or of the connection.
    cluster_decision judge(journey& way, node_result& got, link_pointer const& asked) {
        auto const now = clock_now();
        if (got) {
            return way.call.on_error(got.replies.front().text(), asked->address, now);
        }
        if (is_stopped()) {
            got.error = make_error_code(error::shut_down);
            return {};
        }
        way.failed = asked->number;
        cluster_decision as_it_is;
        as_it_is.refresh = got.error != boost::asio::error::operation_aborted;
        if (!may_pass(got.error)) {
            return as_it_is;
        }
        if (got.error == make_error_code(error::breaker_open) && link_for(way, as_it_is) == asked) {
            return as_it_is; // at once, as long as nobody took over from the node
        }
        bool const is_unsent =
            got.error == make_error_code(error::not_connected) || got.error == make_error_code(error::breaker_open);
        return way.call.on_failure(is_unsent ? command_fate::not_sent : command_fate::uncertain, now);
    }

    /// Whether another node, or the same one later, may do better.
    static bool may_pass(error_code failed) {
        for (auto const each :
             {error::not_connected, error::timed_out, error::connection_lost, error::stalled, error::breaker_open,
              error::not_a_redis_server, error::no_slot_owner, error::shut_down}) {
            if (failed == make_error_code(each)) {
                return true;
            }
        }
        return false;
    }

    void note(cluster_decision const& next) {
        if (next.learned) {
            std::scoped_lock const hold{mutex_};
            if (directory_.size() < most_nodes) {
                directory_.move(*next.learned, clock_now());
            }
        }
        if (next.refresh) {
            want_refresh();
        }
    }

    /// Where a command goes next; null if nobody is known to serve its slot.
    link_pointer link_for(journey const& way, cluster_decision const& next) {
        std::scoped_lock const hold{mutex_};
        std::optional<node_number> number;
        if (next.to) {
            if (directory_.size() < most_nodes) {
                number = directory_.number_of(*next.to, clock_now());
            }
        } else if (way.what == access::read && options_.read_from_replicas && !next.primary_only) {
            auto const is_fit = [&](node_number each) {
                auto const& of = directory_[each].link;
                return each != way.failed && of != nullptr && of->connection.is_connected();
            };
            number = directory_.reader_of(way.slot, turn_++, is_fit);
        } else {
            number = directory_.primary_of(way.slot);
        }
        return number ? connected(*number) : nullptr;
    }

    link_pointer link_to(node_number number) {
        std::scoped_lock const hold{mutex_};
        return number < directory_.size() ? connected(number) : nullptr;
    }

    /// Why there is no node for a slot.
    error_code why_nowhere() const {
        std::scoped_lock const hold{mutex_};
        if (stage_ != stage::running) {
            return make_error_code(stage_ == stage::stopped ? error::shut_down : error::not_connected);
        }
        if (directory_.has_map()) {
            return make_error_code(error::no_slot_owner);
        }
        return unmapped_for_ ? unmapped_for_ : error_code{make_error_code(error::timed_out)};
    }

    /// Whether it makes no sense to wait for a better answer.
    bool is_lasting(error_code why) const { return !is_running() || !may_pass(why); }

    /// On the caller's executor, until the caller is cancelled.
    static task<error_code> pause(std::chrono::nanoseconds wait) {
        auto const executor = co_await boost::asio::this_coro::executor;
        timer_on<executor_type> timer{executor, wait};
        auto const [failed] = co_await timer.async_wait(token);
        co_return failed;
    }

    // ---- connections ----

    /// The link to a node, made if there is none. With the mutex held.
    link_pointer connected(node_number number) {
        auto& node = directory_[number];
        if (node.link == nullptr && stage_ == stage::running) {
            auto const base = std::uint64_t{node.links} << 32; // a node that comes back continues its generations
            node.link = std::make_shared<link>(number, node.address, base, executor_, server_at(node.address),
                                               connections_, hooks_for(number, base), log_, layer_);
            node.link->connection.start();
        }
        return node.link;
    }

    endpoint server_at(node_address const& address) const {
        endpoint server = seeds_.front();
        server.host = address.host;
        server.port = address.port;
        return server;
    }

    connection_hooks hooks_for(node_number number, std::uint64_t base) {
        connection_hooks hooks;
        hooks.set_up = [user = hooks_, from_replicas = options_.read_from_replicas](request& greeting) {
            if (from_replicas) {
                greeting.append("READONLY");
            }
            if (user->set_up != nullptr) {
                user->set_up(greeting);
            }
        };
        if (hooks_->push != nullptr) {
            hooks.push = [user = hooks_, number](reply_view push) { user->push(number, push); };
        }
        hooks.changed = [user = hooks_, number, base, weak = this->weak_from_this()](std::uint64_t generation,
                                                                                     bool connected) {
            if (user->changed != nullptr) {
                user->changed(number, base + generation, connected);
            }
            if (auto const self = weak.lock(); self != nullptr && !connected) {
                self->want_refresh();
            }
        };
        return hooks;
    }

    // ---- the coroutine that keeps the map; all of this is the strand's ----

    static task<> run(std::shared_ptr<cluster_core> self) {
        while (!self->is_stopped()) {
            self->is_wanted_.store(false, std::memory_order_release);
            error_code failed;
            try {
                failed = co_await self->refresh();
                co_await self->forget_departed();
            } catch (std::exception const& e) { // for want of memory
                self->log_(severity::warning, "cache", "redis_cluster_refresh_failed", {{"error", e.what()}});
                failed = boost::asio::error::no_memory;
            }
            auto const wait = failed ? self->backoff_.next() : self->options_.refresh_pause;
            co_await self->sleep_until(clock_now() + wait);
            if (!failed) {
                self->backoff_.reset();
                co_await self->idle();
            }
        }
        co_await self->stop_connections();
        self->is_running_.store(false, std::memory_order_release);
        self->ended_.cancel();
    }

    /// Until somebody wants the map, or it is time.
    task<> idle() {
        bool const is_whole = all_primaries_connected();
        auto const wait =
            is_whole ? options_.refresh_interval : std::min(options_.refresh_interval, connections_.most_backoff);
        is_idle_ = true;
        if (!is_wanted_.load(std::memory_order_acquire)) {
            co_await sleep_until(clock_now() + wait);
        }
        is_idle_ = false;
    }

    task<> sleep_until(monotonic_time until) {
        if (!is_stopped()) { // else nobody would wake it
            timer_.expires_at(until);
            co_await timer_.async_wait(token);
        }
    }

    void want_refresh() {
        if (!is_wanted_.exchange(true, std::memory_order_acq_rel)) {
            boost::asio::post(strand_, [self = this->shared_from_this()] {
                if (self->is_idle_) {
                    self->timer_.cancel();
                }
            });
        }
    }

    /// Asks one after the other until one tells the map: nodes that are connected, seeds, what other nodes are known.
    task<error_code> refresh() {
        error_code why = make_error_code(error::not_connected);
        auto const links = links_to_ask();
        for (auto const& each : links) {
            why = co_await ask(each->connection, each->address.host);
            {
                std::scoped_lock const hold{mutex_};
                directory_[each->number].is_mute = why.failed();
            }
            if (!why || is_stopped()) {
                co_return why;
            }
        }
        auto const servers = servers_to_ask();
        for (auto const& each : servers) {
            asking_ =
                std::make_shared<connection_type>(executor_, each, connections_, connection_hooks{}, log_, layer_);
            asking_->start();
            auto const failed = co_await ask(*asking_, each.host);
            co_await asking_->stop();
            asking_.reset();
            if (!failed || is_stopped()) {
                co_return failed;
            }
            why = may_pass(why) ? failed : why;
        }
        {
            std::scoped_lock const hold{mutex_};
            unmapped_for_ = why;
        }
        log_(severity::warning, "cache", "redis_cluster_refresh_failed", {{"error", why.message()}});
        co_return why;
    }

    /// Asks one server, and takes over what it tells.
    task<error_code> ask(connection_type& over, std::string_view host) {
        request question;
        question.append("CLUSTER", "SLOTS");
        auto const answer = co_await over.execute_within(options_.attempt_deadline, question);
        if (!answer) {
            co_return answer.error;
        }
        auto const reply = answer.replies.front();
        if (reply.is_error()) {
            co_return make_error_code(meaning_of_refusal(reply.text()));
        }
        auto const ranges = read_slot_ranges(reply);
        auto map = ranges ? cluster_slots::from(*ranges, host) : std::nullopt;
        if (!map || map->covered() == 0) {
            co_return make_error_code(error::no_slot_owner);
        }
        install(std::move(*map));
        co_return error_code{};
    }

    static error meaning_of_refusal(std::string_view words) noexcept {
        if (words.starts_with("NOPERM") || words.starts_with("NOAUTH")) {
            return error::authentication_refused;
        }
        bool const has_none = words.starts_with("ERR This instance has cluster support disabled") ||
                              words.starts_with("ERR unknown command");
        return has_none ? error::not_a_cluster : error::no_slot_owner;
    }

    void install(cluster_slots map) {
        std::size_t moved = 0;
        std::size_t covered = 0;
        std::size_t primaries = 0;
        {
            std::scoped_lock const hold{mutex_};
            moved = directory_.replace(std::move(map), clock_now());
            covered = directory_.covered();
            for (node_number number = 0; number < directory_.size(); ++number) {
                auto const& node = directory_[number];
                primaries += node.is_primary ? 1U : 0U;
                if (node.is_primary || (node.is_in_map && options_.read_from_replicas)) {
                    connected(number);
                }
            }
        }
        if (moved > 0) {
            log_(severity::info, "cache", "redis_cluster_changed",
                 {{"slots_moved", moved}, {"slots_served", covered}, {"primaries", primaries}});
        }
    }

    /// Nodes with a standing connection, those that are likely to know and to answer first.
    std::vector<link_pointer> links_to_ask() {
        std::scoped_lock const hold{mutex_};
        std::vector<link_pointer> all;
        auto const nodes = directory_.size();
        ++rotation_;
        for (std::size_t rank = 0; rank < 4; ++rank) {
            for (std::size_t i = 0; i < nodes; ++i) {
                auto const& node = directory_[static_cast<node_number>((i + rotation_) % nodes)];
                std::size_t const its_rank = (node.is_in_map ? 0U : 2U) + (node.is_mute ? 1U : 0U);
                if (its_rank == rank && node.link != nullptr && node.link->connection.is_connected()) {
                    all.push_back(node.link);
                }
            }
        }
        return all;
    }

    std::vector<endpoint> servers_to_ask() {
        auto all = seeds_;
        std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(rotation_ % all.size()), all.end());
        std::scoped_lock const hold{mutex_};
        for (node_number number = 0; number < directory_.size(); ++number) {
            auto server = server_at(directory_[number].address);
            if (directory_[number].is_in_map && std::find(all.begin(), all.end(), server) == all.end()) {
                all.push_back(std::move(server));
            }
        }
        return all;
    }

    bool all_primaries_connected() const {
        std::scoped_lock const hold{mutex_};
        for (node_number number = 0; number < directory_.size(); ++number) {
            auto const& node = directory_[number];
            if (node.is_primary && (node.link == nullptr || !node.link->connection.is_connected())) {
                return false;
            }
        }
        return true;
    }

    task<> forget_departed() {
        std::vector<link_pointer> gone;
        {
            std::scoped_lock const hold{mutex_};
            gone = directory_.take_departed(clock_now(), options_.forget_after);
        }
        for (auto const& each : gone) {
            co_await each->connection.stop();
            log_(severity::info, "cache", "redis_cluster_node_forgotten", {{"node", each->connection.name()}});
        }
    }

    // ---- the end ----

    bool is_running() const {
        std::scoped_lock const hold{mutex_};
        return stage_ == stage::running;
    }

    bool is_stopped() const {
        std::scoped_lock const hold{mutex_};
        return stage_ == stage::stopped;
    }

    /// Ends what the coroutine waits for, and the calls. On the strand.
    void interrupt() {
        timer_.cancel();
        if (asking_ != nullptr) {
            boost::asio::co_spawn(strand_, stop_asking(asking_), boost::asio::detached);
        }
        for (auto& each : all_links()) {
            boost::asio::co_spawn(strand_, stop_link(std::move(each)), boost::asio::detached);
        }
    }

    static task<> stop_asking(std::shared_ptr<connection_type> asking) { co_await asking->stop(); }
    static task<> stop_link(link_pointer each) { co_await each->connection.stop(); }

    task<> stop_connections() {
        auto const links = all_links();
        for (auto const& each : links) {
            co_await each->connection.stop();
        }
    }

    std::vector<link_pointer> all_links() const {
        std::scoped_lock const hold{mutex_};
        std::vector<link_pointer> all;
        for (node_number number = 0; number < directory_.size(); ++number) {
            if (directory_[number].link != nullptr) {
                all.push_back(directory_[number].link);
            }
        }
        return all;
    }

    static task<> join(std::shared_ptr<cluster_core> self) {
        self->begin_stop();
        while (self->is_running_.load(std::memory_order_acquire)) {
            co_await self->ended_.async_wait(token);
        }
    }

    static constexpr std::size_t most_nodes = 65'536; // of a client's life: more are a mistake or an attack

    executor_type const executor_;
    strand_type const strand_;
    std::vector<endpoint> const seeds_;
    cluster_options const options_;
    connection_options const connections_;
    std::shared_ptr<client_hooks const> const hooks_;
    logger const log_;
    Transport const layer_;
    std::uint64_t const seed_;

    // The strand's.
    backoff backoff_; // between refreshes that fail
    timer_on<strand_type> timer_;
    timer_on<strand_type> ended_; // cancelled when the coroutine has ended
    std::shared_ptr<connection_type> asking_;
    std::size_t rotation_ = 0;
    bool is_idle_ = false;

    // Everybody's.
    std::mutex mutable mutex_;
    cluster_directory<link> directory_;
    std::size_t turn_ = 0;    // of replicas
    error_code unmapped_for_; // why the last refresh failed
    stage stage_ = stage::fresh;

    std::atomic<bool> is_running_{false};
    std::atomic<bool> is_wanted_{false}; // somebody wants a new map
};

} // namespace orfeas::inline v0::cache::redis::detail
