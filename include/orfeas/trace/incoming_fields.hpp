// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/baggage.hpp>
#include <orfeas/trace/propagation.hpp>
#include <orfeas/trace/span_context.hpp>
#include <orfeas/trace/tracestate.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::trace {

/// What the header fields of a request say of its trace. Give it all fields, of whatever protocol; names compare without
/// regard to case, and several fields of one name are one list, except `traceparent`, of which there is one or none.
///
///     trace::incoming_fields said;
///     for (std::size_t i = 0; i < q.field_count(); ++i) {
///         auto const [name, value] = q.field_at(i);
///         said.add(name, value);
///     }
///     auto span = tracer.root("GET /", said.parent());
///
/// Thread-compatible (distinct objects).
class incoming_fields {
  public:
    void add(std::string_view name, std::string_view value) {
        if (is_name(name, traceparent_header)) {
            traceparents_ += 1;
            traceparent_ = value;
        } else if (is_name(name, tracestate_header)) {
            append(tracestate_, value);
        } else if (is_name(name, baggage_header)) {
            append(baggage_, value);
        }
    }

    /// The parent that the request names, and its baggage. Without ids, and a new trace begins, when it names none, several
    /// or a malformed one; empty when it has no baggage either.
    std::optional<remote_parent> parent() const {
        return extract(traceparents_ == 1 ? std::string_view{traceparent_} : std::string_view{}, tracestate_, baggage_);
    }

    /// The application's values that came with the request.
    baggage_reading baggage() const { return baggage_reading::of(baggage_); }

  private:
    /// `lower` is a name in lower-case letters.
    static bool is_name(std::string_view name, std::string_view lower) noexcept {
        if (name.size() != lower.size()) {
            return false;
        }
        for (std::size_t i = 0; i < name.size(); ++i) {
            char const c = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
            if (c != lower[i]) {
                return false;
            }
        }
        return true;
    }

    static void append(std::string& list, std::string_view value) {
        list.append(list.empty() ? "" : ",").append(value);
    }

    std::string traceparent_;
    std::string tracestate_;
    std::string baggage_;
    std::size_t traceparents_ = 0;
};

} // namespace orfeas::inline v0::trace
