// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/export/concepts.hpp>
#include <orfeas/export/detail/exporter_core.hpp>
#include <orfeas/export/export_stats.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/http/client_transport.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace orfeas::inline v0::exporting {

/// Sends one signal to a receiver over OTLP/HTTP: elements are queued, gathered into batches, sent one after another, and
/// sent again where that may help. What cannot be delivered is dropped and counted by reason: at any time
/// `stats().is_balanced()`. A failing receiver never blocks or fails who produces. It owns no thread: one coroutine on a
/// strand of the executor does all the work.
///
/// `push` before `start` and `push` after `stop` are fine: the former wait, the latter are counted as `shutdown`.
/// `co_await stop(deadline)` sends what is left as far as the time suffices; the destructor only begins to stop, at once.
/// Thread-safe, but for `start`.
template<otlp_signal Signal, class Executor = boost::asio::any_io_executor,
         class Transport = http::tcp_client_transport>
class basic_otlp_exporter {
  public:
    using executor_type = Executor;
    using element = typename Signal::element;

    /// Throws option_error for options out of range.
    basic_otlp_exporter(Executor executor, Signal signal, otlp_options options = {}, logger log = {},
                        Transport layer = {})
        : executor_{std::move(executor)},
          core_{make_core(executor_, std::move(signal), std::move(options), std::move(log), std::move(layer))} {}

    basic_otlp_exporter(basic_otlp_exporter const&) = delete;
    basic_otlp_exporter& operator=(basic_otlp_exporter const&) = delete;
    ~basic_otlp_exporter() { core_->abandon(); }

    /// Begins to send. A second call does nothing.
    void start() { core_->start(); }

    /// Hands an element over. Never waits for the receiver: a short lock, and a wake-up once a batch.
    void push(element&& each) noexcept { core_->push(std::move(each)); }

    /// Takes nothing more in, sends what is left without waiting for full batches, and returns when nothing of the
    /// exporter runs any more: by `deadline` from now, and what could not be sent is then dropped and counted.
    boost::asio::awaitable<void, Executor> stop(std::chrono::nanoseconds deadline) {
        auto const core = core_;
        auto work = core_type::stop(core, std::chrono::steady_clock::now() + deadline);
        co_await boost::asio::co_spawn(core->strand, std::move(work), boost::asio::use_awaitable_t<Executor>{});
    }

    /// One consistent reading.
    export_stats stats() const { return core_->stats(); }

    /// Reports export_* measurements.
    void measure(measurement_sink sink) const { stats().measure(sink, Signal::name); }

    executor_type get_executor() const noexcept { return executor_; }
    otlp_options const& options() const noexcept { return core_->options; }

  private:
    using core_type = detail::exporter_core<Signal, Executor, Transport>;

    static std::shared_ptr<core_type> make_core(Executor const& executor, Signal signal, otlp_options options,
                                                logger log, Transport layer) {
        validate(options);
        return std::make_shared<core_type>(executor, std::move(signal), std::move(options), std::move(log),
                                           std::move(layer));
    }

    Executor executor_;
    std::shared_ptr<core_type> core_;
};

} // namespace orfeas::inline v0::exporting
