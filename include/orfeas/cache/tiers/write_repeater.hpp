// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/backoff.hpp>
#include <orfeas/cache/tiers/pending_writes.hpp>
#include <orfeas/cache/tiers/remote_store.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// Repeats the writes that wait for a server until it takes them: one coroutine, while there are any, which tries the oldest
/// one again after pauses that double, and at once when a connection is made.
/// Thread-safe.
template<clock Clock>
class write_repeater : public std::enable_shared_from_this<write_repeater<Clock>> {
  public:
    using executor_type = boost::asio::any_io_executor;

    /// Who keeps alive what the repetition uses: the writes that wait, and the servers.
    struct use {
        std::shared_ptr<void> owner;
        pending_writes& waiting;
        remote_store& servers;
        unique_function<void(std::string_view)> taken; ///< a server took the last write of this key
    };

    write_repeater(executor_type const& executor, Clock clock)
        : clock_{std::move(clock)}, strand_{boost::asio::make_strand(executor)}, wake_{strand_}, ended_{strand_} {}

    /// Begins, unless it is under way or was stopped.
    void start(use with) {
        if (is_stopped_.load(std::memory_order_acquire) || is_running_.exchange(true, std::memory_order_acq_rel)) {
            return;
        }
        boost::asio::co_spawn(strand_, run(this->shared_from_this(), std::move(with)), boost::asio::detached);
    }

    /// A server may be back: the pause is over.
    void hurry() {
        boost::asio::post(strand_, [self = this->shared_from_this()] { self->wake_.cancel(); });
    }

    /// Ends it, without waiting for that.
    void begin_stop() {
        if (!is_stopped_.exchange(true, std::memory_order_acq_rel)) {
            hurry();
        }
    }

    /// Returns when nothing runs any more. After `begin_stop`.
    static task<> join(std::shared_ptr<write_repeater> self) {
        auto ending = wait(self);
        co_await boost::asio::co_spawn(self->strand_, std::move(ending), boost::asio::use_awaitable);
    }

  private:
    using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                                    boost::asio::strand<executor_type>>;

    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

    static task<> run(std::shared_ptr<write_repeater> self, use with) {
        redis::backoff pause{std::chrono::milliseconds{20}, std::chrono::seconds{1}, random_seed()};
        bool has_more = true;
        while (has_more && !self->is_stopped_.load(std::memory_order_acquire)) {
            bool is_taken = false;
            try {
                auto const next = with.waiting.begin(self->clock_.now());
                has_more = next.has_value();
                if (next) {
                    is_taken = co_await self->repeat(*next, with);
                }
            } catch (std::bad_alloc const&) { // a pause may help
            }
            if (is_taken) {
                pause.reset();
            } else if (has_more && !self->is_stopped_.load(std::memory_order_acquire)) {
                self->wake_.expires_after(pause.next());
                co_await self->wake_.async_wait(token);
            }
        }
        self->is_running_.store(false, std::memory_order_release);
        self->ended_.cancel();
        if (!with.waiting.empty()) { // came between the last look and this
            self->start(std::move(with));
        }
    }

    task<bool> repeat(pending_writes::write const& next, use& with) {
        auto const life =
            next.deadline == monotonic_time::max() ? std::chrono::nanoseconds::max() : next.deadline - clock_.now();
        remote_store::writing const written = co_await with.servers.write(next.key, next.bytes, life, std::nullopt);
        bool const is_taken = written.outcome != write_outcome::failed;
        with.waiting.finish(next, is_taken);
        if (is_taken) {
            with.taken(next.key);
        }
        co_return is_taken;
    }

    static task<> wait(std::shared_ptr<write_repeater> self) {
        while (self->is_running_.load(std::memory_order_acquire)) {
            self->ended_.expires_at(std::chrono::steady_clock::time_point::max());
            co_await self->ended_.async_wait(token);
        }
    }

    Clock clock_;
    boost::asio::strand<executor_type> strand_;
    timer wake_;
    timer ended_;
    std::atomic<bool> is_stopped_{false};
    std::atomic<bool> is_running_{false};
};

} // namespace orfeas::inline v0::cache::detail
