// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/client_observer.hpp>
#include <orfeas/http/client_request.hpp>
#include <orfeas/serve/detail/http_attributes.hpp>
#include <orfeas/trace/propagation.hpp>
#include <orfeas/trace/span.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::serve {

/// Makes each request of an HTTP client a span of kind `client` below the current one, named by the method, and tells the
/// server of it by `traceparent`, `tracestate` and `baggage` (W3C). Where the span is not recorded the current one is
/// passed on, so that the server hears what was decided; where there is no trace nothing is added.
/// The span's attributes follow OpenTelemetry's semantic conventions for HTTP clients.
///
///     http::basic_client<asio::any_io_executor, serve::client_propagation> web{io.get_executor()};
///
/// Thread-safe: it holds nothing.
class client_propagation {
  public:
    /// One request under way.
    class call {
      public:
        explicit call(http::client_request const& q) : span_{std::string_view{q.method}, trace::span_kind::client} {
            if (span_.recording()) {
                span_.set(detail::http_attributes::request_method, q.method);
                span_.set(detail::http_attributes::server_address, q.url.host);
                span_.set(detail::http_attributes::server_port, std::int64_t{q.url.port});
                span_.set(detail::http_attributes::url_full, to_string(q.url));
            }
        }

        void propagate(http::head_writer& head) const {
            auto const here = span_.recording() ? span_.context() : trace::capture();
            auto const ids = here.ids();
            if (!ids) {
                return;
            }
            head.add(trace::traceparent_header, trace::format_traceparent(ids));
            if (auto const state = here.tracestate(); !state.empty()) {
                head.add(trace::tracestate_header, state);
            }
            if (auto const values = here.baggage().text(); !values.empty()) {
                head.add(trace::baggage_header, values);
            }
        }

        /// To a client every status from 400 on is a failure.
        void end(http::client_result const& done) noexcept {
            if (!span_.recording()) {
                return;
            }
            if (!done) {
                span_.fail(done.error.message());
            } else {
                span_.set(detail::http_attributes::response_status, std::int64_t{done.response.code()});
                if (done.response.code() >= 400) {
                    span_.fail(http::reason_phrase(done.response.status()));
                }
            }
            span_.end();
        }

      private:
        trace::detached_span span_;
    };

    call begin(http::client_request const& q, http::head_writer& head) const {
        call begun{q};
        begun.propagate(head);
        return begun;
    }
};
static_assert(http::client_observer<client_propagation>);

} // namespace orfeas::inline v0::serve
