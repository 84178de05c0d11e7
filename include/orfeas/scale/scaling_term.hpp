// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::scale {

/// What an advice comes from: the last step that changed the number, or the reason for leaving it.
enum class scaling_term : std::uint8_t {
    steady,                ///< nothing asks for another number
    metric,                ///< a metric, without any limit
    forecast,              ///< the load that is predicted
    missing_metrics,       ///< fewer replicas would do, but not all metrics could be read; or none could; or, of no
                           ///< replica, not whether there is work
    scale_up_stabilized,   ///< a smaller number was enough within the window
    scale_down_stabilized, ///< a larger number was needed within the window
    scale_up_policy,       ///< no faster
    scale_down_policy,     ///< no faster
    minimum,               ///< the fewest replicas allowed
    maximum,               ///< the most replicas allowed
    gpu_memory,            ///< no more replicas fit into the memory of the devices
    budget,                ///< no more replicas can be paid
    idle,                  ///< nothing has come for long: none is needed
    activation,            ///< there is work, and no replica
    disabled,              ///< there are no replicas, and scaling from zero is not asked for
};

constexpr std::string_view to_string(scaling_term term) noexcept {
    constexpr std::array<std::string_view, 15> names{"steady",
                                                     "metric",
                                                     "forecast",
                                                     "missing_metrics",
                                                     "scale_up_stabilized",
                                                     "scale_down_stabilized",
                                                     "scale_up_policy",
                                                     "scale_down_policy",
                                                     "minimum",
                                                     "maximum",
                                                     "gpu_memory",
                                                     "budget",
                                                     "idle",
                                                     "activation",
                                                     "disabled"};
    return names[static_cast<std::size_t>(term)];
}

} // namespace orfeas::inline v0::scale
