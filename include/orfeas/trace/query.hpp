// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/trace/finished_trace.hpp>
#include <orfeas/trace/stored_trace.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::trace {

/// Which finished traces are asked for. Conditions that are left as they are let everything through.
/// Thread-compatible (distinct objects).
struct trace_query {
    std::string service{};   ///< that recorded it
    std::string operation{}; ///< the name of any of its spans
    std::string scope{};     ///< the instrumentation scope of any of its spans
    std::chrono::nanoseconds min_duration{0};
    std::chrono::nanoseconds max_duration = std::chrono::nanoseconds::max();
    wall_time since = wall_time::min(); ///< it began then or later
    wall_time until = wall_time::max(); ///< it began then or before
    bool failed = false;                ///< only traces of which a span failed
    std::string attribute_key{};        ///< any of its spans has this attribute …
    std::string attribute_value{};      ///< … with this value, as text; empty for any value
    std::size_t most = 100;             ///< traces in the answer
    std::uint64_t before = std::numeric_limits<std::uint64_t>::max(); ///< `next` of the page before
};

/// Some of the traces that a query asks for, the newest first.
struct trace_page {
    std::vector<trace_summary> traces;
    std::optional<std::uint64_t> next; ///< where the next page begins; nothing after the last one
};

namespace detail {

/// Whether an attribute has the value that a text says.
inline bool is_written(attribute_ref const& value, std::string_view text) {
    using type = attribute_ref::type_of;
    std::array<char, 32> digits;
    char* const first = digits.data();
    char* const last = first + digits.size();
    switch (value.type()) {
    case type::boolean:
        return text == (value.boolean() ? "true" : "false");
    case type::integer:
        return text == std::string_view(first, std::to_chars(first, last, value.integer()).ptr);
    case type::real:
        return text == std::string_view(first, std::to_chars(first, last, value.real()).ptr);
    default:
        return text == value.text();
    }
}

inline bool has_attribute(span_view const& span, std::string_view key, std::string_view text) {
    bool found = false;
    span.for_each_attribute([&](std::string_view each, attribute_ref const& value) {
        found = found || (each == key && (text.empty() || is_written(value, text)));
    });
    return found;
}

/// Whether a trace is one of those that `query` asks for; its page aside. O(spans).
inline bool matches(trace_query const& query, finished_trace const& trace) {
    auto const duration = trace.root().duration();
    if ((!query.service.empty() && trace.service() != query.service) || duration < query.min_duration ||
        duration > query.max_duration || trace.start() < query.since || trace.start() > query.until) {
        return false;
    }
    bool operation = query.operation.empty();
    bool scope = query.scope.empty();
    bool failed = !query.failed;
    bool attribute = query.attribute_key.empty();
    trace.for_each_span([&](span_view const& span) {
        operation = operation || span.name() == query.operation;
        scope = scope || (span.scope() != nullptr && span.scope()->name == query.scope);
        failed = failed || span.status() == span_status::error;
        attribute = attribute || has_attribute(span, query.attribute_key, query.attribute_value);
    });
    return operation && scope && failed && attribute;
}

} // namespace detail
} // namespace orfeas::inline v0::trace
