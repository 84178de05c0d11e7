// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/export/detail/endpoint.hpp>
#include <orfeas/export/outlet_step.hpp>
#include <orfeas/export/verdict.hpp>
#include <orfeas/http/client.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
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
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::exporting::detail {

/// What an outlet of alerts is made of: what it does (`Work`: sans-I/O, under a lock), where its alerts come from (`Feed`), and
/// the coroutine that carries out the steps. `feed.pull(locked, at)` asks the source and hands to the work, through `locked(f)`,
/// what it says; it is called without the lock, so that a source may have one of its own.
/// Thread-safe: `stats`, `wake`, `abandon`. Executor-bound: all else, to `strand`.
template<class Work, class Feed, class Executor, class Transport>
class outlet_core : public std::enable_shared_from_this<outlet_core<Work, Feed, Executor, Transport>> {
  public:
    using strand_type = boost::asio::strand<Executor>;
    template<class T>
    using awaitable = boost::asio::awaitable<T, strand_type>;

    outlet_core(Executor const& executor, Work work, Feed feed, std::string_view name, logger log, Transport layer)
        : strand{executor},
          work_{std::move(work)},
          feed_{std::move(feed)},
          name_{name},
          log_{std::move(log)},
          timeout_{work_.options().timeout},
          client_{strand, client_limits(timeout_), {}, std::move(layer)},
          timer_{strand},
          ended_{strand, monotonic_time::max()} {}

    strand_type const strand;

    void start() {
        if (!has_started_.exchange(true)) {
            boost::asio::co_spawn(strand, run(this->shared_from_this()), boost::asio::detached);
        }
    }

    /// Looks for alerts now.
    void wake() {
        boost::asio::post(strand, [self = this->shared_from_this()] {
            self->locked([](Work& work) { work.wake(); });
            self->timer_.cancel();
        });
    }

    auto stats() const {
        std::scoped_lock const hold{mutex_};
        return work_.stats();
    }

    /// Ends at once; on return and from now on the source is left alone.
    void abandon() {
        feed_.leave();
        begin_stop({});
        boost::asio::post(strand, [self = this->shared_from_this()] { self->interrupt(); });
    }

    void begin_stop(monotonic_time deadline) {
        std::scoped_lock const hold{mutex_};
        work_.wake();
        stop_by_ = std::min(stop_by_.value_or(deadline), deadline);
    }

    /// Returns when `run` has ended, by the deadline of `begin_stop`.
    static awaitable<void> stop(std::shared_ptr<outlet_core> self) {
        if (!self->has_started_.exchange(true)) {
            self->has_ended_ = true;
        }
        self->timer_.cancel();
        timer_type late{self->strand};
        late.expires_at(self->stop_by());
        late.async_wait([self](boost::system::error_code cancelled) {
            if (!cancelled) {
                self->interrupt();
            }
        });
        while (!self->has_ended_) {
            co_await self->ended_.async_wait(token);
        }
    }

    /// Does something with the work while nobody else does.
    template<class Doing>
    decltype(auto) locked(Doing doing) {
        std::scoped_lock const hold{mutex_};
        return doing(work_);
    }

  private:
    using timer_type =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;
    using client_type = http::basic_client<strand_type, http::no_client_observer, Transport>;

    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<strand_type>{});
    static constexpr std::uint64_t largest_answer = 64 << 10;
    static constexpr std::size_t largest_quote = 200;
    static constexpr std::chrono::seconds pause_after_error{1};

    static http::client_options client_limits(std::chrono::milliseconds timeout) {
        http::client_options limits;
        limits.connect_deadline = timeout;
        limits.deadline = timeout;
        limits.connections_per_host = 1;
        limits.body_bytes = largest_answer;
        return limits;
    }

    static moment present() noexcept { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

    // ---- the coroutine ----

    static awaitable<void> run(std::shared_ptr<outlet_core> self) {
        for (;;) {
            auto const step = self->next_step();
            if (!step) {
                break;
            }
            if (step->action == outlet_step::what::send) {
                co_await self->send();
                continue;
            }
            self->timer_.expires_at(step->until);
            co_await self->timer_.async_wait(token); // who wakes does so on the strand: not between these two lines
        }
        co_await self->client_.stop();
        self->has_ended_ = true;
        self->ended_.cancel();
    }

    /// None when it is over.
    std::optional<outlet_step> next_step() {
        auto const at = present();
        outlet_step step{outlet_step::what::idle, at.now + pause_after_error};
        try {
            feed_.pull(*this, at);
            std::scoped_lock const hold{mutex_};
            step = work_.next(at);
        } catch (std::exception const& error) { // out of memory, or the source
            log_(severity::error, "export", "alerts_failed",
                 {{"outlet", name_}, {"error", std::string_view{error.what()}}});
        }
        using enum outlet_step::what;
        auto const by = stop_by();
        bool const is_over = at.now >= by || (by < monotonic_time::max() && step.action == idle) ||
                             (step.action == hold && step.ready >= by);
        return is_over ? std::nullopt : std::optional{step};
    }

    monotonic_time stop_by() const {
        std::scoped_lock const hold{mutex_};
        return stop_by_.value_or(monotonic_time::max());
    }

    /// The deadline of a stop has come: whatever is under way ends now.
    void interrupt() {
        timer_.cancel();
        if (has_started_ && !has_ended_) {
            boost::asio::co_spawn(
                strand, [self = this->shared_from_this()]() -> awaitable<void> { co_await self->client_.stop(); },
                boost::asio::detached);
        }
    }

    awaitable<void> send() {
        verdict found{verdict::kind::unreachable};
        http::client_request const* request = nullptr;
        http::client_result done;
        std::exception_ptr error; // of an attempt that did not come to an end
        try {
            request = &locked([](Work& work) -> auto& { return work.request(present()); });
            auto const deadline = std::min<monotonic_time>(std::chrono::steady_clock::now() + timeout_, stop_by());
            done = co_await client_.send(*request, deadline);
            found = judge_delivery(done, std::chrono::system_clock::now());
        } catch (std::invalid_argument const&) { // what another attempt would not change
            found.meaning = verdict::kind::refused;
            error = std::current_exception();
        } catch (std::exception const&) { // out of memory
            error = std::current_exception();
        }
        auto const settled = settle(found); // once: what fails from here on is only told, or not
        try {
            error ? report(settled, error) : report(settled, *request, done);
        } catch (std::exception const&) { // out of memory
        }
        works_ = settled.works;
    }

    outlet_result settle(verdict const& found) {
        return locked([&found](Work& work) { return work.settle(found, present()); });
    }

    void report(outlet_result const& found, std::exception_ptr const& error) const {
        try {
            std::rethrow_exception(error);
        } catch (std::exception const& why) {
            log_(severity::error, "export", "alerts_failed",
                 {{"outlet", name_}, {"error", std::string_view{why.what()}}, {"lost", found.lost}});
        }
    }

    /// Tells of each change between a receiver that works and one that does not, and of each loss.
    void report(outlet_result const& found, http::client_request const& request,
                http::client_result const& done) const {
        if (found.lost == 0 && found.works == works_) {
            return;
        }
        std::string why = done.error.message();
        if (done) {
            auto const quote = done.response.body_text().substr(0, largest_quote);
            why = "status " + std::to_string(done.response.code());
            why.append(found.works || quote.empty() ? "" : ": ").append(found.works ? "" : quote);
        }
        log_(found.works && found.lost == 0 ? severity::info : severity::warning, "export",
             found.works ? "receiver_answers" : "receiver_fails",
             {{"outlet", name_}, {"url", origin_of(request.url)}, {"answer", why}, {"lost", found.lost}});
    }

    mutable std::mutex mutex_;
    Work work_;                             // under the mutex
    std::optional<monotonic_time> stop_by_; // under the mutex
    Feed feed_;
    std::string_view name_;
    logger log_;
    std::chrono::milliseconds timeout_;
    client_type client_;
    timer_type timer_;
    timer_type ended_; // never expires: cancelled when `run` has ended
    std::atomic<bool> has_started_{false};
    bool has_ended_ = false;
    bool works_ = true;
};

/// A source that may be left: its calls and the leaving exclude each other.
/// Thread-safe.
template<class Source>
class source_lease {
  public:
    explicit source_lease(Source& from) : state_{std::make_unique<state>()} { state_->source = &from; }

    /// Calls `use(source)`, unless it was left.
    template<class Use>
    void with(Use use) {
        std::scoped_lock const hold{state_->in_use};
        if (state_->source != nullptr) {
            use(*state_->source);
        }
    }

    void leave() {
        std::scoped_lock const hold{state_->in_use};
        state_->source = nullptr;
    }

  private:
    struct state {
        std::mutex in_use;
        Source* source = nullptr;
    };

    std::unique_ptr<state> state_;
};

} // namespace orfeas::inline v0::exporting::detail
