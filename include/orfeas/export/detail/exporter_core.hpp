// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/export/concepts.hpp>
#include <orfeas/export/encoding.hpp>
#include <orfeas/export/export_stats.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/export/pipeline.hpp>
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
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::exporting::detail {

/// What an exporter is made of: a pipeline under a lock, and the coroutine that carries out its steps.
/// Thread-safe: `push`, `stats`, `abandon`. Executor-bound: all else, to `strand`.
template<class Signal, class Executor, class Transport>
class exporter_core : public std::enable_shared_from_this<exporter_core<Signal, Executor, Transport>> {
  public:
    using strand_type = boost::asio::strand<Executor>;
    using element = typename Signal::element;
    template<class T>
    using awaitable = boost::asio::awaitable<T, strand_type>;

    exporter_core(Executor const& executor, Signal signal, otlp_options chosen, logger log, Transport layer)
        : options{std::move(chosen)},
          strand{executor},
          signal_{std::move(signal)},
          log_{std::move(log)},
          encoding_{encoding_of(options.protocol)},
          pipeline_{limits_of(options), random_seed()},
          client_{strand, client_limits(options), {}, std::move(layer)},
          request_{"POST", options.url_of(Signal::path)},
          timer_{strand},
          ended_{strand, monotonic_time::max()} {
        request_.set("content-type", media_type(encoding_));
        if (options.coding) {
            request_.set("content-encoding", options.coding.name);
        }
        for (auto const& [name, value] : otlp_options::pairs(options.headers, "headers")) {
            request_.set(name, value);
        }
    }

    otlp_options const options;
    strand_type const strand;

    void start() {
        if (!has_started_.exchange(true)) {
            boost::asio::co_spawn(strand, run(this->shared_from_this()), boost::asio::detached);
        }
    }

    void push(element&& each) noexcept {
        item_weight const weight = signal_.weight(each);
        bool wakes = false;
        {
            std::scoped_lock const hold{mutex_};
            auto const now = std::chrono::steady_clock::now();
            wakes = pipeline_.push(std::move(each), weight, now) && std::exchange(sleeps_, false);
        }
        if (wakes) {
            wake();
        }
    }

    export_stats stats() const {
        std::scoped_lock const hold{mutex_};
        return pipeline_.stats();
    }

    /// Ends at once.
    void abandon() noexcept {
        {
            std::scoped_lock const hold{mutex_};
            pipeline_.begin_stop({});
        }
        boost::asio::post(strand, [self = this->shared_from_this()] { self->interrupt(); });
    }

    /// Returns when `run` has ended, by `deadline`; where it has never begun, it runs now.
    static awaitable<void> stop(std::shared_ptr<exporter_core> self, monotonic_time deadline) {
        {
            std::scoped_lock const hold{self->mutex_};
            self->pipeline_.begin_stop(deadline);
        }
        self->start();
        self->timer_.cancel();
        timer_type late{self->strand};
        late.expires_at(deadline);
        late.async_wait([self](boost::system::error_code cancelled) {
            if (!cancelled) {
                self->interrupt();
            }
        });
        while (!self->has_ended_) {
            co_await self->ended_.async_wait(token);
        }
    }

  private:
    using timer_type =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;
    using client_type = http::basic_client<strand_type, http::no_client_observer, Transport>;
    using pipeline_type = pipeline<element>;
    using what = typename pipeline_type::what;

    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<strand_type>{});

    static pipeline_limits limits_of(otlp_options const& from) {
        pipeline_limits limits;
        limits.queue_items = from.queue_items;
        limits.queue_bytes = from.queue_bytes;
        limits.batch_items = from.batch_items;
        limits.batch_bytes = from.batch_bytes;
        limits.schedule_delay = from.schedule_delay;
        limits.retry_first = from.retry_first;
        limits.retry_most = from.retry_most;
        limits.attempts = from.attempts;
        return limits;
    }

    static http::client_options client_limits(otlp_options const& from) {
        http::client_options limits;
        limits.connect_deadline = from.timeout;
        limits.deadline = from.timeout;
        limits.idle_deadline = std::max(limits.idle_deadline, 2 * from.schedule_delay);
        limits.idle_deadline = std::min(limits.idle_deadline, std::chrono::milliseconds{std::chrono::hours{24}});
        limits.connections_per_host = 1;
        limits.body_bytes = largest_answer;
        return limits;
    }

    static constexpr std::uint64_t largest_answer = 256 << 10;

    // ---- the coroutine ----

    static awaitable<void> run(std::shared_ptr<exporter_core> self) {
        for (;;) {
            auto const now = std::chrono::steady_clock::now();
            auto const step = self->next_step(now);
            if (step.action == what::end) {
                break;
            }
            if (step.action == what::wait) {
                self->timer_.expires_at(step.until);
                if (self->is_asleep()) { // unless somebody has pushed meanwhile
                    co_await self->timer_.async_wait(token);
                }
                continue;
            }
            try {
                co_await self->send();
            } catch (std::exception const& error) { // out of memory, as far as the signal keeps its word
                self->give_up(error.what());
            }
        }
        co_await self->client_.stop();
        self->has_ended_ = true;
        self->ended_.cancel();
    }

    typename pipeline_type::step next_step(monotonic_time now) {
        std::scoped_lock const hold{mutex_};
        auto const step = next_with_memory(now);
        sleeps_ = step.action == what::wait;
        return step;
    }

    /// Where there is no memory for a batch, there may be some later. Stopping, at its deadline, needs none.
    typename pipeline_type::step next_with_memory(monotonic_time now) {
        try {
            return pipeline_.next(now);
        } catch (std::bad_alloc const&) {
            return {what::wait, std::min(now + options.retry_first, pipeline_.stop_by())};
        }
    }

    bool is_asleep() const {
        std::scoped_lock const hold{mutex_};
        return sleeps_;
    }

    void wake() noexcept {
        boost::asio::post(strand, [self = this->shared_from_this()] { self->timer_.cancel(); });
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

    /// Sends the batch in flight, which nobody else touches meanwhile.
    awaitable<void> send() {
        if (pipeline_.is_first_attempt()) {
            encode();
        }
        monotonic_time deadline = std::chrono::steady_clock::now() + options.timeout;
        {
            std::scoped_lock const hold{mutex_};
            pipeline_.sending(body_.size());
            deadline = std::min(deadline, pipeline_.stop_by());
        }
        auto const done = co_await client_.send(request_, deadline);
        auto const found = judge(done, encoding_, Signal::rejected_member, std::chrono::system_clock::now());
        settle(found, done);
    }

    void give_up(std::string_view why) {
        {
            std::scoped_lock const hold{mutex_};
            if (!pipeline_.batch().empty()) {
                pipeline_.refused();
            }
        }
        log_(severity::error, "export", "batch_failed", {{"signal", Signal::name}, {"error", why}});
    }

    void encode() {
        body_.clear();
        signal_.encode(pipeline_.batch(), encoding_, body_);
        if (options.coding) {
            body_ = options.coding.encode(body_);
        }
        // borrowed: the body is neither touched nor freed before the answer
        request_.body = http::shared_bytes{std::as_bytes(std::span{body_.data(), body_.size()}), nullptr};
    }

    void settle(verdict const& found, http::client_result const& done) {
        auto const now = std::chrono::steady_clock::now();
        std::uint64_t lost = 0;
        {
            std::scoped_lock const hold{mutex_};
            auto const before = pipeline_.stats().dropped();
            switch (found.meaning) {
            case verdict::kind::accepted:
                pipeline_.accepted(found.rejected);
                break;
            case verdict::kind::refused:
                pipeline_.refused();
                break;
            case verdict::kind::unreachable:
                pipeline_.unreachable(found.retry_after, now);
                break;
            }
            lost = pipeline_.stats().dropped() - before;
        }
        report(found, done, lost);
    }

    /// Tells of each change between a receiver that works and one that does not, and of each loss.
    void report(verdict const& found, http::client_result const& done, std::uint64_t lost) {
        bool const works = found.meaning == verdict::kind::accepted;
        if (lost > 0 || works != works_) {
            std::string const why = done ? "status " + std::to_string(done.response.code()) : done.error.message();
            log_(works && lost == 0 ? severity::info : severity::warning, "export",
                 works ? "receiver_answers" : "receiver_fails",
                 {{"signal", Signal::name}, {"url", to_string(request_.url)}, {"answer", why}, {"lost", lost}});
        }
        works_ = works;
    }

    Signal signal_;
    logger log_;
    otlp_encoding const encoding_;
    mutable std::mutex mutex_;
    pipeline_type pipeline_; // under the mutex
    bool sleeps_ = false;    // under the mutex
    client_type client_;
    http::client_request request_;
    std::string body_;
    timer_type timer_;
    timer_type ended_; // never expires: cancelled when `run` has ended
    std::atomic<bool> has_started_{false};
    bool has_ended_ = false;
    bool works_ = true;
};

} // namespace orfeas::inline v0::exporting::detail
