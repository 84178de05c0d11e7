// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/scale/metric_reading.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace orfeas::inline v0::scale {

/// What the load will be, and in which band: of any forecaster, in the unit of `observation::load`.
struct predicted_load {
    double expected = 0;
    double low = 0;
    double high = 0;
    std::chrono::seconds lead{0}; ///< from now: as long as a replica takes to serve, at least
};

/// What an advisor is told of a service. Not-a-number is what could not be read.
struct observation {
    static constexpr double unread = std::numeric_limits<double>::quiet_NaN();

    std::uint32_t replicas = 0; ///< that were asked for
    std::uint32_t ready = 0;    ///< of these, those that serve

    double utilization = unread; ///< mean over the ready replicas that report
    std::uint32_t missing = 0;   ///< ready replicas that do not report their utilization
    double queue = unread;       ///< requests waiting, in all
    double p95_ms = unread;      ///< counts as 0 where it is unread and the load is 0
    double load = unread;        ///< requests a second that come, or whatever unit the forecast has

    std::span<metric_reading const> further{};  ///< metrics of the caller's own
    std::optional<predicted_load> forecast{};   ///< nothing while the forecaster abstains
    std::optional<std::uint32_t> devices_now{}; ///< where the number of devices changes: overrules the option
};

} // namespace orfeas::inline v0::scale
