// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace orfeas::inline v0::trace {

/// Which library or part of a program a span comes from: OpenTelemetry's instrumentation scope. Spans keep its address:
/// make it a constant with static storage.
///
///     inline constexpr trace::instrumentation_scope meshing{"studio.meshing", "1.2.0"};
///     trace::span s{"triangulate", meshing};
///
/// Thread-safe: an immutable value.
struct instrumentation_scope {
    std::string_view name;
    std::string_view version{};
};

} // namespace orfeas::inline v0::trace
