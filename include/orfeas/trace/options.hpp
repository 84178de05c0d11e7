// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::trace {

/// What a tracer records and keeps, and its limits. What goes over a limit is dropped and counted by reason.
struct tracer_options {
    bool enabled = true;
    std::string service = "orfeas";

    // which traces are sampled when they begin here
    double sample_ratio = 1;
    double sample_per_second = 0;
    std::vector<std::string> sample_rules{};
    bool record_unsampled = true;

    // which are kept when they have ended
    bool keep_errors = true;
    std::chrono::milliseconds keep_slower_than{0};
    double keep_quantile = 0;
    std::uint32_t keep_per_second = 0;
    double keep_ratio = 1;

    // limits
    std::uint32_t spans_per_trace = 1024;
    std::uint32_t active_traces = 1024;
    std::uint64_t active_bytes = 16_MiB;
    std::uint32_t stored_traces = 1000;
    std::uint64_t stored_bytes = 16_MiB;
    std::uint32_t slow_traces = 32;
    std::chrono::seconds slow_keep{600};
    std::uint32_t operations = 256;
    std::uint32_t exported_traces = 2048;
    std::uint64_t exported_bytes = 16_MiB;

    static constexpr std::string_view environment_prefix = "ORFEAS_TRACE_";

    static void fields(auto& self, auto&& field) {
        using namespace std::chrono;
        field("enabled", self.enabled, any_value{}, "whether spans are recorded");
        field("service", self.service, non_empty{}, "the name of the service, for those who read its traces");
        field("sample_ratio", self.sample_ratio, in_range(0, 1), "share of the traces that begin here to be sampled");
        field("sample_per_second", self.sample_per_second, in_range(0.0, 1e9),
              "most traces that begin here to be sampled in a second; 0 for no such limit");
        field("sample_rules", self.sample_rules, any_value{},
              "NAME=RATIO or PREFIX*=RATIO for traces whose root has that name; the first that applies counts");
        field("record_unsampled", self.record_unsampled, any_value{},
              "whether traces that are not sampled are recorded for this process alone");
        field("keep_errors", self.keep_errors, any_value{}, "keep traces of which a span failed");
        field("keep_slower_than", self.keep_slower_than, in_range(milliseconds{0}, hours{24}),
              "keep traces that took longer; 0 for no such limit");
        field("keep_quantile", self.keep_quantile, in_range(0.0, 0.9999),
              "keep traces slower than this quantile of their root's durations; 0 for no such limit");
        field("keep_per_second", self.keep_per_second, in_range(0, 1'000'000),
              "traces of each root to keep every second, whatever else is said");
        field("keep_ratio", self.keep_ratio, in_range(0, 1), "share of the other traces to keep");
        field("spans_per_trace", self.spans_per_trace, in_range(1, 65'536),
              "records of one trace: a span takes one, and one more for each 131 bytes of attributes");
        field("active_traces", self.active_traces, in_range(1, 1'000'000), "traces that may be open at once");
        field("active_bytes", self.active_bytes, in_range(64_KiB, 64_GiB), "memory for the spans of open traces");
        field("stored_traces", self.stored_traces, in_range(1, 1'000'000), "finished traces kept in memory");
        field("stored_bytes", self.stored_bytes, in_range(64_KiB, 64_GiB), "memory for finished traces");
        field("slow_traces", self.slow_traces, in_range(0, 1000), "the slowest finished traces, kept apart");
        field("slow_keep", self.slow_keep, in_range(std::chrono::seconds{1}, std::chrono::seconds{86'400}),
              "how long a slow trace is kept");
        field("operations", self.operations, in_range(1, 100'000), "span names with statistics of their own");
        field("exported_traces", self.exported_traces, in_range(0, 1'000'000),
              "finished traces that exporters may hold");
        field("exported_bytes", self.exported_bytes, in_range(0, 64_GiB), "memory for the traces that exporters hold");
    }
};
static_assert(options<tracer_options>);

} // namespace orfeas::inline v0::trace
