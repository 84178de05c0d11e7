// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/event_ring.hpp>

#include <cstdint>
#include <exception>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// What a pool's spaces did to their memory since the pool wrote it down last. Used by growth alone.
class mapping_log {
  public:
    explicit mapping_log(bool wanted) noexcept : wanted_{wanted} {}

    void add(event_kind kind, std::uint64_t address, std::uint64_t bytes, std::uint64_t related = 0) noexcept {
        if (!wanted_) {
            return;
        }
        try {
            events_.push_back({.address = address, .bytes = bytes, .related = related, .kind = kind});
        } catch (std::exception const&) { // a picture of the past is worth no failure
        }
    }

    /// Calls use(event) for all events, whose time is not set, and forgets them.
    template<class Use>
    void drain(Use use) {
        for (auto const& each : events_) {
            use(each);
        }
        events_.clear();
    }

  private:
    bool wanted_;
    std::vector<allocation_event> events_;
};

} // namespace orfeas::inline v0::memory::detail
