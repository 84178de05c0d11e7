// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/notification.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/export/detail/endpoint.hpp>
#include <orfeas/export/detail/outlet_core.hpp>
#include <orfeas/export/outlet_step.hpp>
#include <orfeas/export/webhook_delivery.hpp>
#include <orfeas/export/webhook_options.hpp>
#include <orfeas/export/webhook_stats.hpp>
#include <orfeas/http/client_transport.hpp>
#include <orfeas/http/url.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::exporting {

/// Who has notifications for routes, as alert::engine does: `next(route)` is the oldest that waits, as a pointer or an optional
/// that is empty where none waits; it is handed over again until `delivered(route, id)`. Called on the executor of the outlet,
/// one call at a time; a source that others use meanwhile sees to it itself, and then hands out optionals.
template<class S>
concept notification_source = requires(S& source, std::string_view route) {
    { *source.next(route) } -> std::convertible_to<alert::notification const&>;
    static_cast<bool>(source.next(route));
    source.delivered(route, std::string_view{});
};

namespace detail {

/// Takes the notifications of a source to a webhook.
template<notification_source Source>
class webhook_feed {
  public:
    explicit webhook_feed(Source& from) : from_{from} {}

    template<class Core>
    void pull(Core& core, moment at) {
        from_.with([&](Source& source) {
            auto const route = core.locked([](webhook_delivery& work) { return work.options().route; });
            if (!settled_) {
                settled_ = core.locked([](webhook_delivery& work) { return work.take_settled(); });
            }
            if (settled_) { // known until the source has heard of it, or it would be sent again
                source.delivered(route, *settled_);
                settled_.reset();
            }
            auto&& waiting = source.next(route);
            core.locked([&](webhook_delivery& work) { work.offer(waiting ? &*waiting : nullptr, at); });
        });
    }

    void leave() { from_.leave(); }

  private:
    source_lease<Source> from_;
    std::optional<std::string> settled_;
};

} // namespace detail

/// Posts notifications to a URL, in order, one at a time, each until the receiver has taken it (docs/export.md has the message,
/// the headers and what is tried again). A receiver that fails never blocks or fails anybody else: what it has not taken waits in
/// the source. Delivered is what was answered by a 2xx; a receiver may see it twice, under the same id.
///
///     exporting::webhook to_pager{io.get_executor(), alerts, {.url = "http://pager:8080/alerts", .secrets = {secret}}};
///     to_pager.start();
///     …
///     if (alerts.step(frame)) { save(alerts); to_pager.wake(); }
///
/// It owns no thread: one coroutine on a strand of the executor does all the work. With an engine as its source, that executor is
/// the strand on which the engine is stepped. The source outlives it. `co_await stop(deadline)` sends what waits as far as the
/// time suffices; the destructor only begins to stop, at once.
/// Thread-safe, but for `start`.
template<notification_source Source, class Executor = boost::asio::any_io_executor,
         class Transport = http::tcp_client_transport>
class webhook {
  public:
    using executor_type = Executor;

    /// Throws option_error for options out of range, and for https over a transport without TLS.
    webhook(Executor executor, Source& from, webhook_options options, logger log = {}, Transport layer = {})
        : executor_{std::move(executor)},
          route_{options.route},
          core_{make_core(executor_, from, std::move(options), std::move(log), std::move(layer))} {}

    webhook(webhook const&) = delete;
    webhook& operator=(webhook const&) = delete;
    ~webhook() { core_->abandon(); }

    /// Begins to send. A second call does nothing.
    void start() { core_->start(); }

    /// Looks for notifications now; without it, once a `poll_interval`.
    void wake() { core_->wake(); }

    /// Sends what waits, without waiting for more, and returns when nothing of the webhook runs any more: by `deadline` from now.
    boost::asio::awaitable<void, Executor> stop(std::chrono::nanoseconds deadline) {
        auto const core = core_;
        core->begin_stop(std::chrono::steady_clock::now() + deadline);
        auto work = core_type::stop(core);
        co_await boost::asio::co_spawn(core->strand, std::move(work), boost::asio::use_awaitable_t<Executor>{});
    }

    /// One consistent reading.
    webhook_stats stats() const { return core_->stats(); }

    /// Reports export_webhook_* measurements.
    void measure(measurement_sink sink) const { stats().measure(sink, route_); }

    executor_type get_executor() const noexcept { return executor_; }

  private:
    using core_type = detail::outlet_core<webhook_delivery, detail::webhook_feed<Source>, Executor, Transport>;

    static std::shared_ptr<core_type> make_core(Executor const& executor, Source& from, webhook_options options,
                                                logger log, Transport layer) {
        webhook_delivery work{std::move(options), random_seed()};
        detail::check_scheme<Transport>(http::parse_url(work.options().url).value_or(http::url{}), "url");
        return std::make_shared<core_type>(executor, std::move(work), detail::webhook_feed<Source>{from}, "webhook",
                                           std::move(log), std::move(layer));
    }

    Executor executor_;
    std::string route_;
    std::shared_ptr<core_type> core_;
};

} // namespace orfeas::inline v0::exporting
