// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/server.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observe/components.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/serve/alert_api.hpp>
#include <orfeas/serve/alert_json.hpp>
#include <orfeas/serve/api.hpp>
#include <orfeas/serve/cache_api.hpp>
#include <orfeas/serve/concepts.hpp>
#include <orfeas/serve/cost_api.hpp>
#include <orfeas/serve/dashboard_options.hpp>
#include <orfeas/serve/insight_api.hpp>
#include <orfeas/serve/insight_json.hpp>
#include <orfeas/serve/memory_api.hpp>
#include <orfeas/serve/metrics_hub.hpp>
#include <orfeas/serve/page.hpp>
#include <orfeas/serve/request_observer.hpp>
#include <orfeas/serve/request_statistics.hpp>
#include <orfeas/serve/scaling_api.hpp>
#include <orfeas/serve/trace_api.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::serve {

/// An HTTP server for an observed service: the application's routes, each traced and measured, beside the dashboard's
/// page (/), its WebSocket (/ws/metrics), Prometheus' endpoint (/metrics), a health check (/healthz) and the API
/// (/api/v1/…).
///
///     serve::server web{io.get_executor(), obs, {.port = 5000}};
///     web.route("POST", "/api/v1/generate", generate);
///     web.start();
///
/// Watches itself as the component "http". The source outlives the server; `co_await stop()` before either ends.
/// Thread-safe after `start()`; see http::basic_server for where handlers run.
template<source Source>
class server {
  public:
    /// Throws option_error for options out of range, and for an address beyond the loopback without a token.
    server(boost::asio::any_io_executor executor, Source& from, http::server_options options = {},
           dashboard_options dashboard = {})
        : source_{from},
          statistics_{std::make_shared<request_statistics>()},
          hub_{std::make_shared<metrics_hub>(std::string{from.boot_id()}, from.log(), insights_of(from))},
          http_{std::move(executor), std::move(options), from.log(), observer_type{from, statistics_}} {
        validate(dashboard);
        add_routes();
        add_websocket(dashboard);
        from.sampler().add_listener([hub = std::weak_ptr{hub_}](observe::history const& history) {
            if (auto const held = hub.lock()) {
                held->publish(history);
            }
        });
        from.watch("http", *this);
    }

    server(server const&) = delete;
    server& operator=(server const&) = delete;
    ~server() { source_.unwatch("http"); }

    /// Adds a route of the application; see http::basic_server::route.
    void route(std::string_view method, std::string_view pattern, http::handler answer,
               http::route_options options = {}) {
        http_.route(method, pattern, std::move(answer), options);
    }

    /// Adds a WebSocket route of the application; see http::basic_server::websocket.
    void websocket(std::string_view pattern, http::websocket_handler on_open, http::websocket_options options = {}) {
        http_.websocket(pattern, std::move(on_open), options);
    }

    /// Begins to listen and to serve. Throws net::listen_error when the address cannot be listened on.
    void start() { http_.start(); }

    /// The port that is listened on; 0 before `start()`.
    std::uint16_t port() const noexcept { return http_.port(); }

    /// Where a browser finds the page, once started: "http://127.0.0.1:5000/".
    std::string url() const {
        auto const& address = http_.options().address;
        bool const is_v6 = address.find(':') != std::string::npos;
        return "http://" + (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port()) + "/";
    }

    /// Ends the server: lets requests in flight finish until the deadline, sends going_away to WebSockets.
    /// True when nothing had to be cut off.
    task<bool> stop(std::chrono::nanoseconds deadline = std::chrono::seconds{5}) { return http_.stop(deadline); }

    /// WebSocket clients of the dashboard at present.
    std::size_t subscribers() const { return hub_->subscribers(); }

    /// Reports http_… measurements: of the transport, of the requests, of the dashboard.
    void measure(measurement_sink sink) const {
        http_.measure(sink);
        statistics_->measure(sink);
        sink({"serve_subscribers",
              measurement_kind::gauge,
              unit::none,
              static_cast<double>(subscribers()),
              {},
              "WebSocket clients of the dashboard"});
    }

    /// Operational while it listens.
    observe::component_status status() const {
        if (port() == 0) {
            return {false, "not listening"};
        }
        return {true, "listening on port " + std::to_string(port())};
    }

  private:
    using observer_type = request_observer<Source>;

    void add_routes() {
        auto const get = [this](std::string_view pattern, auto answer, http::role needed = http::role::reader) {
            http_.route("GET", pattern, answering(std::move(answer)), {needed, {}});
        };
        auto& from = source_;
        get("/", page_response);
        get("/more.js", more_response);
        get("/healthz", [](http::request const&) { return health(); }, http::role::anyone);
        get("/metrics", [&from](http::request const& q) { return prometheus(from, q); });
        get("/api/v1/status", [&from](http::request const&) { return serve::status(from); });
        get("/api/v1/metrics", [&from](http::request const&) { return series(from); });
        get("/api/v1/metrics/history", [&from](http::request const& q) { return history(from, q); });
        get("/api/v1/memory/report", [&from](http::request const& q) { return memory_report(from.memory(), q); });
        get("/api/v1/memory/timeline.svg",
            [&from](http::request const& q) { return memory_timeline(from.memory(), q); });
        get("/api/v1/cache/stats", [&from](http::request const& q) { return cache_stats(from.caches(), q); });
        http_.route("POST", "/api/v1/cache/clear",
                    [&from](http::request const& q) { return cache_clear(from.caches(), q); },
                    {http::role::operator_action, {}});
        get("/api/v1/traces", [&from](http::request const& q) { return traces(from, q); });
        get("/api/v1/traces/{id}", [&from](http::request const& q) { return trace_by_id(from, q); });
        get("/api/v1/operations", [&from](http::request const&) { return operations(from); });
        if constexpr (coarse_source<Source>) {
            get("/api/v1/metrics/history/coarse", [&from](http::request const& q) {
                return from.with_coarse_history(
                    [&](observe::coarse_history const& kept) { return coarse_history(kept, q); });
            });
        }
        if constexpr (judged_source<Source>) {
            get("/api/v1/anomalies",
                [&from](http::request const& q) { return anomalies(from.anomalies().report(), q); });
            get("/api/v1/predictions",
                [&from](http::request const&) { return predictions(from.predictions().report()); });
        }
        if constexpr (scaled_source<Source>) {
            get("/api/v1/scaling", [&from](http::request const&) { return scaling(from.scaling().advice()); });
        }
        if constexpr (costed_source<Source>) {
            get("/api/v1/cost", [&from](http::request const&) {
                return costs(from.costs().report(), from.costs().month(), from.costs().has_ledger());
            });
            get("/api/v1/cost/ledger.csv", [&from](http::request const&) { return cost_ledger(from); });
        }
        if constexpr (alerting_source<Source>) {
            add_alert_routes();
        }
    }

    void add_alert_routes() {
        auto const get = [this](std::string_view pattern, auto answer) {
            http_.route("GET", pattern, answering(std::move(answer)));
        };
        auto const act = [this](std::string_view method, std::string_view pattern, auto answer) {
            http_.route(method, pattern, answering(std::move(answer)),
                        {http::role::operator_action, most_alert_body_bytes});
        };
        observe::alert_watch& watch = source_.alerts();
        get("/api/v1/alerts/active", [&watch](http::request const& q) { return active_alerts(watch, q); });
        get("/api/v1/alerts/rules", [&watch](http::request const&) { return alert_rules(watch); });
        get("/api/v1/alerts/history", [&watch](http::request const& q) { return alert_history(watch, q); });
        get("/api/v1/silences", [&watch](http::request const&) { return silences(watch); });
        act("POST", "/api/v1/alerts/{id}/acknowledge",
            [&watch](http::request const& q) { return acknowledge_alert(watch, q); });
        act("DELETE", "/api/v1/alerts/{id}/acknowledge",
            [&watch](http::request const& q) { return withdraw_acknowledgement(watch, q); });
        act("POST", "/api/v1/silences", [&watch](http::request const& q) { return add_silence(watch, q); });
        act("DELETE", "/api/v1/silences/{id}", [&watch](http::request const& q) { return end_silence(watch, q); });
    }

    /// What a frame tells besides its values, by what the source has.
    static metrics_hub::insight_source insights_of(Source& from) {
        if constexpr (judged_source<Source> || alerting_source<Source>) {
            return [&from] {
                std::string told;
                if constexpr (judged_source<Source>) {
                    told = frame_insights(from.anomalies().active(), from.predictions().report());
                }
                if constexpr (alerting_source<Source>) {
                    told.append(told.empty() ? "" : ",").append(frame_alerts(from.alerts().alerts()));
                }
                return told;
            };
        } else {
            return {};
        }
    }

    void add_websocket(dashboard_options const& limits) {
        http::websocket_options options;
        options.subscribers = limits.subscribers;
        http_.websocket(
            "/ws/metrics",
            [&from = source_, hub = hub_](http::request const& q, metrics_hub::session client) {
                auto const* const key = client.get();
                client->on_message([hub, key](std::string_view text) { hub->receive(key, text); });
                client->on_close([hub, key](http::close_code) { hub->leave(key); });
                bool const resumes = q.parameter("boot") == std::string_view{from.boot_id()};
                auto const since = resumes ? detail::number_parameter(q, "since", 0, UINT64_MAX - 1, 0) : 0;
                from.sampler().with_history(
                    [&](observe::history const& history) { hub->join(std::move(client), since, history); });
            },
            options);
    }

    Source& source_;
    std::shared_ptr<request_statistics> statistics_;
    std::shared_ptr<metrics_hub> hub_;
    http::basic_server<boost::asio::any_io_executor, observer_type> http_;
};

} // namespace orfeas::inline v0::serve
