// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/fields.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/http/refusal.hpp>
#include <orfeas/http/status.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace orfeas::inline v0::http {

/// What a server has done so far. The members are read one after another while it goes on.
struct server_stats {
    std::uint64_t connections = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t requests_total = 0;
    std::uint64_t refused_total = 0;
    std::uint64_t server_errors_total = 0;
    std::uint64_t received_bytes_total = 0;
    std::uint64_t sent_bytes_total = 0;
    std::uint64_t websocket_sessions = 0;
    std::uint64_t websocket_messages_total = 0;
    std::uint64_t websocket_skipped_total = 0;

    static void fields(auto& self, auto&& field) {
        field("connections", self.connections, unit::none, "open connections");
        field("connections_total", self.connections_total, unit::none, "connections accepted");
        field("requests_total", self.requests_total, unit::none, "requests whose header was well-formed");
        field("refused_total", self.refused_total, unit::none, "requests and connections that were not served");
        field("server_errors_total", self.server_errors_total, unit::none, "answers of status 500 and above");
        field("received_bytes_total", self.received_bytes_total, unit::bytes, "bytes of requests received");
        field("sent_bytes_total", self.sent_bytes_total, unit::bytes, "bytes of answers sent");
        field("websocket_sessions", self.websocket_sessions, unit::none, "open WebSocket sessions");
        field("websocket_messages_total", self.websocket_messages_total, unit::none, "WebSocket messages sent");
        field("websocket_skipped_total", self.websocket_skipped_total, unit::none,
              "WebSocket messages replaced by newer ones before they were sent");
    }
};
static_assert(has_fields<server_stats>);

namespace detail {

/// The live counters behind server_stats. Thread-safe: each is counted and read on its own.
struct server_counters {
    using count = std::atomic<std::uint64_t>;

    count connections{0};
    count connections_total{0};
    count requests_total{0};
    count received_bytes_total{0};
    count sent_bytes_total{0};
    count websocket_sessions{0};
    count websocket_messages_total{0};
    count websocket_skipped_total{0};
    std::array<count, 5> answers{};              // by the first digit of the status
    std::array<count, refusal_count> refusals{}; // by reason

    static void add(count& c, std::uint64_t n = 1) noexcept { c.fetch_add(n, std::memory_order_relaxed); }
    static void subtract(count& c) noexcept { c.fetch_sub(1, std::memory_order_relaxed); }
    static std::uint64_t read(count const& c) noexcept { return c.load(std::memory_order_relaxed); }

    void refused(refusal r) noexcept { add(refusals[static_cast<std::size_t>(r) - 1]); }
    void answered(status s) noexcept { add(answers[code_of(s) / 100 - 1]); }

    server_stats snapshot() const noexcept {
        server_stats now;
        now.connections = read(connections);
        now.connections_total = read(connections_total);
        now.requests_total = read(requests_total);
        for (auto const& reason : refusals) {
            now.refused_total += read(reason);
        }
        now.server_errors_total = read(answers[4]);
        now.received_bytes_total = read(received_bytes_total);
        now.sent_bytes_total = read(sent_bytes_total);
        now.websocket_sessions = read(websocket_sessions);
        now.websocket_messages_total = read(websocket_messages_total);
        now.websocket_skipped_total = read(websocket_skipped_total);
        return now;
    }

    void measure(measurement_sink sink) const {
        auto const tell = [&](std::string_view name, measurement_kind kind, orfeas::unit u, std::uint64_t value,
                              std::span<label const> labels, std::string_view help) {
            sink({name, kind, u, static_cast<double>(value), labels, help});
        };
        constexpr auto gauge = measurement_kind::gauge;
        constexpr auto counter = measurement_kind::counter;
        auto const now = snapshot();
        tell("http_connections", gauge, unit::none, now.connections, {}, "Open connections.");
        tell("http_connections_accepted_total", counter, unit::none, now.connections_total, {},
             "Connections accepted.");
        tell("http_requests_total", counter, unit::none, now.requests_total, {}, "Requests with a well-formed header.");
        constexpr std::string_view classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
        for (std::size_t i = 0; i < answers.size(); ++i) {
            label const by_class{"class", classes[i]};
            tell("http_responses_total", counter, unit::none, read(answers[i]), {&by_class, 1}, "Answers sent.");
        }
        for (std::size_t i = 0; i < refusals.size(); ++i) {
            label const by_reason{"reason", name_of(static_cast<refusal>(i + 1))};
            tell("http_refused_total", counter, unit::none, read(refusals[i]), {&by_reason, 1},
                 "Requests and connections that were not served.");
        }
        tell("http_received_bytes_total", counter, unit::bytes, now.received_bytes_total, {}, "Bytes received.");
        tell("http_sent_bytes_total", counter, unit::bytes, now.sent_bytes_total, {}, "Bytes sent.");
        tell("http_websocket_sessions", gauge, unit::none, now.websocket_sessions, {}, "Open WebSocket sessions.");
        tell("http_websocket_messages_total", counter, unit::none, now.websocket_messages_total, {},
             "WebSocket messages sent.");
        tell("http_websocket_skipped_total", counter, unit::none, now.websocket_skipped_total, {},
             "WebSocket messages replaced by newer ones before they were sent.");
    }
};

} // namespace detail

} // namespace orfeas::inline v0::http
