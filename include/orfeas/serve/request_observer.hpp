// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/concepts.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/response.hpp>
#include <orfeas/http/status.hpp>
#include <orfeas/metrics.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/serve/concepts.hpp>
#include <orfeas/serve/detail/http_attributes.hpp>
#include <orfeas/serve/request_statistics.hpp>
#include <orfeas/trace.hpp>
#include <orfeas/trace/asio.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::serve {

/// The routes by which a service is watched. They are counted as all requests are, but neither traced nor timed: whoever
/// watches a service must not be taken for its traffic.
inline constexpr std::array<std::string_view, 25> watching_routes{"/",
                                                                  "/more.js",
                                                                  "/healthz",
                                                                  "/metrics",
                                                                  "/api/v1/status",
                                                                  "/api/v1/metrics",
                                                                  "/api/v1/metrics/history",
                                                                  "/api/v1/metrics/history/coarse",
                                                                  "/api/v1/anomalies",
                                                                  "/api/v1/predictions",
                                                                  "/api/v1/alerts/active",
                                                                  "/api/v1/alerts/rules",
                                                                  "/api/v1/alerts/history",
                                                                  "/api/v1/alerts/{id}/acknowledge",
                                                                  "/api/v1/silences",
                                                                  "/api/v1/silences/{id}",
                                                                  "/api/v1/cost",
                                                                  "/api/v1/cost/ledger.csv",
                                                                  "/api/v1/scaling",
                                                                  "/api/v1/memory/report",
                                                                  "/api/v1/memory/timeline.svg",
                                                                  "/api/v1/cache/stats",
                                                                  "/api/v1/traces",
                                                                  "/api/v1/operations",
                                                                  "/api/v1/traces/{id}"};

/// Makes each request a trace of its own, or a part of its caller's by the W3C traceparent, and measures it: the duration
/// goes into the histogram http_server_request_duration_seconds{method, route, status} and the request_statistics.
/// The span's attributes follow OpenTelemetry's semantic conventions for HTTP servers.
/// Thread-safe. The source outlives it.
template<source Source>
class request_observer {
  public:
    /// Throws metrics::registration_error where the source has another metric of that name.
    request_observer(Source& from, std::shared_ptr<request_statistics> statistics)
        : from_{&from},
          statistics_{std::move(statistics)},
          durations_{from.metrics().template histogram_family<"method", "route", "status">(
              "http_server_request_duration_seconds", "Time to answer a request, from its header to the answer.")} {}

    task<http::response> around(http::request const& q, std::string_view pattern, http::next_handler next) {
        if (std::ranges::find(watching_routes, pattern) != watching_routes.end()) {
            co_return co_await next();
        }
        std::string name{q.method()};
        if (!pattern.empty()) {
            name.append(" ").append(pattern);
        }
        auto parent = parent_of(q);
        auto work = measured(q, pattern, next);
        co_return co_await trace::run_traced(from_->tracer(), std::move(parent), std::move(name), std::move(work));
    }

  private:
    /// The handler's answer, measured. Within the root span, so that the histogram has it for its exemplars.
    task<http::response> measured(http::request const& q, std::string_view pattern, http::next_handler next) {
        auto const start = std::chrono::steady_clock::now();
        try {
            auto answer = co_await annotated(q, pattern, next);
            record(q, pattern, answer.status(), std::chrono::steady_clock::now() - start);
            co_return answer;
        } catch (...) { // the server answers what escapes with 500
            record(q, pattern, http::status::internal_server_error, std::chrono::steady_clock::now() - start);
            throw;
        }
    }

    /// The handler's answer, with what is known of the request written to the root span. A problem that the handler throws
    /// is an answer like others: only those of status 5xx are failures of the server.
    static task<http::response> annotated(http::request const& q, std::string_view pattern, http::next_handler next) {
        trace::annotate(detail::http_attributes::request_method, q.method());
        trace::annotate(detail::http_attributes::url_path, q.path());
        if (!pattern.empty()) {
            trace::annotate(detail::http_attributes::route, pattern);
        }
        std::optional<http::response> answer;
        try {
            answer = co_await next();
        } catch (http::problem_error const& error) {
            answer = error.problem().response();
        }
        trace::annotate(detail::http_attributes::response_status, std::int64_t{http::code_of(answer->status())});
        if (is_server_error(answer->status())) {
            trace::annotate_failure(http::reason_phrase(answer->status()));
        }
        co_return std::move(*answer);
    }

    static std::optional<trace::remote_parent> parent_of(http::request const& q) {
        trace::incoming_fields said;
        for (std::size_t i = 0; i < q.field_count(); ++i) {
            auto const [name, value] = q.field_at(i);
            said.add(name, value);
        }
        return said.parent();
    }

    static bool is_server_error(http::status s) noexcept { return http::code_of(s) >= 500; }

    void record(http::request const& q, std::string_view pattern, http::status status,
                std::chrono::nanoseconds duration) {
        statistics_->record(duration, is_server_error(status));
        durations_.with(q.method(), pattern, class_of(status)).observe(duration);
    }

    /// A handler may answer with a number that is no status.
    static std::string_view class_of(http::status s) noexcept {
        constexpr std::array<std::string_view, 6> classes{"unknown", "1xx", "2xx", "3xx", "4xx", "5xx"};
        std::size_t const hundreds = http::code_of(s) / 100;
        return classes[hundreds < classes.size() ? hundreds : 0];
    }

    Source* from_;
    std::shared_ptr<request_statistics> statistics_;
    metrics::typed_family<metrics::histogram, "method", "route", "status"> durations_; // a request takes no lock
};

} // namespace orfeas::inline v0::serve
