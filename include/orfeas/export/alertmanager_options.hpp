// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/export/detail/endpoint.hpp>
#include <orfeas/export/detail/name_values.hpp>
#include <orfeas/http/url.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::exporting {

/// Which Alertmanagers are told of alerts, and how. Prefix ORFEAS_ALERTMANAGER_.
struct alertmanager_options {
    std::vector<std::string> urls = {"http://127.0.0.1:9093"}; ///< "/api/v2/alerts" is added
    std::vector<std::string> headers = {};
    std::vector<std::string> labels = {};
    std::string generator_url = {};
    bool send_silenced = false;
    bool send_inhibited = true;

    std::chrono::milliseconds poll_interval{1000};
    std::chrono::milliseconds resend_interval{60'000};
    std::chrono::milliseconds resolved_for{300'000};
    std::uint32_t most_alerts = 10'000;
    std::uint32_t batch_alerts = 256;
    std::uint64_t batch_bytes = 1_MiB;

    std::chrono::milliseconds timeout{10'000};
    std::chrono::milliseconds retry_first{1000};
    std::chrono::milliseconds retry_most{30'000};

    static constexpr std::string_view environment_prefix = "ORFEAS_ALERTMANAGER_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::hours;
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, hours{24}};
        field("urls", self.urls, non_empty{}, "of Alertmanagers, each of which is told of all alerts");
        field("headers", self.headers, any_value{}, "name=value, sent with every request");
        field("labels", self.labels, any_value{},
              "name=value, of each alert that has no such label: instance, cluster");
        field("generator_url", self.generator_url, any_value{}, "where people see the alerts: this service's page");
        field("send_silenced", self.send_silenced, any_value{}, "also what a silence of this service applies to");
        field("send_inhibited", self.send_inhibited, any_value{}, "also what another alert of this service inhibits");
        field("poll_interval", self.poll_interval, wait, "from one look at the alerts to the next, if nobody wakes");
        field("resend_interval", self.resend_interval, in_range<milliseconds>{milliseconds{1}, hours{1}},
              "after which an alert is sent again; it ends by itself after three of them");
        field("resolved_for", self.resolved_for, in_range<milliseconds>{milliseconds{0}, hours{24}},
              "for which it is sent that an alert is over");
        field("most_alerts", self.most_alerts, in_range(1, 1'000'000), "alerts that are sent; the first are");
        field("batch_alerts", self.batch_alerts, in_range(1, 100'000), "alerts of one request");
        field("batch_bytes", self.batch_bytes, in_range(65'536, 1 << 30), "of one request");
        field("timeout", self.timeout, wait, "for one request and its answer");
        field("retry_first", self.retry_first, wait, "before the second attempt; doubles from attempt to attempt");
        field("retry_most", self.retry_most, wait, "between attempts, where the receiver asks for no other");
    }

    /// Throws option_error for what is no URL and no name=value.
    void check() const {
        for (auto const& each : urls) {
            detail::endpoint(each, "urls");
        }
        if (!generator_url.empty() && !http::parse_url(generator_url)) {
            throw option_error{"generator_url", generator_url, "an http or https URL"};
        }
        detail::check_headers(headers);
        detail::name_values(labels, "labels");
    }
};
static_assert(options<alertmanager_options>);

} // namespace orfeas::inline v0::exporting
