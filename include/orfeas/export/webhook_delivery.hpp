// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/notification.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/backoff.hpp>
#include <orfeas/core/base64.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/sha256.hpp>
#include <orfeas/export/detail/name_values.hpp>
#include <orfeas/export/outlet_step.hpp>
#include <orfeas/export/verdict.hpp>
#include <orfeas/export/webhook_message.hpp>
#include <orfeas/export/webhook_options.hpp>
#include <orfeas/export/webhook_stats.hpp>
#include <orfeas/http/client_request.hpp>
#include <orfeas/http/url.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::exporting {

/// The signature of a message as Standard Webhooks has it: "v1,…", HMAC-SHA256 over id, time and body.
inline std::string webhook_signature(std::string_view key, std::string_view id, std::string_view timestamp,
                                     std::string_view body) {
    hmac_sha256 code{std::as_bytes(std::span{key})};
    code.add(id).add(".").add(timestamp).add(".").add(body);
    return "v1," + base64_encoded(code.finish());
}

/// The state machine of a webhook: one notification at a time, in order, until the receiver has taken it or will not.
/// Sans-I/O: who sends hands in the notification that waits, asks `next` what to do and reports how it went.
///
/// A notification is settled by a 2xx, or given up: by an answer that another attempt would not change, or after
/// `give_up_after` of attempts. Waits between attempts grow from notification to notification, too, until one is taken.
/// Thread-compatible (distinct objects).
class webhook_delivery {
  public:
    /// Throws option_error for options out of range. Equal seeds give equal waits.
    webhook_delivery(webhook_options options, std::uint64_t seed)
        : options_{checked(std::move(options))},
          backoff_{options_.retry_first, options_.retry_most, seed},
          request_{"POST", http::parse_url(options_.url).value_or(http::url{})} {
        for (auto const& [name, value] : detail::name_values(options_.headers, "headers")) {
            request_.set(name, value);
        }
        request_.set("content-type", "application/json");
        for (auto const& each : options_.secrets) {
            keys_.push_back(detail::webhook_key(each).value_or(""));
        }
    }

    webhook_options const& options() const noexcept { return options_; }

    /// The oldest notification that waits, or none; whenever `next` is about to be asked. Not while one is being sent.
    void offer(alert::notification const* waiting, moment at) {
        ORFEAS_ASSERT(!is_in_flight_, "report how the attempt went");
        looked_at_ = at.now;
        if (waiting == nullptr) {
            end();
        } else if (waiting->id != id_) {
            auto made = webhook_message_of(*waiting, options_.body_bytes);
            id_ = waiting->id;
            body_ = std::move(made.body);
            left_out_ = made.left_out;
            first_attempt_.reset();
            stats_.attempts = 0;
        }
    }

    /// Look for a notification at the next opportunity.
    void wake() noexcept {}

    outlet_step next(moment at) const noexcept {
        if (id_.empty()) {
            return {outlet_step::what::idle, looked_at_ + options_.poll_interval};
        }
        return at.now < retry_at_ ? outlet_step{outlet_step::what::hold, retry_at_, retry_at_}
                                  : outlet_step{outlet_step::what::send};
    }

    /// Begins an attempt: the request is signed anew. Valid, like all that it refers to, until `settle`.
    http::client_request const& request(moment at) {
        is_in_flight_ = true;
        auto const seconds = std::chrono::floor<std::chrono::seconds>(at.wall).time_since_epoch().count();
        auto const timestamp = std::to_string(seconds);
        request_.set("idempotency-key", id_).set("webhook-id", id_).set("webhook-timestamp", timestamp);
        std::string signatures;
        for (auto const& each : keys_) {
            signatures.append(signatures.empty() ? "" : " ").append(webhook_signature(each, id_, timestamp, body_));
        }
        if (!signatures.empty()) {
            request_.set("webhook-signature", signatures);
        }
        // borrowed: the body is neither touched nor freed before the answer
        request_.body = http::shared_bytes{std::as_bytes(std::span{body_.data(), body_.size()}), nullptr};
        first_attempt_ = first_attempt_.value_or(at.now);
        ++stats_.requests_total;
        stats_.retries_total += stats_.attempts++ == 0 ? 0U : 1U;
        return request_;
    }

    /// How the attempt went.
    outlet_result settle(verdict const& found, moment at) {
        is_in_flight_ = false;
        stats_.works = found.meaning == verdict::kind::accepted;
        if (stats_.works) {
            ++stats_.delivered_total;
            stats_.left_out_total += left_out_;
            backoff_.reset();
            retry_at_ = {};
            settled_ = end();
            return {true, 0};
        }
        auto const wait = backoff_.next();
        retry_at_ = at.now + found.retry_after.value_or(wait);
        bool const is_late = first_attempt_ && at.now - *first_attempt_ >= options_.give_up_after;
        if (found.meaning == verdict::kind::unreachable && !is_late) {
            return {false, 0};
        }
        ++stats_.given_up_total;
        settled_ = end();
        return {false, 1};
    }

    /// The notification that was taken or given up last, once: its source is to be told.
    std::optional<std::string> take_settled() { return std::exchange(settled_, std::nullopt); }

    webhook_stats const& stats() const noexcept { return stats_; }

  private:
    static webhook_options checked(webhook_options options) {
        validate(options);
        return options;
    }

    /// Nothing is under way any more; what was.
    std::string end() noexcept {
        stats_.attempts = 0;
        return std::exchange(id_, {});
    }

    webhook_options options_;
    backoff backoff_;
    http::client_request request_;
    std::vector<std::string> keys_;
    std::string id_; // of the notification under way; empty: none
    std::string body_;
    std::size_t left_out_ = 0;
    std::optional<std::string> settled_;
    std::optional<monotonic_time> first_attempt_;
    monotonic_time retry_at_{};
    monotonic_time looked_at_{};
    bool is_in_flight_ = false;
    webhook_stats stats_;
};

} // namespace orfeas::inline v0::exporting
