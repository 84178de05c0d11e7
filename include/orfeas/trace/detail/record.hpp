// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/detail/slot_pool.hpp>
#include <orfeas/trace/span_context.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::trace::detail {

/// A slot of a segment, by number. Slot 0 is the local root.
inline constexpr std::uint32_t no_slot = 0xFFFF'FFFFU;

enum class record_kind : std::uint8_t {
    unused,     ///< never written: memory ran out between its reservation and its use
    span,       ///< a span
    annotation, ///< attributes that somebody else than its owner gave to the span `parent`
    text        ///< further payload of the record that links to it
};

/// One fixed-size slot: a span and its payload of attributes, which goes on in `text` slots where it is longer.
struct record {
    std::int64_t start_ns; ///< since the segment began
    std::int64_t end_ns;
    std::uint32_t parent; ///< slot of the parent; no_slot for the local root
    std::uint32_t next;   ///< slot in which the payload goes on, or no_slot
    record_kind kind = record_kind::unused;
    span_status status;
    std::uint8_t size; ///< bytes of payload in this slot
    std::array<char, 165> payload;
};
static_assert(sizeof(record) == 192);

/// What a segment grows by.
struct chunk : pool_links {
    static constexpr std::uint32_t records = 16;
    std::array<record, records> slots;
};

} // namespace orfeas::inline v0::trace::detail
