// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::trace {

/// Why the work of a GPU span was not timed on the GPU.
enum class untimed_reason : std::uint8_t {
    no_device,       ///< there is no driver or no such device
    capture,         ///< the stream was capturing a graph
    pending_limit,   ///< too many spans waited for their work, or memory was short
    pending_timeout, ///< the work was not done in time
    driver_error,    ///< a call of the driver failed
    closed           ///< the timeline ended before the work
};
inline constexpr std::size_t untimed_reasons = 6;

constexpr std::string_view to_string(untimed_reason why) noexcept {
    switch (why) {
    case untimed_reason::no_device:
        return "no_device";
    case untimed_reason::capture:
        return "capture";
    case untimed_reason::pending_limit:
        return "pending_limit";
    case untimed_reason::pending_timeout:
        return "pending_timeout";
    case untimed_reason::driver_error:
        return "driver_error";
    case untimed_reason::closed:
        return "closed";
    }
    return "unknown";
}

/// Limits of a GPU timeline.
struct gpu_timeline_options {
    std::uint32_t most_pending = 4096;
    std::chrono::seconds pending_timeout{60};

    static constexpr std::string_view environment_prefix = "ORFEAS_GPU_TIMELINE_";

    static void fields(auto& self, auto&& field) {
        field("most_pending", self.most_pending, in_range(1, 1'000'000), "GPU spans that may be open at once");
        field("pending_timeout", self.pending_timeout, in_range(std::chrono::seconds{1}, std::chrono::seconds{86'400}),
              "how long a GPU span waits for its work to be done");
    }
};
static_assert(options<gpu_timeline_options>);

} // namespace orfeas::inline v0::trace
