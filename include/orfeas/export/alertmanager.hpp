// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/export/alertmanager_book.hpp>
#include <orfeas/export/alertmanager_options.hpp>
#include <orfeas/export/alertmanager_stats.hpp>
#include <orfeas/export/detail/endpoint.hpp>
#include <orfeas/export/detail/outlet_core.hpp>
#include <orfeas/export/outlet_step.hpp>
#include <orfeas/http/client_transport.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace orfeas::inline v0::exporting {

/// Who has alerts, as alert::engine does: `alerts()` is all that fire, those that are most worth telling of first; pending ones
/// are passed over, and those that are over may be among them. Called on the executor of the outlet, one call at a time for each
/// Alertmanager; a source that others use meanwhile sees to it itself, and then hands out copies.
template<class S>
concept alert_source = requires(S& source) {
    { source.alerts() } -> alert_range;
};

namespace detail {

/// Shows the alerts of a source to the book of an Alertmanager.
template<alert_source Source>
class alertmanager_feed {
  public:
    explicit alertmanager_feed(Source& from) : from_{from} {}

    template<class Core>
    void pull(Core& core, moment at) {
        if (!core.locked([at](alertmanager_book& work) { return work.wants_alerts(at); })) {
            return;
        }
        from_.with([&](Source& source) {
            auto&& alerts = source.alerts();
            core.locked([&](alertmanager_book& work) { work.take(alerts, at); });
        });
    }

    void leave() { from_.leave(); }

  private:
    source_lease<Source> from_;
};

} // namespace detail

/// Pushes alerts to Prometheus Alertmanagers (API v2): what fires when it begins to and once a `resend_interval`, what is over
/// for five minutes (alertmanager_book says what, docs/export.md why). Each Alertmanager is told of all alerts, by a coroutine of
/// its own: one that fails or stalls delays nobody else.
///
///     exporting::alertmanager to_people{io.get_executor(), alerts, {.urls = {"http://am-0:9093", "http://am-1:9093"}}};
///     to_people.start();
///     …
///     if (alerts.step(frame)) { to_people.wake(); }
///
/// It owns no thread. With an engine as its source, the executor is the strand on which the engine is stepped. The source outlives
/// it. `co_await stop(deadline)` sends what has changed as far as the time suffices, and leaves what fires to end by itself; the
/// destructor only begins to stop, at once.
/// Thread-safe, but for `start`.
template<alert_source Source, class Executor = boost::asio::any_io_executor,
         class Transport = http::tcp_client_transport>
class alertmanager {
  public:
    using executor_type = Executor;

    /// Throws option_error for options out of range, and for https over a transport without TLS.
    alertmanager(Executor executor, Source& from, alertmanager_options const& options = {}, logger log = {},
                 Transport layer = {})
        : executor_{std::move(executor)} {
        validate(options);
        for (auto const& each : options.urls) {
            auto const where = detail::endpoint(each, "urls");
            detail::check_scheme<Transport>(where, "urls");
            alertmanager_book book{options, where, random_seed()};
            auto core = std::make_shared<core_type>(executor_, std::move(book), detail::alertmanager_feed<Source>{from},
                                                    "alertmanager", log, layer);
            all_.push_back({to_string(where), std::move(core)});
        }
    }

    alertmanager(alertmanager const&) = delete;
    alertmanager& operator=(alertmanager const&) = delete;
    ~alertmanager() {
        for (auto const& each : all_) {
            each.core->abandon();
        }
    }

    /// Begins to send. A second call does nothing.
    void start() {
        for (auto const& each : all_) {
            each.core->start();
        }
    }

    /// Looks at the alerts now; without it, once a `poll_interval`.
    void wake() {
        for (auto const& each : all_) {
            each.core->wake();
        }
    }

    /// Sends what has changed, and returns when nothing of this runs any more: by `deadline` from now.
    boost::asio::awaitable<void, Executor> stop(std::chrono::nanoseconds deadline) {
        auto const held = all_;
        auto const by = std::chrono::steady_clock::now() + deadline;
        for (auto const& each : held) {
            each.core->begin_stop(by);
            each.core->wake();
        }
        for (auto const& each : held) {
            auto work = core_type::stop(each.core);
            co_await boost::asio::co_spawn(each.core->strand, std::move(work),
                                           boost::asio::use_awaitable_t<Executor>{});
        }
    }

    /// One consistent reading for each Alertmanager, in the order of the options.
    std::vector<alertmanager_stats> stats() const {
        std::vector<alertmanager_stats> made;
        for (auto const& each : all_) {
            made.push_back(each.core->stats());
        }
        return made;
    }

    /// Reports export_alertmanager_* measurements.
    void measure(measurement_sink sink) const {
        for (auto const& each : all_) {
            each.core->stats().measure(sink, each.url);
        }
    }

    executor_type get_executor() const noexcept { return executor_; }

  private:
    using core_type = detail::outlet_core<alertmanager_book, detail::alertmanager_feed<Source>, Executor, Transport>;

    struct receiver {
        std::string url;
        std::shared_ptr<core_type> core;
    };

    Executor executor_;
    std::vector<receiver> all_;
};

} // namespace orfeas::inline v0::exporting
