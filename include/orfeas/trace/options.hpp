// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::trace {

/// Limits of a tracer. What goes over one is dropped and counted by reason.
struct tracer_options {
    bool enabled = true;
    std::uint32_t spans_per_trace = 1024;
    std::uint32_t active_traces = 1024;
    std::uint64_t active_bytes = 16_MiB;
    std::uint32_t stored_traces = 1000;
    std::uint64_t stored_bytes = 16_MiB;
    std::uint32_t slow_traces = 32;
    std::chrono::seconds slow_keep{600};
    std::uint32_t operations = 256;

    static constexpr std::string_view environment_prefix = "ORFEAS_TRACE_";

    static void fields(auto& self, auto&& field) {
        field("enabled", self.enabled, any_value{}, "whether spans are recorded");
        field("spans_per_trace", self.spans_per_trace, in_range(1, 65'536),
              "records of one trace: a span takes one, and one more for each 165 bytes of attributes");
        field("active_traces", self.active_traces, in_range(1, 1'000'000), "traces that may be open at once");
        field("active_bytes", self.active_bytes, in_range(64_KiB, 64_GiB), "memory for the spans of open traces");
        field("stored_traces", self.stored_traces, in_range(1, 1'000'000), "finished traces kept in memory");
        field("stored_bytes", self.stored_bytes, in_range(64_KiB, 64_GiB), "memory for finished traces");
        field("slow_traces", self.slow_traces, in_range(0, 1000), "the slowest finished traces, kept apart");
        field("slow_keep", self.slow_keep, in_range(std::chrono::seconds{1}, std::chrono::seconds{86'400}),
              "how long a slow trace is kept");
        field("operations", self.operations, in_range(1, 100'000), "span names with statistics of their own");
    }
};
static_assert(options<tracer_options>);

} // namespace orfeas::inline v0::trace
