// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/trace_id.hpp>
#include <orfeas/trace/baggage.hpp>
#include <orfeas/trace/detail/hex.hpp>
#include <orfeas/trace/span_context.hpp>
#include <orfeas/trace/tracestate.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// W3C Trace Context, level 2 (Candidate Recommendation): the header `traceparent`, and what a request says with it and
/// `tracestate`. Pure functions on text; who speaks HTTP takes the values from the fields of a request and puts them into
/// those of another.

namespace orfeas::inline v0::trace {

inline constexpr std::string_view traceparent_header = "traceparent";

/// Reads a `traceparent` value: version 00 exactly as specified, higher versions by the fields that they share with it.
/// Empty for anything else, which the specification wants ignored. Unknown flags are cleared. O(1), no allocation.
inline std::optional<span_context> parse_traceparent(std::string_view text) noexcept {
    constexpr std::size_t length = 55;
    text = detail::trim_ows(text);
    if (text.size() < length) {
        return std::nullopt;
    }
    char const* const at = text.data();
    bool ok = at[2] == '-' && at[35] == '-' && at[52] == '-';
    auto const version = detail::read_hex2(at, ok);
    trace_id const trace{detail::read_hex16(at + 3, ok), detail::read_hex16(at + 19, ok)};
    span_id const span{detail::read_hex16(at + 36, ok)};
    auto const flags = detail::read_hex2(at + 53, ok);
    if (!ok || version == 0xff || !trace || !span) {
        return std::nullopt;
    }
    if (text.size() > length && (version == 0 || at[length] != '-')) {
        return std::nullopt;
    }
    constexpr unsigned known_flags = span_context::sampled_flag | span_context::random_flag;
    return span_context{trace, span, static_cast<std::uint8_t>(flags & known_flags)};
}

/// A `traceparent` value: 55 characters, no allocation.
/// Thread-safe: an immutable value.
class traceparent_text {
  public:
    explicit traceparent_text(span_context const& ids) noexcept {
        char* const at = text_.data();
        at[0] = '0';
        at[1] = '0';
        at[2] = '-';
        detail::write_hex16(at + 3, ids.trace.high);
        detail::write_hex16(at + 19, ids.trace.low);
        at[35] = '-';
        detail::write_hex16(at + 36, ids.span.value);
        at[52] = '-';
        at[53] = "0123456789abcdef"[ids.flags >> 4U];
        at[54] = "0123456789abcdef"[ids.flags & 15U];
    }

    std::string_view view() const noexcept { return {text_.data(), text_.size()}; }
    operator std::string_view() const noexcept { return view(); }

  private:
    std::array<char, 55> text_;
};

/// Writes a `traceparent` value of version 00. `ids` is not empty.
inline traceparent_text format_traceparent(span_context const& ids) noexcept {
    return traceparent_text{ids};
}

/// The parent that a request names; empty when it names none and has no baggage. Give the one `traceparent` field (a
/// request with several has none), and the `tracestate` and `baggage` fields, several of them joined by commas. Where the
/// first is malformed a new trace begins, which has the baggage; a malformed `tracestate` or member of the baggage is left
/// out without harm to the rest.
inline std::optional<remote_parent> extract(std::string_view traceparent, std::string_view tracestate = {},
                                            std::string_view baggage = {}) {
    auto const ids = parse_traceparent(traceparent);
    auto travelling = baggage_reading::of(baggage).values;
    if (!ids && travelling.empty()) {
        return std::nullopt;
    }
    return remote_parent{ids.value_or(span_context{}), normalize_tracestate(tracestate).value_or(std::string{}),
                         std::move(travelling)};
}

} // namespace orfeas::inline v0::trace
