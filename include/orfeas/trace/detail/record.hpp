// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/detail/slot_pool.hpp>
#include <orfeas/trace/instrumentation_scope.hpp>
#include <orfeas/trace/span_context.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::trace::detail {

/// A slot of a segment, by number. Slot 0 is the local root.
inline constexpr std::uint32_t no_slot = 0xFFFF'FFFFU;

enum class record_type : std::uint8_t {
    span,       ///< a span
    annotation, ///< what somebody else than its owner said of the span `parent`; part of it once the segment is filed
    text        ///< further payload of the record that links to it
};

/// One fixed-size slot: a span and its payload of attributes, events and links, which goes on in `text` slots where it is
/// longer.
struct record {
    std::int64_t start; ///< a stamp (see `timeline`); once the segment is filed, nanoseconds since the segment began
    std::int64_t end;
    char const* name; ///< a literal, or in this record's payload
    instrumentation_scope const* scope;
    std::uint32_t parent; ///< slot of the parent; no_slot for the local root
    std::uint32_t next;   ///< slot in which the payload goes on, or no_slot
    record_type type;
    span_kind kind;
    span_status status;
    std::uint8_t name_size;
    std::uint8_t size; ///< bytes of payload in this slot
    bool has_literal_name;
    bool has_groups;      ///< events or links
    std::uint8_t lost;    ///< attributes, events and links for which there was no room; 255 for more
    std::uint32_t life;   ///< that of the segment when this was written; others are left from before
    bool may_repeat_keys; ///< two attributes may have the same key, of which the later one counts
    std::array<char, 131> payload;

    std::string_view name_view() const noexcept { return {name, name_size}; }
};
static_assert(sizeof(record) == 184);

/// What a segment grows by.
struct chunk : pool_links {
    static constexpr std::uint32_t records = 16;
    std::array<record, records> slots;
};

} // namespace orfeas::inline v0::trace::detail
