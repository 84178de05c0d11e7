// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/unique_function.hpp>
#include <orfeas/memory/event_ring.hpp>

#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// What a pool's spaces did to their memory and the pool has not written down yet. Used by growth alone; `write_down` also
/// needs the pool's mutex, and is called before memory is handed out that the log tells of.
class mapping_log {
  public:
    using writer = unique_function<void(allocation_event const&)>;

    /// Events, whose times are not set, go to `write`; without one nothing is kept.
    explicit mapping_log(writer write) noexcept : write_{std::move(write)} {}

    void add(event_kind kind, std::uint64_t address, std::uint64_t bytes, std::uint64_t related = 0) noexcept {
        if (write_ == nullptr) {
            return;
        }
        try {
            events_.push_back({.address = address, .bytes = bytes, .related = related, .kind = kind});
        } catch (std::exception const&) { // a picture of the past is worth no failure
        }
    }

    void write_down() noexcept {
        for (auto const& each : events_) {
            write_(each);
        }
        events_.clear();
    }

  private:
    writer write_;
    std::vector<allocation_event> events_;
};

} // namespace orfeas::inline v0::memory::detail
