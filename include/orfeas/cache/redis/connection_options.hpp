// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/breaker.hpp>
#include <orfeas/cache/redis/pipeline.hpp>
#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace orfeas::inline v0::cache::redis {

/// How long a connection waits, and for how much. Prefix ORFEAS_REDIS_CONNECTION_.
struct connection_options {
    std::chrono::milliseconds call_deadline{500};
    std::chrono::milliseconds connect_deadline{1000};
    std::chrono::milliseconds stall_deadline{1000};
    std::chrono::milliseconds ping_interval{5000};
    std::chrono::milliseconds first_backoff{10};
    std::chrono::milliseconds most_backoff{400};
    std::uint64_t request_bytes = 64ULL << 20;
    std::uint64_t queued_bytes = 128ULL << 20;
    std::uint64_t reply_bytes = 512ULL << 20;
    std::uint32_t reply_values = 4'000'000;
    std::string client_name = "orfeas";
    breaker_options breaker{};

    static constexpr std::string_view environment_prefix = "ORFEAS_REDIS_CONNECTION_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, std::chrono::hours{24}};
        field("call_deadline", self.call_deadline, wait,
              "for all replies of a request, unless the call says otherwise");
        field("connect_deadline", self.connect_deadline, wait, "for name, connection, TLS and greeting together");
        field("stall_deadline", self.stall_deadline, wait, "without a byte while replies are due, then it is given up");
        field("ping_interval", self.ping_interval, wait,
              "of idleness, after which the server is asked for a sign of life");
        field("first_backoff", self.first_backoff, wait, "before the second attempt to connect; doubles from there");
        field("most_backoff", self.most_backoff, wait, "between attempts to connect");
        field("request_bytes", self.request_bytes, at_least(1), "of one request");
        field("queued_bytes", self.queued_bytes, at_least(1), "of requests that wait to be sent");
        field("reply_bytes", self.reply_bytes, in_range(1ULL, std::uint64_t{std::numeric_limits<std::uint32_t>::max()}),
              "of text in one reply");
        field("reply_values", self.reply_values, at_least(1), "of one reply, those within aggregates included");
        field("client_name", self.client_name, any_value{},
              "under which CLIENT LIST shows the connection; may be empty");
    }

    void check() const {
        if (client_name.find_first_of(" \r\n\t") != std::string::npos) {
            throw option_error{"client_name", client_name, "without spaces and line ends"};
        }
        validate(breaker);
    }

    pipeline_limits limits() const noexcept {
        pipeline_limits all;
        all.reply.text_bytes = reply_bytes;
        all.reply.values = reply_values;
        all.stall = stall_deadline;
        all.idle = ping_interval;
        return all;
    }
};
static_assert(options<connection_options>);

} // namespace orfeas::inline v0::cache::redis
