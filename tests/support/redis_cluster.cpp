// SPDX-License-Identifier: MIT
#include "support/redis_cluster.hpp"

#include <orfeas/cache/redis/cluster_slots.hpp>
#include <orfeas/cache/redis/parser.hpp>
#include <orfeas/cache/redis/slot_ranges.hpp>

#include <poll.h>

#include <chrono>
#include <optional>
#include <stdexcept>

namespace orfeas_test {

namespace {

namespace redis = orfeas::cache::redis;
using words = std::vector<std::string>;

redis::response ask(redis_server const& node, words const& command) {
    auto const raw = node.command(command);
    redis::response replies;
    redis::parser{}.parse(raw, &replies, nullptr);
    return replies;
}

/// Of what must succeed.
redis::response demand(redis_server const& node, words const& command) {
    auto got = ask(node, command);
    if (got.front().is_error()) {
        throw std::runtime_error{command[0] + " " + command[1] + ": " + std::string{got.front().text()}};
    }
    return got;
}

template<class Predicate>
void wait_until(std::string const& what, Predicate holds) {
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!holds()) {
        if (std::chrono::steady_clock::now() > limit) {
            throw std::runtime_error{"the cluster does not come to this: " + what};
        }
        ::poll(nullptr, 0, 10);
    }
}

std::uint16_t first_slot(std::size_t primary) {
    return static_cast<std::uint16_t>(redis::cluster_slot_count * primary / redis_cluster::primaries);
}

bool says(redis_server const& node, words const& command, std::string_view part) {
    return ask(node, command).front().text().find(part) != std::string_view::npos;
}

std::string epoch_of(redis_server const& node) {
    auto const answer = ask(node, {"CLUSTER", "INFO"});
    auto const rest = answer.front().text().substr(answer.front().text().find("cluster_current_epoch:"));
    return std::string{rest.substr(0, rest.find('\r'))};
}

/// Where a node says that a slot is served; 0 for nowhere.
std::uint16_t port_of_slot(redis_server const& node, std::uint16_t slot) {
    auto const answer = ask(node, {"CLUSTER", "SLOTS"});
    auto const ranges = redis::read_slot_ranges(answer.front());
    auto const map = ranges ? redis::cluster_slots::from(*ranges, "127.0.0.1") : std::nullopt;
    auto const* const shard = map ? map->shard_of(slot) : nullptr;
    return shard != nullptr ? map->node(shard->primary).port : std::uint16_t{0};
}

} // namespace

redis_cluster::redis_cluster(unsigned node_timeout_ms) {
    for (std::size_t i = 0; i < size; ++i) {
        nodes_.push_back(std::make_unique<redis_server>(words{
            "--cluster-enabled", "yes", "--cluster-node-timeout", std::to_string(node_timeout_ms),
            "--cluster-announce-ip", "127.0.0.1", "--cluster-replica-validity-factor", "0",
            "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"})); // else replicas show only later
        ids_.emplace_back(demand(*nodes_[i], {"CLUSTER", "MYID"}).front().text());
        demand(*nodes_[i], {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
    }
    for (std::size_t i = 0; i < primaries; ++i) {
        demand(*nodes_[i],
               {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first_slot(i)), std::to_string(first_slot(i + 1) - 1)});
    }
    for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = i + 1; j < size; ++j) {
            demand(*nodes_[i], {"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes_[j]->port())});
        }
    }
    for (std::size_t i = primaries; i < size; ++i) {
        auto const& primary = ids_[i - primaries];
        wait_until("nodes know each other",
                   [&] { return !ask(*nodes_[i], {"CLUSTER", "REPLICATE", primary}).front().is_error(); });
    }
    for (std::size_t i = 0; i < size; ++i) {
        wait_until("all agree", [&] { return agrees(i); });
    }
}

bool redis_cluster::agrees(std::size_t node) const {
    auto const& asked = *nodes_[node];
    if (!says(asked, {"CLUSTER", "INFO"}, "cluster_state:ok") ||
        (node >= primaries && !says(asked, {"INFO", "replication"}, "master_link_status:up"))) {
        return false;
    }
    auto const answer = ask(asked, {"CLUSTER", "SLOTS"});
    auto const ranges = redis::read_slot_ranges(answer.front());
    if (!ranges || ranges->size() != primaries) {
        return false;
    }
    for (auto const& range : *ranges) {
        auto const owner = first_owner(range.first);
        redis::node_address const replica{"127.0.0.1", nodes_[owner + primaries]->port()};
        if (range.primary.port != nodes_[owner]->port() || range.replicas != std::vector{replica}) {
            return false;
        }
    }
    return true;
}

std::size_t redis_cluster::first_owner(std::uint16_t slot) noexcept {
    std::size_t owner = 0;
    while (slot >= first_slot(owner + 1)) {
        ++owner;
    }
    return owner;
}

void redis_cluster::begin_migration(std::uint16_t slot, std::size_t from, std::size_t to) const {
    demand(*nodes_[to], {"CLUSTER", "SETSLOT", std::to_string(slot), "IMPORTING", ids_[from]});
    demand(*nodes_[from], {"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", ids_[to]});
}

void redis_cluster::move_key(std::string const& key, std::size_t from, std::size_t to) const {
    demand(*nodes_[from], {"MIGRATE", "127.0.0.1", std::to_string(nodes_[to]->port()), key, "0", "10000"});
}

void redis_cluster::move_keys(std::uint16_t slot, std::size_t from, std::size_t to) const {
    for (;;) {
        auto const keys = demand(*nodes_[from], {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "10"});
        if (keys.front().size() == 0) {
            return;
        }
        words command{"MIGRATE", "127.0.0.1", std::to_string(nodes_[to]->port()), "", "0", "10000", "KEYS"};
        for (auto const key : keys.front()) {
            command.emplace_back(key.text());
        }
        demand(*nodes_[from], command);
    }
}

void redis_cluster::end_migration(std::uint16_t slot, std::size_t from, std::size_t to) const {
    for (std::size_t const node : {to, from, primaries - to - from}) {
        demand(*nodes_[node], {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", ids_[to]});
    }
    // Two nodes that take slots before they have heard of each other could claim them in the same epoch, and lose some.
    wait_until("all know the slot's new owner", [&] {
        auto const epoch = epoch_of(*nodes_[to]);
        for (std::size_t node = 0; node < primaries; ++node) {
            if (epoch_of(*nodes_[node]) != epoch || port_of_slot(*nodes_[node], slot) != nodes_[to]->port()) {
                return false;
            }
        }
        return true;
    });
}

void redis_cluster::migrate(std::uint16_t slot, std::size_t from, std::size_t to) const {
    begin_migration(slot, from, to);
    move_keys(slot, from, to);
    end_migration(slot, from, to);
}

void redis_cluster::wait_until_promoted(std::size_t node) const {
    wait_until("a replica is promoted", [&] {
        return says(*nodes_[node], {"INFO", "replication"}, "role:master") &&
               says(*nodes_[node], {"CLUSTER", "INFO"}, "cluster_state:ok");
    });
}

} // namespace orfeas_test
