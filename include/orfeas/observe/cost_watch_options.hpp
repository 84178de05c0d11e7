// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <string>
#include <string_view>

namespace orfeas::inline v0::observe {

/// Which series a cost_watch reads: names or keys, with commas between them, whose values add up. Counters are series of their
/// rates, "…_per_second". Prefix ORFEAS_COSTED_.
struct cost_watch_options {
    std::string presence =
        "gpu_memory_total_bytes"; ///< has a value while a GPU is seen; labels `gpu` and `name` say which
    std::string utilization = "gpu_utilization_ratio"; ///< how busy it was, by the same labels
    std::string requests = "http_application_requests_per_second";
    std::string generated_bytes = "generated_bytes_per_second";
    std::string hits = "cache_hits_per_second, cache_l1_hits_per_second, cache_l2_hits_per_second";
    std::string misses = "cache_misses_per_second";
    std::string loads = "cache_loads_per_second";
    std::string load_seconds =
        "load_gpu_seconds_per_second"; ///< GPU time of the loads; without it their cost is not known

    static constexpr std::string_view environment_prefix = "ORFEAS_COSTED_";

    static void fields(auto& self, auto&& field) {
        field("presence", self.presence, non_empty{}, "series that have a value while a GPU is seen");
        field("utilization", self.utilization, any_value{}, "series of how busy GPUs are");
        field("requests", self.requests, any_value{}, "series of requests a second");
        field("generated_bytes", self.generated_bytes, any_value{}, "series of bytes generated a second");
        field("hits", self.hits, any_value{}, "series of cache hits a second");
        field("misses", self.misses, any_value{}, "series of cache misses a second");
        field("loads", self.loads, any_value{}, "series of loads a second");
        field("load_seconds", self.load_seconds, any_value{}, "series of GPU time of loads a second");
    }
};
static_assert(options<cost_watch_options>);

} // namespace orfeas::inline v0::observe
