// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/trace_id.hpp>
#include <orfeas/trace/span_context.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// W3C Trace Context, level 2 (Candidate Recommendation): the headers `traceparent` and `tracestate`. Pure functions on
/// text; who speaks HTTP takes the values from the fields of a request and puts them into those of another.

namespace orfeas::inline v0::trace {

inline constexpr std::string_view traceparent_header = "traceparent";
inline constexpr std::string_view tracestate_header = "tracestate";

namespace detail {

constexpr bool is_ows(char c) noexcept {
    return c == ' ' || c == '\t';
}

/// `text` without the optional white space around it.
constexpr std::string_view trim_ows(std::string_view text) noexcept {
    while (!text.empty() && is_ows(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_ows(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// Two lower-case hexadecimal digits.
constexpr std::optional<std::uint8_t> parse_byte(std::string_view text) noexcept {
    unsigned value = 0;
    for (char const c : text) {
        if (c >= '0' && c <= '9') {
            value = value * 16U + static_cast<unsigned>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value = value * 16U + static_cast<unsigned>(c - 'a') + 10U;
        } else {
            return std::nullopt;
        }
    }
    return static_cast<std::uint8_t>(value);
}

inline char* put_hex(char* out, std::uint64_t value, unsigned digits) noexcept {
    for (unsigned shift = digits * 4; shift > 0;) {
        shift -= 4;
        *out++ = "0123456789abcdef"[(value >> shift) & 15U];
    }
    return out;
}

constexpr bool is_key_start(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
constexpr bool is_key_char(char c) noexcept {
    return is_key_start(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
}
constexpr bool is_value_char(char c) noexcept {
    return c >= ' ' && c <= '~' && c != ',' && c != '=';
}

constexpr bool all_are(std::string_view text, bool (*is_allowed)(char) noexcept) noexcept {
    for (char const c : text) {
        if (!is_allowed(c)) {
            return false;
        }
    }
    return true;
}

/// `key=value` as section 3.3.1.3 has it; the white space around it is off already.
constexpr bool is_list_member(std::string_view member) noexcept {
    constexpr std::size_t longest = 256;
    auto const equals = member.find('=');
    if (equals == std::string_view::npos) {
        return false;
    }
    auto const key = member.substr(0, equals);
    auto const value = member.substr(equals + 1);
    return !key.empty() && key.size() <= longest && is_key_start(key.front()) && all_are(key, is_key_char) &&
           !value.empty() && value.size() <= longest && all_are(value, is_value_char);
}

/// The members of a `tracestate` list, at most 32.
class tracestate_members {
  public:
    /// False when there is no room.
    bool add(std::string_view member) noexcept {
        if (count_ == list_.size()) {
            return false;
        }
        list_[count_++] = member;
        return true;
    }

    /// Leaves out the last member that is longer than `large`, else the last one.
    void leave_out_one(std::size_t large) noexcept {
        std::size_t place = count_ - 1;
        for (std::size_t i = 0; i < count_; ++i) {
            if (list_[i].size() > large) {
                place = i;
            }
        }
        --count_;
        for (; place < count_; ++place) {
            list_[place] = list_[place + 1];
        }
    }

    /// The members with commas between them.
    std::string joined() const {
        std::string text;
        for (std::size_t i = 0; i < count_; ++i) {
            text.append(i == 0 ? "" : ",").append(list_[i]);
        }
        return text;
    }

  private:
    std::array<std::string_view, 32> list_;
    std::size_t count_ = 0;
};

/// The members of a `tracestate` list; nothing when it is malformed.
inline std::optional<tracestate_members> split_tracestate(std::string_view list) noexcept {
    tracestate_members members;
    while (!list.empty()) {
        auto const comma = list.find(',');
        auto const member = trim_ows(list.substr(0, comma));
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
        if (member.empty()) {
            continue; // empty members are allowed and mean nothing
        }
        if (!is_list_member(member) || !members.add(member)) {
            return std::nullopt;
        }
    }
    return members;
}

} // namespace detail

/// The longest `tracestate` that is passed on; longer ones lose whole members (section 3.3.1.5).
inline constexpr std::size_t longest_tracestate = 512;

/// Reads a `traceparent` value: version 00 exactly as specified, higher versions by the fields that they share with it.
/// Empty for anything else, which the specification wants ignored. Unknown flags are cleared. O(1), no allocation.
inline std::optional<span_context> parse_traceparent(std::string_view text) noexcept {
    constexpr std::size_t length = 55;
    text = detail::trim_ows(text);
    if (text.size() < length || text[2] != '-' || text[35] != '-' || text[52] != '-') {
        return std::nullopt;
    }
    auto const version = detail::parse_byte(text.substr(0, 2));
    auto const trace = parse_trace_id(text.substr(3, 32));
    auto const span = parse_span_id(text.substr(36, 16));
    auto const flags = detail::parse_byte(text.substr(53, 2));
    if (!version || *version == 0xff || !trace || !span || !flags) {
        return std::nullopt;
    }
    if (text.size() > length && (*version == 0 || text[length] != '-')) {
        return std::nullopt;
    }
    constexpr unsigned known_flags = span_context::sampled_flag | span_context::random_flag;
    return span_context{*trace, *span, static_cast<std::uint8_t>(*flags & known_flags)};
}

/// A `traceparent` value: 55 characters, no allocation.
/// Thread-safe: an immutable value.
class traceparent_text {
  public:
    explicit traceparent_text(span_context const& ids) noexcept {
        char* at = text_.data();
        *at++ = '0';
        *at++ = '0';
        *at++ = '-';
        at = detail::put_hex(at, ids.trace.high, 16);
        at = detail::put_hex(at, ids.trace.low, 16);
        *at++ = '-';
        at = detail::put_hex(at, ids.span.value, 16);
        *at++ = '-';
        detail::put_hex(at, ids.flags, 2);
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

/// Checks a `tracestate` value (several header fields are joined by commas first) and returns it as it is passed on:
/// members in their order, without empty ones and white space around them, cut to 512 characters by leaving out members,
/// those above 128 characters first, then from the end. Empty when it is malformed or has more than 32 members.
inline std::optional<std::string> normalize_tracestate(std::string_view list) {
    auto members = detail::split_tracestate(list);
    if (!members) {
        return std::nullopt;
    }
    constexpr std::size_t large_member = 128;
    std::string text = members->joined();
    while (text.size() > longest_tracestate) {
        members->leave_out_one(large_member);
        text = members->joined();
    }
    return text;
}

/// The parent that a request names; empty when it names none or names it wrongly, and a new trace begins. Give the one
/// `traceparent` field (a request with several has none) and the `tracestate` fields joined by commas. A malformed
/// `tracestate` is left out without harm to the rest.
inline std::optional<remote_parent> extract(std::string_view traceparent, std::string_view tracestate = {}) {
    auto const ids = parse_traceparent(traceparent);
    if (!ids) {
        return std::nullopt;
    }
    return remote_parent{*ids, normalize_tracestate(tracestate).value_or(std::string{})};
}

} // namespace orfeas::inline v0::trace
