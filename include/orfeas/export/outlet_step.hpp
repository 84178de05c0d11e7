// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <cstdint>

namespace orfeas::inline v0::exporting {

/// A moment on both clocks: the one for waits, the other for what leaves the process.
struct moment {
    monotonic_time now;
    wall_time wall;
};

/// What an outlet of alerts is to do at a moment.
struct outlet_step {
    enum class what : std::uint8_t {
        idle, ///< nothing waits to be sent: look again at `until`
        hold, ///< something waits, and is not to be sent before `ready`: look again at `until`
        send, ///< send `request()`, then report to `settle`
    };

    what action = what::idle;
    monotonic_time until = monotonic_time::max();
    monotonic_time ready = monotonic_time::max();
};

/// How an attempt went, for the log.
struct outlet_result {
    bool works = false;     ///< the receiver took it
    std::uint64_t lost = 0; ///< notifications or alerts that will not be sent
};

} // namespace orfeas::inline v0::exporting
