// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::scale {

/// How a metric is held against its target, as the HPA of Kubernetes has it.
enum class metric_kind : std::uint8_t {
    average,       ///< the mean of one value per replica (Pods, Resource): utilisation
    value,         ///< one value for the whole service (External with Value): a latency
    average_value, ///< one value for the whole service, divided by the replicas (External with AverageValue): a queue
};

constexpr std::string_view to_string(metric_kind kind) noexcept {
    constexpr std::array<std::string_view, 3> names{"average", "value", "average_value"};
    return names[static_cast<std::size_t>(kind)];
}

/// One metric as it was read, with what it should be. A value that is negative or not finite counts as not read.
struct metric_reading {
    std::string_view name{}; ///< outlives the call that it is passed to
    metric_kind kind = metric_kind::average;
    double value = 0;          ///< the mean of the replicas that report, or the value of the whole service
    double target = 0;         ///< in the same unit; above 0
    std::uint32_t missing = 0; ///< `average`: replicas that are ready and do not report
};

} // namespace orfeas::inline v0::scale
