// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/trace_id.hpp>
#include <orfeas/trace/baggage.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::trace {

/// What names a span to the world: the ids and flags that travel in a `traceparent` header (W3C Trace Context, level 2).
/// All zero means "no span".
struct span_context {
    trace_id trace;
    span_id span;
    std::uint8_t flags = 0; ///< bit 0: sampled, bit 1: the trace id is random

    static constexpr std::uint8_t sampled_flag = 1;
    static constexpr std::uint8_t random_flag = 2;

    bool sampled() const noexcept { return (flags & sampled_flag) != 0; }
    bool random() const noexcept { return (flags & random_flag) != 0; }
    explicit operator bool() const noexcept { return trace && span; }

    friend bool operator==(span_context const&, span_context const&) = default;
};

/// A parent in another process: its ids, the `tracestate` that came with them, to be passed on, and the baggage. Without
/// ids a new trace begins, which the baggage travels with.
/// Thread-compatible (distinct objects).
class remote_parent {
  public:
    explicit remote_parent(span_context ids, std::string tracestate = {}, trace::baggage baggage = {})
        : ids_{ids}, tracestate_{std::move(tracestate)}, baggage_{std::move(baggage)} {}

    span_context const& ids() const noexcept { return ids_; }
    std::string const& tracestate() const noexcept { return tracestate_; }
    trace::baggage const& baggage() const noexcept { return baggage_; }

  private:
    span_context ids_;
    std::string tracestate_;
    trace::baggage baggage_;
};

/// How a span went: `unset` unless somebody said so.
enum class span_status : std::uint8_t { unset, ok, error };

constexpr std::string_view to_string(span_status status) noexcept {
    switch (status) {
    case span_status::unset:
        return "unset";
    case span_status::ok:
        return "ok";
    case span_status::error:
        return "error";
    }
    return "unset";
}

/// Which side of a call a span is (OpenTelemetry's SpanKind).
enum class span_kind : std::uint8_t {
    internal, ///< work within the process
    server,   ///< a request is answered
    client,   ///< a request is made and its answer awaited
    producer, ///< a message is sent
    consumer  ///< a message is taken
};

constexpr std::string_view to_string(span_kind kind) noexcept {
    switch (kind) {
    case span_kind::internal:
        return "internal";
    case span_kind::server:
        return "server";
    case span_kind::client:
        return "client";
    case span_kind::producer:
        return "producer";
    case span_kind::consumer:
        return "consumer";
    }
    return "internal";
}

} // namespace orfeas::inline v0::trace
