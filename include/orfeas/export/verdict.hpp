// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/export/encoding.hpp>
#include <orfeas/export/partial_success.hpp>
#include <orfeas/http/client_error.hpp>
#include <orfeas/http/client_observer.hpp>
#include <orfeas/http/detail/text.hpp>
#include <orfeas/http/retry_after.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace orfeas::inline v0::exporting {

/// What an answer, or its absence, means for the batch.
struct verdict {
    enum class kind : std::uint8_t { accepted, refused, unreachable };

    kind meaning = kind::refused;
    std::uint64_t rejected = 0;                                         ///< of an accepted batch
    std::optional<std::chrono::nanoseconds> retry_after = std::nullopt; ///< that a busy receiver asked for
};

namespace detail {

/// Whether another attempt may succeed: the connection failed, and not what was said over it.
inline bool is_worth_retrying(boost::system::error_code const& error) noexcept {
    using enum http::client_error;
    for (auto const lasting : {unsupported_scheme, malformed_answer, header_too_large, body_too_large}) {
        if (error == make_error_code(lasting)) {
            return false;
        }
    }
    return true;
}

/// "application/json; charset=utf-8" is application/json.
constexpr bool is_media_type(std::string_view field, std::string_view type) noexcept {
    return http::detail::equals_ignoring_case(http::detail::trimmed(field.substr(0, field.find(';'))), type);
}

} // namespace detail

/// Judges an exchange with a receiver as OTLP/HTTP has it: any 2xx is success; 429, 502, 503 and 504 and failures of the
/// connection are worth another attempt, 429 and 503 with the wait that Retry-After asks for; all else is final.
/// A partial success is looked for only where the answer is of the request's media type, since some receivers answer in
/// another one. `member` is the name of the rejected in JSON.
inline verdict judge(http::client_result const& done, otlp_encoding encoding, std::string_view member, wall_time now) {
    using enum verdict::kind;
    bool const is_failure_with_much_to_say =
        done.error == make_error_code(http::client_error::body_too_large) && !done.response.is_success();
    if (!done && !is_failure_with_much_to_say) {
        return {detail::is_worth_retrying(done.error) ? unreachable : refused};
    }
    auto const& answer = done.response;
    if (answer.is_success()) {
        bool const is_readable = detail::is_media_type(answer.field("content-type").value_or(""), media_type(encoding));
        return {accepted, is_readable ? rejected_items(encoding, answer.body_text(), member) : 0};
    }
    switch (answer.code()) {
    case 429:
    case 502:
    case 503:
    case 504: {
        auto const field = answer.field("retry-after");
        return {unreachable, 0, field ? http::parse_retry_after(*field, now) : std::nullopt};
    }
    default:
        return {refused};
    }
}

/// Judges an exchange that hands over alerts: any 2xx is success; 408, 429, 5xx and failures of the connection are worth another
/// attempt, with the wait that Retry-After asks for; all else is final. What an answer says besides does not count, however
/// much of it there is.
inline verdict judge_delivery(http::client_result const& done, wall_time now) {
    using enum verdict::kind;
    bool const has_status = done || done.error == make_error_code(http::client_error::body_too_large);
    if (!has_status) {
        return {detail::is_worth_retrying(done.error) ? unreachable : refused};
    }
    auto const& answer = done.response;
    if (answer.is_success()) {
        return {accepted};
    }
    if (answer.code() != 408 && answer.code() != 429 && answer.code() < 500) {
        return {refused};
    }
    auto const field = answer.field("retry-after");
    return {unreachable, 0, field ? http::parse_retry_after(*field, now) : std::nullopt};
}

} // namespace orfeas::inline v0::exporting
