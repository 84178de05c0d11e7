// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::serve {

/// Limits of the live dashboard. Prefix ORFEAS_SERVE_.
struct dashboard_options {
    std::uint32_t subscribers = 1000; ///< WebSocket clients at the same time; one more is answered 503

    static constexpr std::string_view environment_prefix = "ORFEAS_SERVE_";
    static void fields(auto& self, auto&& field) {
        field("subscribers", self.subscribers, in_range(0, 100'000), "WebSocket clients at the same time");
    }
};
static_assert(options<dashboard_options>);

} // namespace orfeas::inline v0::serve
