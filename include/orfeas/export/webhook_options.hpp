// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/base64.hpp>
#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/export/detail/name_values.hpp>
#include <orfeas/http/url.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::exporting {

namespace detail {

/// The key of a secret as Standard Webhooks writes it: "whsec_" and 24 to 64 bytes in base64. Empty for anything else.
inline std::optional<std::string> webhook_key(std::string_view secret) {
    constexpr std::string_view prefix = "whsec_";
    if (!secret.starts_with(prefix)) {
        return std::nullopt;
    }
    auto key = base64_decoded(secret.substr(prefix.size()));
    return key && key->size() >= 24 && key->size() <= 64 ? key : std::nullopt;
}

} // namespace detail

/// Where notifications are posted to, who may believe them, and how hard it is tried. Prefix ORFEAS_WEBHOOK_.
struct webhook_options {
    std::string url = {};
    std::string route = "webhook";
    std::vector<std::string> secrets = {};
    std::vector<std::string> headers = {};

    std::chrono::milliseconds poll_interval{1000};
    std::uint64_t body_bytes = 256_KiB;
    std::chrono::milliseconds timeout{10'000};
    std::chrono::milliseconds retry_first{1000};
    std::chrono::milliseconds retry_most{300'000};
    std::chrono::milliseconds give_up_after{86'400'000};

    static constexpr std::string_view environment_prefix = "ORFEAS_WEBHOOK_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::hours;
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, hours{24}};
        field("url", self.url, non_empty{}, "where notifications are posted to");
        field("route", self.route, non_empty{}, "whose notifications: the name of a route");
        field("secrets", self.secrets, any_value{},
              "whsec_ and a key in base64: each signs, so that a receiver can change from one to the next");
        field("headers", self.headers, any_value{}, "name=value, sent with every request");
        field("poll_interval", self.poll_interval, wait,
              "from one look for notifications to the next, if nobody wakes");
        field("body_bytes", self.body_bytes, in_range(1024, 1 << 30), "of a request; what does not fit is left out");
        field("timeout", self.timeout, wait, "for one request and its answer");
        field("retry_first", self.retry_first, wait, "before the second attempt; doubles from attempt to attempt");
        field("retry_most", self.retry_most, wait, "between attempts, where the receiver asks for no other");
        field("give_up_after", self.give_up_after, in_range(milliseconds{1}, milliseconds{hours{24 * 365}}),
              "of attempts at one notification");
    }

    /// Throws option_error for a URL, secrets and headers that cannot be used. Names no secret.
    void check() const {
        if (!http::parse_url(url)) {
            throw option_error{"url", url, "an http or https URL"};
        }
        for (auto const& each : secrets) {
            if (!detail::webhook_key(each)) {
                throw option_error{"secrets", "…", "whsec_ and 24 to 64 bytes in base64"};
            }
        }
        detail::check_headers(headers);
    }
};
static_assert(options<webhook_options>);

} // namespace orfeas::inline v0::exporting
