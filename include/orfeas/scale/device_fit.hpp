// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/scale/advisor_options.hpp>
#include <orfeas/scale/replica_formula.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace orfeas::inline v0::scale {

/// How many replicas fit into the memory of the devices.
struct device_fit {
    std::uint32_t per_device = 0; ///< that share one; 0: not even one fits
    std::optional<std::uint32_t>
        replicas{}; ///< in all; nothing where the number of devices is not known, or nothing is limited
};

/// The fit under the options' model and devices; `devices_now` overrules their number. A model that is spread over several devices
/// takes the same part of each.
inline device_fit fit_devices(advisor_options const& options, std::optional<std::uint32_t> devices_now = {}) noexcept {
    device_fit made{options.replicas_per_device};
    if (options.model_bytes > 0) {
        double const usable = static_cast<double>(options.device_bytes) * (1 - options.device_reserve);
        double const part = static_cast<double>(options.model_bytes) / options.devices_per_replica;
        double const whole = usable / part + detail::rounding;
        made.per_device = static_cast<std::uint32_t>(std::min(whole, static_cast<double>(made.per_device)));
    }
    std::uint32_t const devices = devices_now.value_or(options.devices);
    if (made.per_device == 0) {
        made.replicas = 0;
    } else if (devices_now || devices > 0) {
        auto const all = std::uint64_t{devices / options.devices_per_replica} * made.per_device;
        made.replicas = static_cast<std::uint32_t>(std::min(static_cast<double>(all), detail::most_replicas));
    }
    return made;
}

} // namespace orfeas::inline v0::scale
