// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/export/encoding.hpp>
#include <orfeas/export/export_stats.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/export/otlp_exporter.hpp>
#include <orfeas/export/otlp_metrics.hpp>
#include <orfeas/metrics/points.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace orfeas::inline v0::exporting {

/// Collects all metrics of a registry, or of an `exposition`, once an interval and exports them, and once more when it is
/// stopped. It owns no thread. The source outlives it, or `stop` is awaited before the source goes away: the destructor
/// waits for a collection that is under way, and none follows.
///
///     exporting::metrics_exporter to_collector{io.get_executor(), registry, options};
///     to_collector.start();
///
/// Thread-safe, but for `start`.
template<metrics::collectable Source, class Executor = boost::asio::any_io_executor,
         class Transport = http::tcp_client_transport>
class metrics_exporter {
  public:
    /// Throws option_error for options out of range.
    metrics_exporter(Executor executor, Source& source, otlp_options const& options = {}, logger log = {},
                     Transport layer = {})
        : core_{std::make_shared<core>(std::move(executor), source, options, std::move(log), std::move(layer))} {}

    metrics_exporter(metrics_exporter const&) = delete;
    metrics_exporter& operator=(metrics_exporter const&) = delete;
    ~metrics_exporter() {
        core_->leave_source();
        boost::asio::post(core_->strand, [core = core_] { core->timer.cancel(); });
    }

    /// Begins to collect and to send: a first time after one interval. A second call does nothing.
    void start() {
        if (!std::exchange(has_started_, true)) {
            core_->out.start();
            boost::asio::co_spawn(core_->strand, core::run(core_), boost::asio::detached);
        }
    }

    /// Collects a last time, sends what is left as far as the time suffices, and returns when nothing runs any more.
    boost::asio::awaitable<void, Executor> stop(std::chrono::nanoseconds deadline) {
        auto const held = core_;
        auto last = core::collect_last(held);
        co_await boost::asio::co_spawn(held->strand, std::move(last), boost::asio::use_awaitable_t<Executor>{});
        co_await held->out.stop(deadline);
    }

    /// One consistent reading.
    export_stats stats() const { return core_->out.stats(); }

    /// Reports export_* measurements.
    void measure(measurement_sink sink) const { core_->out.measure(sink); }

  private:
    using strand_type = boost::asio::strand<Executor>;

    /// What the coroutine holds on to.
    struct core {
        using timer_type =
            boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                              boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;
        template<class T>
        using awaitable = boost::asio::awaitable<T, strand_type>;

        core(Executor executor, Source& of, otlp_options const& options, logger log, Transport layer)
            : strand{executor},
              out{executor, {}, at_once(options), log, std::move(layer)},
              source{&of},
              service{options.service_name},
              more{otlp_options::pairs(options.resource_attributes, "resource_attributes")},
              interval{options.metrics_interval},
              timer{strand},
              log_to{std::move(log)} {}

        /// A collection is a batch of its own.
        static otlp_options at_once(otlp_options options) {
            options.schedule_delay = std::chrono::milliseconds{1};
            return options;
        }

        static awaitable<void> run(std::shared_ptr<core> self) {
            constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<strand_type>{});
            auto next = std::chrono::steady_clock::now();
            while (self->has_source()) {
                next = std::max(next + self->interval, std::chrono::steady_clock::now());
                self->timer.expires_at(next);
                auto const [cancelled] = co_await self->timer.async_wait(token);
                if (!cancelled) {
                    self->collect();
                }
            }
        }

        static awaitable<void> collect_last(std::shared_ptr<core> self) {
            self->collect();
            self->leave_source();
            self->timer.cancel();
            co_return;
        }

        void collect() {
            std::scoped_lock const hold{in_use};
            if (source == nullptr) {
                return;
            }
            try {
                auto made = encode_metrics(*source, std::chrono::system_clock::now(),
                                           encoding_of(out.options().protocol), service, more);
                if (made.points > 0) {
                    out.push(std::move(made));
                }
            } catch (std::exception const& error) { // out of memory, or a callback of the application
                log_to(severity::error, "export", "collect_failed", {{"error", std::string_view{error.what()}}});
            } catch (...) { // who measures may throw anything; the collections after this one come all the same
                log_to(severity::error, "export", "collect_failed");
            }
        }

        /// On return and from now on the source is left alone.
        void leave_source() {
            std::scoped_lock const hold{in_use};
            source = nullptr;
        }
        bool has_source() {
            std::scoped_lock const hold{in_use};
            return source != nullptr;
        }

        strand_type const strand;
        basic_otlp_exporter<metrics_signal, Executor, Transport> out;
        std::mutex in_use;
        Source* source; // under the lock; null: ended
        std::string service;
        resource_attributes more;
        std::chrono::milliseconds interval;
        timer_type timer;
        logger log_to;
    };

    std::shared_ptr<core> core_;
    bool has_started_ = false;
};

} // namespace orfeas::inline v0::exporting
