// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace orfeas::inline v0::cache::detail {

/// Which server keeps watch over an entry of the local tier, and since when.
struct origin {
    static constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max(); ///< it needs no watch
    static constexpr std::uint32_t unknown =
        std::numeric_limits<std::uint32_t>::max() - 1; ///< it has none: out of date

    std::uint32_t node = nobody;
    std::uint32_t epoch = 0;

    friend bool operator==(origin const&, origin const&) = default;
};

/// The epochs of the servers. One ends whenever a server may have forgotten what it watches for us: a connection was made,
/// lost, or the server dropped everything. Entries of an epoch that has ended are out of date, all at once and without
/// being touched. Nodes share a counter with those 4,096 further on, which ends an epoch too often and never too late.
/// Thread-safe.
class node_epochs {
  public:
    origin now(std::uint32_t node) const noexcept { return {node, at(node).load(std::memory_order_acquire)}; }

    bool is_current(origin from) const noexcept {
        if (from.node >= origin::unknown) {
            return from.node == origin::nobody;
        }
        return at(from.node).load(std::memory_order_acquire) == from.epoch;
    }

    void end(std::uint32_t node) noexcept {
        epochs_[node % epochs_.size()].fetch_add(1, std::memory_order_acq_rel);
        ended_.fetch_add(1, std::memory_order_relaxed);
    }

    /// How many epochs have ended, of all nodes.
    std::uint64_t ended() const noexcept { return ended_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint32_t> const& at(std::uint32_t node) const noexcept { return epochs_[node % epochs_.size()]; }

    std::array<std::atomic<std::uint32_t>, 4096> epochs_{};
    std::atomic<std::uint64_t> ended_{0};
};

} // namespace orfeas::inline v0::cache::detail
