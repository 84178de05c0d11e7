// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::observe {

/// Which series a scaling_watch reads: names or keys, with commas between them. Prefix ORFEAS_SCALED_.
struct scaling_watch_options {
    std::string utilization =
        "gpu_utilization_ratio";                ///< their mean; without a value, the CPU's use of the process's cores
    std::string queue = "queue_depth";          ///< their sum
    std::string p95_ms = "http_request_p95_ms"; ///< the largest of them
    std::string load = "http_application_requests_per_second"; ///< their sum
    std::uint32_t replicas = 1; ///< that the series are of, until `set_replicas` says how many there are

    static constexpr std::string_view environment_prefix = "ORFEAS_SCALED_";

    static void fields(auto& self, auto&& field) {
        field("utilization", self.utilization, any_value{}, "series of the share of a replica in use");
        field("queue", self.queue, any_value{}, "series of requests that wait");
        field("p95_ms", self.p95_ms, any_value{}, "series of the 95th percentile of response times");
        field("load", self.load, any_value{}, "series of requests a second");
        field("replicas", self.replicas, in_range(0, 10'000), "replicas that the series are of");
    }
};
static_assert(options<scaling_watch_options>);

} // namespace orfeas::inline v0::observe
