// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/call_site.hpp>
#include <orfeas/memory/event_ring.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/tag_profile.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::memory {

/// What a block of reserved memory is doing.
enum class block_state : std::uint8_t {
    used,    ///< allocated
    free,    ///< for everyone
    pending, ///< deallocated, and free for its own stream only until that has passed
};

constexpr std::string_view to_string(block_state state) noexcept {
    switch (state) {
    case block_state::used:
        return "used";
    case block_state::free:
        return "free";
    case block_state::pending:
        return "pending";
    }
    return "used";
}

/// A piece of reserved memory: an allocation, or a free extent.
struct snapshot_block {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::uint64_t requested_bytes = 0; ///< before rounding; 0 of a free extent
    std::uint64_t allocated_ns = 0;    ///< when it was allocated, of the pool's monotonic clock; 0 of a free extent
    std::uint32_t site = 0;            ///< a call_site_id
    std::uint16_t tag = 0;             ///< a tag_id
    std::uint8_t stream = 0;           ///< number of the stream among the pool's, 0 for none
    block_state state = block_state::free;

    static void fields(auto& self, auto&& field) {
        field("address", self.address, unit::none, "of the first byte");
        field("bytes", self.bytes, unit::bytes, "size");
        field("requested_bytes", self.requested_bytes, unit::bytes, "size that was asked for");
        field("allocated_ns", self.allocated_ns, unit::none, "when, nanoseconds of the monotonic clock");
        field("state", self.state, unit::none, "used, free or pending");
        field("site", self.site, unit::none, "number of the call site");
        field("tag", self.tag, unit::none, "number of the tag");
        field("stream", self.stream, unit::none, "number of the stream");
    }

    friend bool operator==(snapshot_block const&, snapshot_block const&) = default;
};

/// Reserved memory at contiguous addresses, all of it there, with the blocks that it consists of: they follow each other
/// by address without gaps.
struct snapshot_range {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;
    std::uint8_t stream = 0;    ///< that all of it belongs to, 0 for none
    bool whole_segment = false; ///< one allocation of the backend, not mapped piece by piece
    std::vector<snapshot_block> blocks{};

    /// Without the blocks.
    static void fields(auto& self, auto&& field) {
        field("address", self.address, unit::none, "of the first byte");
        field("bytes", self.bytes, unit::bytes, "size");
        field("stream", self.stream, unit::none, "number of the stream");
        field("whole_segment", self.whole_segment, unit::none, "one allocation of the backend");
    }

    friend bool operator==(snapshot_range const&, snapshot_range const&) = default;
};

/// All that a pool knows at one moment. Without events it is light: the events are what takes long to write.
/// snapshot_json.hpp and snapshot_pytorch.hpp write it to files, timeline_svg.hpp draws it.
struct memory_snapshot {
    std::string name{};            ///< of the pool
    std::string device{};          ///< of the backend
    std::uint64_t clock_ns = 0;    ///< the pool's monotonic clock at profile.time
    bool remaps = false;           ///< memory is mapped piece by piece where it is needed
    std::uint64_t events_lost = 0; ///< events before the first one here that the ring had to overwrite
    memory_profile profile{};
    std::vector<snapshot_range> ranges{};   ///< by address
    std::vector<tag_profile> tags{};        ///< those that were used, the largest first
    std::vector<call_site_profile> sites{}; ///< those that allocated, the largest first
    std::vector<allocation_event> events{}; ///< the last ones, oldest first

    /// Without the lists.
    static void fields(auto& self, auto&& field) {
        field("name", self.name, unit::none, "of the pool");
        field("device", self.device, unit::none, "of the backend");
        field("clock_ns", self.clock_ns, unit::none, "nanoseconds of the monotonic clock at the profile's time");
        field("remaps", self.remaps, unit::none, "memory is mapped piece by piece");
        field("events_lost", self.events_lost, unit::none, "events that were overwritten");
    }
};

} // namespace orfeas::inline v0::memory
