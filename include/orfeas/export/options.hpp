// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/export/content_coding.hpp>
#include <orfeas/export/detail/endpoint.hpp>
#include <orfeas/export/detail/name_values.hpp>
#include <orfeas/http/url.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::exporting {

/// Where telemetry goes, how it is gathered and how hard the exporter tries. Prefix ORFEAS_EXPORT_.
struct otlp_options {
    std::string endpoint = "http://127.0.0.1:4318"; ///< "/v1/traces" and "/v1/metrics" are added
    std::string protocol = "protobuf";
    std::vector<std::string> headers = {}; ///< "name=value", for every request

    content_coding coding = {}; ///< of the requests' bodies; not from the environment, for it brings a library

    std::string service_name = {}; ///< empty: the tracer's own; that of metrics is then "unknown_service"
    std::vector<std::string> resource_attributes = {}; ///< "key=value"

    std::uint64_t queue_items = 16'384;
    std::uint64_t queue_bytes = 32_MiB;
    std::uint64_t batch_items = 2048;
    std::uint64_t batch_bytes = 1_MiB;
    std::chrono::milliseconds schedule_delay{5000};
    std::chrono::milliseconds metrics_interval{15'000};

    std::chrono::milliseconds timeout{10'000};
    std::chrono::milliseconds retry_first{1000};
    std::chrono::milliseconds retry_most{30'000};
    std::uint32_t attempts = 5;

    static constexpr std::string_view environment_prefix = "ORFEAS_EXPORT_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, std::chrono::hours{24}};
        field("endpoint", self.endpoint, non_empty{},
              "URL of the OTLP/HTTP receiver, to which the signal's path is added");
        field("protocol", self.protocol, one_of("protobuf", "json"), "encoding of the requests");
        field("headers", self.headers, any_value{}, "name=value, sent with every request");
        field("service_name", self.service_name, any_value{}, "service.name of what is exported; empty: the tracer's");
        field("resource_attributes", self.resource_attributes, any_value{}, "key=value, of the resource");
        field("queue_items", self.queue_items, at_least(1), "spans or data points that may wait");
        field("queue_bytes", self.queue_bytes, at_least(1), "memory of what may wait");
        field("batch_items", self.batch_items, at_least(1), "spans or data points that make a batch full");
        field("batch_bytes", self.batch_bytes, at_least(1), "memory that makes a batch full");
        field("schedule_delay", self.schedule_delay, wait, "after which a batch is sent though it is not full");
        field("metrics_interval", self.metrics_interval, wait, "from one collection of all metrics to the next");
        field("timeout", self.timeout, wait, "for one request and its answer");
        field("retry_first", self.retry_first, wait, "before the second attempt; doubles from attempt to attempt");
        field("retry_most", self.retry_most, wait, "between attempts, where the receiver asks for no other");
        field("attempts", self.attempts, in_range(1, 1000), "to send one batch");
    }

    /// Throws option_error for an endpoint that is no URL, and for what is no name=value.
    void check() const {
        detail::endpoint(endpoint, "endpoint");
        detail::check_headers(headers);
        pairs(resource_attributes, "resource_attributes");
    }

    /// The "name=value" texts of a list taken apart, white space around the parts left out.
    static std::vector<std::pair<std::string, std::string>> pairs(std::vector<std::string> const& list,
                                                                  std::string_view field) {
        return detail::name_values(list, field);
    }

    /// Where the requests of a signal go: the endpoint with "/v1/traces" or the like behind it.
    http::url url_of(std::string_view path) const {
        return detail::below(http::parse_url(endpoint).value_or(http::url{}), path);
    }
};
static_assert(options<otlp_options>);

} // namespace orfeas::inline v0::exporting
