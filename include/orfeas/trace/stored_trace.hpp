// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/trace/keep_reason.hpp>
#include <orfeas/trace/span_context.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace orfeas::inline v0::trace {

/// What an attribute holds, read back.
using attribute_value = std::variant<bool, std::int64_t, double, std::string>;

/// Attributes, one a key, in the order of their last setting.
using attribute_list = std::vector<std::pair<std::string, attribute_value>>;

/// Something that happened during a span, read back.
struct stored_event {
    std::string name;
    std::chrono::nanoseconds time; ///< since the trace began in this process
    attribute_list attributes;
};

/// A span's reference to another, read back.
struct stored_link {
    span_context to;
    attribute_list attributes;
};

/// A finished span, read back.
struct stored_span {
    span_id id;
    span_id parent; ///< zero: the trace began with this span
    std::string name;
    span_kind kind = span_kind::internal;
    std::string scope;              ///< name of the instrumentation scope; empty for none
    std::chrono::nanoseconds start; ///< since the trace began in this process
    std::chrono::nanoseconds duration;
    span_status status = span_status::unset;
    std::string failure; ///< why it failed, if it said so
    attribute_list attributes;
    std::vector<stored_event> events;
    std::vector<stored_link> links;
    std::uint32_t lost = 0; ///< attributes, events and links for which there was no room; 255 for more

    /// The value of an attribute, or null.
    attribute_value const* find(std::string_view key) const noexcept {
        for (auto const& each : attributes) {
            if (each.first == key) {
                return &each.second;
            }
        }
        return nullptr;
    }
};

/// What a list of traces shows of each.
struct trace_summary {
    trace_id id;
    std::string service; ///< that recorded it
    std::string name;    ///< of the local root
    wall_time start;
    std::chrono::nanoseconds duration; ///< of the local root
    std::uint32_t spans = 0;
    std::uint32_t dropped = 0;               ///< spans that limits kept off the record
    span_status status = span_status::unset; ///< error when any span failed
    keep_reason reason = keep_reason::none;  ///< why it was kept
};

/// A finished trace, read back: all spans with its id that this process recorded and still holds.
struct stored_trace {
    trace_summary summary;
    std::string tracestate;
    std::vector<stored_span> spans; ///< by start; the first is the local root
};

} // namespace orfeas::inline v0::trace
