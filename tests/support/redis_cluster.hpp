// SPDX-License-Identifier: MIT
#pragma once

#include "support/redis_server.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas_test {

/// A real cluster on the loopback: three primaries (nodes 0 to 2) and a replica of each (nodes 3 to 5). Primary n serves the
/// n-th third of the slots. All nodes agree on that once the constructor has returned.
/// Throws std::runtime_error when it does not come about.
class redis_cluster {
  public:
    static constexpr std::size_t primaries = 3;
    static constexpr std::size_t size = 2 * primaries;

    /// A node that does not answer the others for `node_timeout_ms` is replaced by its replica.
    explicit redis_cluster(unsigned node_timeout_ms = 1000);

    redis_server& operator[](std::size_t node) { return *nodes_[node]; }
    redis_server const& operator[](std::size_t node) const { return *nodes_[node]; }

    /// "127.0.0.1:PORT", as clients name a node.
    std::string name(std::size_t node) const { return "127.0.0.1:" + std::to_string(nodes_[node]->port()); }

    /// The primary that serves a slot in the beginning.
    static std::size_t first_owner(std::uint16_t slot) noexcept;

    /// Begins to move a slot: both nodes know, and serve the keys that they have.
    void begin_migration(std::uint16_t slot, std::size_t from, std::size_t to) const;

    /// Moves a key of such a slot.
    void move_key(std::string const& key, std::size_t from, std::size_t to) const;

    /// Moves all keys of such a slot.
    void move_keys(std::uint16_t slot, std::size_t from, std::size_t to) const;

    /// Gives the slot, of which `from` has no more keys, to `to`.
    void end_migration(std::uint16_t slot, std::size_t from, std::size_t to) const;

    /// All of it.
    void migrate(std::uint16_t slot, std::size_t from, std::size_t to) const;

    /// Waits until `node` takes itself for a primary that may serve.
    void wait_until_promoted(std::size_t node) const;

  private:
    bool agrees(std::size_t node) const;

    std::vector<std::unique_ptr<redis_server>> nodes_;
    std::vector<std::string> ids_;
};

} // namespace orfeas_test
