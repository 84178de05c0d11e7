// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/backoff.hpp>
#include <orfeas/cache/redis/breaker.hpp>
#include <orfeas/cache/redis/byte_buffer.hpp>
#include <orfeas/cache/redis/call.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/redis/connection_stats.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/handshake.hpp>
#include <orfeas/cache/redis/outbox.hpp>
#include <orfeas/cache/redis/pipeline.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/redis/transport.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/net/address.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/net/watchdog.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// What the user of a connection adds to it. All are called on the connection's strand and do not throw, except `set_up`.
struct connection_hooks {
    /// Appends commands that every new connection executes before any call, such as CLIENT TRACKING ON. When the server
    /// answers an error to one of them the connection is not used.
    unique_function<void(request&)> set_up{};
    /// Sees each push at its place in the stream; the view is valid during the call.
    unique_function<void(reply_view)> push{};
    /// Sees each new generation: a connection was made (and set up), or lost. Before any call of the new one ends, and
    /// after all calls of the old one were settled.
    unique_function<void(std::uint64_t generation, bool connected)> changed{};
};

namespace detail {

/// A connection's inside: outlives the handle while its coroutine runs.
/// Executor-bound: call only from its strand, except `submit`, `begin_stop`, `stop` and the readings, which are thread-safe.
template<class Executor, class Transport>
class connection_core : public std::enable_shared_from_this<connection_core<Executor, Transport>> {
  public:
    using strand_type = boost::asio::strand<Executor>;
    using stream_type = typename Transport::template stream<strand_type>;
    static_assert(transport<Transport, strand_type>);

    connection_core(Executor const& executor, endpoint server, connection_options options, connection_hooks hooks,
                    logger log, Transport layer)
        : strand{boost::asio::make_strand(executor)},
          server_{std::move(server)},
          name_{to_text(server_)},
          options_{std::move(options)},
          hooks_{std::move(hooks)},
          log_{std::move(log)},
          layer_{std::move(layer)},
          pipeline_{options_.limits()},
          backoff_{options_.first_backoff, options_.most_backoff, random_seed()},
          watchdog_{strand},
          timer_{strand},
          ended_{strand},
          breaker_{options_.breaker} {
        ended_.expires_at(never);
    }

    strand_type const strand;

    connection_options const& options() const noexcept { return options_; }
    std::string const& name() const noexcept { return name_; }
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
    bool is_connected() const noexcept { return is_connected_.load(std::memory_order_acquire); }

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
        boost::asio::co_spawn(strand, run(this->shared_from_this()), boost::asio::detached);
    }

    /// Sends a request as soon as may be, or fails the call.
    void submit(request const& asked, std::shared_ptr<call> const& waiting, monotonic_time now) {
        boost::system::error_code refused;
        bool needs_post = false;
        {
            std::scoped_lock const hold{mutex_};
            refused = refusal_of(asked, now);
            if (!refused) {
                outbox_.append(asked.bytes(), waiting);
                needs_post = !is_flush_due_ || waiting->deadline() < armed_;
                is_flush_due_ = true;
            }
        }
        if (refused) {
            counters_.refusals.fetch_add(1, std::memory_order_relaxed);
            waiting->fail(refused);
        } else if (needs_post) {
            boost::asio::post(strand, [self = this->shared_from_this()] { self->flush(); });
        }
        counters_.calls.fetch_add(1, std::memory_order_relaxed);
    }

    /// Ends the connection and fails all calls, without waiting for it.
    void begin_stop() {
        {
            std::scoped_lock const hold{mutex_};
            bool const was_running = std::exchange(stage_, stage::stopped) == stage::running;
            if (!was_running) {
                return;
            }
        }
        boost::asio::post(strand, [self = this->shared_from_this()] { self->interrupt(); });
    }

    /// Ends the connection and returns when nothing of it runs any more.
    static task<void> stop(std::shared_ptr<connection_core> self) {
        self->begin_stop();
        while (self->is_running_.load(std::memory_order_acquire)) {
            co_await self->ended_.async_wait(token);
        }
    }

    connection_stats stats() const {
        connection_stats all;
        all.calls = counters_.calls.load(std::memory_order_relaxed);
        all.failures = counters_.failures.load(std::memory_order_relaxed);
        all.timeouts = counters_.timeouts.load(std::memory_order_relaxed);
        all.refusals = counters_.refusals.load(std::memory_order_relaxed);
        all.connects = counters_.connects.load(std::memory_order_relaxed);
        all.connect_failures = counters_.connect_failures.load(std::memory_order_relaxed);
        all.losses = counters_.losses.load(std::memory_order_relaxed);
        all.pushes = counters_.pushes.load(std::memory_order_relaxed);
        all.sent_bytes = counters_.sent_bytes.load(std::memory_order_relaxed);
        all.received_bytes = counters_.received_bytes.load(std::memory_order_relaxed);
        all.connected = is_connected();
        std::scoped_lock const hold{mutex_};
        all.breaker_openings = breaker_.openings();
        all.breaker = breaker_.state();
        return all;
    }

    /// A deadline of a call or of the connection has come.
    void deadline_passed() {
        auto const now = clock_now();
        fail_expired(now);
        if (interruption_) { // the coroutine is about to see it
        } else if (connect_by_ <= now) {
            interrupt_with(error::timed_out);
        } else if (is_greeted_ && pipeline_.is_stalled(now)) {
            interrupt_with(error::stalled);
        } else if (is_greeted_ && pipeline_.is_ping_due(now)) {
            send_ping();
        }
        arm();
    }

  private:
    using timer_type =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;
    using tcp = boost::asio::ip::tcp;
    using error_code = boost::system::error_code;

    enum class stage : std::uint8_t { fresh, running, stopped };

    /// A call of the connection itself: the connection's own deadlines guard it.
    class own_call final : public call {
      public:
        explicit own_call(std::size_t commands, std::size_t bytes = 0) : call{commands, bytes, never, {}} {}
        response replies;

      private:
        void deliver(result&& done, bool) override { replies = std::move(done.replies); }
    };

    struct counters {
        std::atomic<std::uint64_t> calls{0};
        std::atomic<std::uint64_t> failures{0};
        std::atomic<std::uint64_t> timeouts{0};
        std::atomic<std::uint64_t> refusals{0};
        std::atomic<std::uint64_t> connects{0};
        std::atomic<std::uint64_t> connect_failures{0};
        std::atomic<std::uint64_t> losses{0};
        std::atomic<std::uint64_t> pushes{0};
        std::atomic<std::uint64_t> sent_bytes{0};
        std::atomic<std::uint64_t> received_bytes{0};
    };

    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
    static constexpr std::size_t read_bytes = 64 << 10;
    static constexpr std::size_t kept_capacity = 1 << 20;
    static constexpr monotonic_time never = monotonic_time::max();

    static monotonic_time clock_now() noexcept { return std::chrono::steady_clock::now(); }

    // ---- the coroutine ----

    static task<void> run(std::shared_ptr<connection_core> self) {
        while (!self->is_stopped()) {
            error_code failed;
            try {
                failed = co_await self->connect();
                if (!failed) {
                    failed = co_await self->serve();
                }
            } catch (std::bad_alloc const&) { // for a reply
                failed = boost::asio::error::no_memory;
            } catch (std::exception const& e) { // of the user's set-up
                self->words_ = e.what();
                failed = make_error_code(error::set_up_refused);
            }
            self->disconnect(failed);
            while (self->is_writing_) { // its handler comes soon: the socket is closed
                co_await self->pause(never);
            }
            if (!self->is_stopped()) {
                co_await self->pause(clock_now() + self->backoff_.next());
            }
        }
        self->is_running_.store(false, std::memory_order_release);
        self->watchdog_.cancel();
        self->ended_.cancel();
    }

    /// A greeted connection, or why there is none.
    task<error_code> connect() {
        interruption_ = {};
        words_.clear();
        connect_by_ = clock_now() + options_.connect_deadline;
        arm();
        stream_ = layer_.make(strand, server_);
        error_code failed = co_await reach();
        if (!failed) {
            configure(Transport::socket(*stream_), options_.stall_deadline + options_.connect_deadline);
            failed = co_await layer_.async_shake_hands(*stream_);
            if (failed) {
                words_ = failed.message();
                failed = make_error_code(error::tls_refused);
            }
        }
        if (!failed) {
            failed = co_await greet();
        }
        connect_by_ = never;
        co_return interruption_ ? interruption_ : failed;
    }

    /// Connects the socket to the first address of the server that answers.
    task<error_code> reach() {
        std::vector<tcp::endpoint> addresses;
        if (auto const numeric = net::parse_address(server_.host)) {
            addresses.emplace_back(*numeric, server_.port);
        } else {
            auto const failed = co_await resolve(addresses);
            if (failed) {
                co_return failed;
            }
        }
        error_code failed = make_error_code(error::not_connected);
        auto& socket = Transport::socket(*stream_);
        for (auto const& address : addresses) {
            error_code ignored;
            socket.close(ignored);
            std::tie(failed) = co_await socket.async_connect(address, token);
            if (!failed || interruption_) {
                break;
            }
        }
        co_return interruption_ ? interruption_ : failed;
    }

    /// Asks the name service, which cannot be interrupted: a question that takes too long is left to itself.
    task<error_code> resolve(std::vector<tcp::endpoint>& addresses) {
        struct question {
            explicit question(strand_type const& on) : resolver{on} {}
            boost::asio::ip::basic_resolver<tcp, strand_type> resolver;
            error_code failed;
            std::vector<tcp::endpoint> found;
            bool is_answered = false;
        };
        auto const asked = std::make_shared<question>(strand);
        asked->resolver.async_resolve(server_.host, std::to_string(server_.port),
                                      [self = this->shared_from_this(), asked](error_code failed, auto const& results) {
                                          asked->failed = failed;
                                          for (auto const& each : results) {
                                              asked->found.push_back(each.endpoint());
                                          }
                                          asked->is_answered = true;
                                          self->timer_.cancel();
                                      });
        while (!asked->is_answered && !interruption_) {
            co_await pause(never);
        }
        addresses = std::move(asked->found);
        co_return interruption_ ? interruption_ : asked->failed;
    }

    /// Greets the server, and runs the user's set-up commands.
    task<error_code> greet() {
        request greeting;
        append_greeting(greeting, server_, options_.client_name);
        if (hooks_.set_up != nullptr) {
            hooks_.set_up(greeting);
        }
        auto const now = clock_now();
        pipeline_.restart(now);
        auto const greeted = std::make_shared<own_call>(greeting.commands());
        pipeline_.sent(greeted, now);
        auto const [failed, sent] =
            co_await boost::asio::async_write(*stream_, boost::asio::buffer(greeting.bytes()), token);
        counters_.sent_bytes.fetch_add(sent, std::memory_order_relaxed);
        error_code ended = failed;
        while (!ended && !greeted->is_settled()) {
            ended = co_await read();
        }
        if (ended == make_error_code(error::protocol_violation)) {
            ended = make_error_code(error::not_a_redis_server);
        }
        if (!ended) {
            if (auto const refused = judge_greeting(greeted->replies)) {
                words_ = refused->words;
                ended = make_error_code(refused->why);
            }
        }
        co_return ended;
    }

    /// Carries calls until the connection ends; says why it did.
    task<error_code> serve() {
        is_greeted_ = true;
        backoff_.reset();
        counters_.connects.fetch_add(1, std::memory_order_relaxed);
        {
            std::scoped_lock const hold{mutex_};
            breaker_.close();
        }
        log_(severity::info, "cache", "redis_connected", {{"node", name_}});
        change_generation(true);
        flush();
        error_code failed;
        while (!failed) {
            failed = co_await read();
        }
        co_return interruption_ ? interruption_ : failed;
    }

    /// Reads once, and settles what it completes.
    task<error_code> read() {
        auto const room = boost::asio::buffer(pipeline_.prepare(read_bytes), read_bytes);
        auto const [failed, bytes] = co_await stream_->async_read_some(room, token);
        if (failed) {
            co_return failed;
        }
        auto const now = clock_now();
        hold_flush();
        auto const done =
            pipeline_.commit(bytes, now, generation_.load(std::memory_order_relaxed), [this](reply_view push) {
                if (hooks_.push != nullptr) {
                    hooks_.push(push);
                }
            });
        counters_.received_bytes.fetch_add(bytes, std::memory_order_relaxed);
        if (done.pushes > 0) {
            counters_.pushes.fetch_add(done.pushes, std::memory_order_relaxed);
        }
        if (done.succeeded > 0 && is_greeted_) {
            std::scoped_lock const hold{mutex_};
            breaker_.succeeded(done.succeeded, now);
        }
        if (done.failure) {
            co_return make_error_code(*done.failure);
        }
        flush(); // what callers on this strand have asked for meanwhile
        co_return error_code{};
    }

    task<void> pause(monotonic_time until) {
        timer_.expires_at(until);
        co_await timer_.async_wait(token);
    }

    // ---- the end of a connection, or of an attempt ----

    void disconnect(error_code why) {
        close();
        connect_by_ = never;
        bool const was_greeted = std::exchange(is_greeted_, false);
        auto const now = clock_now();
        auto const is_stopped = this->is_stopped();
        std::vector<std::shared_ptr<call>> waiting;
        {
            std::scoped_lock const hold{mutex_};
            is_flush_due_ = is_writing_;
            if (is_stopped || !was_greeted) { // what was not sent may still go over the next connection
                waiting = outbox_.take_all();
            }
        }
        auto const lost = is_stopped ? error::shut_down : error::connection_lost;
        auto in_flight = pipeline_.take_all();
        std::uint64_t failures = 0;
        for (auto const& each : in_flight) {
            failures += each->fail(meaning_of(why, lost)) ? 1U : 0U;
        }
        for (auto const& each : waiting) {
            failures += each->fail(meaning_of(why, is_stopped ? error::shut_down : error::not_connected)) ? 1U : 0U;
        }
        counters_.failures.fetch_add(failures, std::memory_order_relaxed);
        if (was_greeted) {
            change_generation(false);
        }
        if (!is_stopped) {
            report(why, was_greeted);
            note_failures(1, now);
        }
        arm();
    }

    /// What the caller is told: the client's own reasons as they are, the system's as `otherwise`.
    static error_code meaning_of(error_code why, error otherwise) {
        static auto const& own = category_of<error>();
        bool const is_own = otherwise != error::shut_down && std::error_code{why}.category() == own;
        bool const is_connect_timeout = is_own && why == make_error_code(error::timed_out);
        return is_own && !is_connect_timeout ? why : error_code{make_error_code(otherwise)};
    }

    void report(error_code why, bool was_greeted) {
        auto& counter = was_greeted ? counters_.losses : counters_.connect_failures;
        counter.fetch_add(1, std::memory_order_relaxed);
        log_(severity::warning, "cache", was_greeted ? "redis_lost" : "redis_unreachable",
             {{"node", name_}, {"error", why.message()}, {"answer", words_}});
    }

    void change_generation(bool connected) {
        auto const next = generation_.load(std::memory_order_relaxed) + 1;
        generation_.store(next, std::memory_order_release);
        is_connected_.store(connected, std::memory_order_release);
        if (hooks_.changed != nullptr) {
            hooks_.changed(next, connected);
        }
    }

    /// Ends what the coroutine waits for, for this reason.
    void interrupt_with(error_code why) {
        interruption_ = why;
        close();
        timer_.cancel();
    }
    void interrupt_with(error why) { interrupt_with(error_code{make_error_code(why)}); }
    void interrupt() { interrupt_with(error::shut_down); }

    void close() noexcept {
        if (stream_ != nullptr) {
            error_code ignored;
            Transport::socket(*stream_).close(ignored);
        }
    }

    bool is_stopped() const {
        std::scoped_lock const hold{mutex_};
        return stage_ == stage::stopped;
    }

    // ---- sending ----

    /// Why a request is not even tried. With the mutex held.
    error_code refusal_of(request const& asked, monotonic_time now) noexcept {
        if (stage_ != stage::running) {
            return make_error_code(stage_ == stage::stopped ? error::shut_down : error::not_connected);
        }
        if (asked.bytes().size() > options_.request_bytes) {
            return make_error_code(error::request_too_large);
        }
        if (outbox_.bytes() + asked.bytes().size() > options_.queued_bytes) {
            return make_error_code(error::queue_full);
        }
        return breaker_.admit(now) ? error_code{} : error_code{make_error_code(error::breaker_open)};
    }

    /// Sends what waits, in one write, unless one is under way: that one calls this again.
    void flush() {
        if (is_greeted_ && !is_writing_) {
            auto const now = clock_now();
            {
                std::scoped_lock const hold{mutex_};
                outbox_.drain(writing_, [&](std::shared_ptr<call>&& each) { pipeline_.sent(std::move(each), now); });
                is_flush_due_ = false;
            }
            if (!writing_.empty()) {
                write();
            }
        } else if (!is_greeted_) { // `serve` flushes
            std::scoped_lock const hold{mutex_};
            is_flush_due_ = false;
        }
        arm();
    }

    /// Nobody need post a flush: one is about to come.
    void hold_flush() {
        std::scoped_lock const hold{mutex_};
        is_flush_due_ = true;
    }

    /// Sends `writing_`: at once as far as it goes, which spares a turn of the loop.
    void write() {
        std::size_t sent_now = 0;
        if constexpr (requires { Transport::write_now(*stream_, writing_.view()); }) {
            sent_now = Transport::write_now(*stream_, writing_.view());
            counters_.sent_bytes.fetch_add(sent_now, std::memory_order_relaxed);
        }
        if (sent_now == writing_.size()) {
            writing_.clear_to(kept_capacity);
            return;
        }
        is_writing_ = true;
        hold_flush();
        auto const bytes = boost::asio::buffer(writing_.data(), writing_.size()) + sent_now;
        boost::asio::async_write(
            *stream_, bytes,
            [self = this->shared_from_this()](error_code failed, std::size_t sent) { self->written(failed, sent); });
    }

    void written(error_code failed, std::size_t sent) {
        counters_.sent_bytes.fetch_add(sent, std::memory_order_relaxed);
        is_writing_ = false;
        writing_.clear_to(kept_capacity);
        if (!is_greeted_) {
            timer_.cancel(); // the coroutine waits for this handler
            flush();
        } else if (failed) {
            interrupt_with(failed);
        } else {
            flush();
        }
    }

    /// Past the outbox: the breaker and the queue of others do not concern a sign of life.
    void send_ping() {
        request ping;
        ping.append("PING");
        auto const waiting = std::make_shared<own_call>(1, ping.bytes().size());
        {
            std::scoped_lock const hold{mutex_};
            outbox_.append(ping.bytes(), waiting);
        }
        flush();
    }

    // ---- deadlines ----

    void fail_expired(monotonic_time now) {
        std::vector<std::shared_ptr<call>> expired;
        pipeline_.expire(now, expired);
        {
            std::scoped_lock const hold{mutex_};
            outbox_.expire(now, expired);
        }
        std::uint64_t timeouts = 0;
        for (auto const& each : expired) {
            timeouts += each->fail(make_error_code(error::timed_out)) ? 1U : 0U;
        }
        counters_.timeouts.fetch_add(timeouts, std::memory_order_relaxed);
        counters_.failures.fetch_add(timeouts, std::memory_order_relaxed);
        note_failures(timeouts, now);
    }

    void note_failures(std::uint64_t failures, monotonic_time now) {
        bool has_opened = false;
        {
            std::scoped_lock const hold{mutex_};
            auto const before = breaker_.openings();
            breaker_.failed(failures, now);
            has_opened = breaker_.openings() != before;
        }
        if (has_opened) {
            log_(severity::warning, "cache", "redis_breaker_opened", {{"node", name_}});
        }
    }

    /// Sets the watchdog to the earliest of all deadlines.
    void arm() {
        monotonic_time next = never;
        if (!interruption_) {
            next = is_greeted_ ? pipeline_.next_deadline() : connect_by_;
        }
        {
            std::scoped_lock const hold{mutex_};
            next = std::min(next, outbox_.earliest_deadline());
            armed_ = next;
        }
        if (next == never) {
            watchdog_.clear();
        } else {
            watchdog_.expires_at(next, this->shared_from_this());
        }
    }

    endpoint const server_;
    std::string const name_;
    connection_options const options_;
    connection_hooks const hooks_;
    logger const log_;

    // The strand's.
    Transport layer_;
    std::unique_ptr<stream_type> stream_;
    pipeline pipeline_;
    backoff backoff_;
    net::basic_watchdog<strand_type> watchdog_;
    timer_type timer_; // of whatever the coroutine waits for besides the stream
    timer_type ended_; // cancelled when the coroutine has ended
    byte_buffer writing_;
    error_code interruption_; // why the coroutine's wait was ended from outside
    std::string words_;       // of a server that refused the greeting
    monotonic_time connect_by_ = never;
    bool is_greeted_ = false;
    bool is_writing_ = false;

    // Everybody's.
    std::mutex mutable mutex_;
    outbox outbox_;
    redis::breaker breaker_;
    monotonic_time armed_ = never; // what the watchdog is set for
    bool is_flush_due_ = false;    // somebody will look into the outbox
    stage stage_ = stage::fresh;

    std::atomic<bool> is_running_{false};
    std::atomic<bool> is_connected_{false};
    std::atomic<std::uint64_t> generation_{0};
    counters counters_;
};

} // namespace detail
} // namespace orfeas::inline v0::cache::redis
