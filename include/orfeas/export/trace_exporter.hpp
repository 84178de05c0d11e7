// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/log.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/export/otlp_exporter.hpp>
#include <orfeas/export/otlp_trace.hpp>
#include <orfeas/http/client_transport.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <utility>

namespace orfeas::inline v0::exporting {

/// Exports finished traces:
///
///     exporting::trace_exporter to_collector{io.get_executor(), options};
///     to_collector.start();
///     tracer.set_sink([&](trace::finished_trace each) { to_collector.push(std::move(each)); });
///
/// It outlives the tracer, or the tracer is given another sink first.
/// Thread-safe, but for `start`.
template<class Executor = boost::asio::any_io_executor, class Transport = http::tcp_client_transport>
class basic_trace_exporter : public basic_otlp_exporter<trace_signal, Executor, Transport> {
  public:
    /// Throws option_error for options out of range.
    explicit basic_trace_exporter(Executor executor, otlp_options const& options = {}, logger log = {},
                                  Transport layer = {})
        : basic_otlp_exporter<trace_signal, Executor, Transport>{std::move(executor), trace_signal{options}, options,
                                                                 std::move(log), std::move(layer)} {}
};

using trace_exporter = basic_trace_exporter<>;

} // namespace orfeas::inline v0::exporting
