// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/cluster_slots.hpp>
#include <orfeas/cache/redis/redirection.hpp>
#include <orfeas/cache/redis/reply.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

namespace detail {

inline std::optional<std::uint16_t> number_below(reply_view value, std::int64_t bound) noexcept {
    auto const number = value.number();
    bool const fits = number && *number >= 0 && *number < bound;
    return fits ? std::optional{static_cast<std::uint16_t>(*number)} : std::nullopt;
}

/// A node of CLUSTER SLOTS: host, port, and what else a server may say. A host that the server does not know is null.
inline std::optional<node_address> read_node(reply_view node) {
    if (node.size() < 2) {
        return std::nullopt;
    }
    auto const port = number_below(node[1], 65'536);
    return port ? std::optional{node_address{std::string{node[0].text()}, *port}} : std::nullopt;
}

inline std::optional<slot_range> read_slot_range(reply_view value) {
    if (value.size() < 3) {
        return std::nullopt;
    }
    auto const first = number_below(value[0], cluster_slot_count);
    auto const last = number_below(value[1], cluster_slot_count);
    auto primary = read_node(value[2]);
    if (!first || !last || !primary) {
        return std::nullopt;
    }
    slot_range range{*first, *last, std::move(*primary), {}};
    for (std::size_t i = 3; i < value.size(); ++i) {
        if (auto replica = read_node(value[i])) {
            range.replicas.push_back(std::move(*replica));
        }
    }
    return range;
}

} // namespace detail

/// Reads the answer to CLUSTER SLOTS, which all servers from Redis 3 on and Valkey give alike. A host that the server does not
/// know is empty. Empty if the answer is not of that form; whether the ranges fit together, `cluster_slots` judges.
inline std::optional<std::vector<slot_range>> read_slot_ranges(reply_view answer) {
    if (answer.kind() != kind::array) {
        return std::nullopt;
    }
    std::vector<slot_range> ranges;
    ranges.reserve(answer.size());
    for (reply_view const each : answer) {
        auto range = detail::read_slot_range(each);
        if (!range) {
            return std::nullopt;
        }
        ranges.push_back(std::move(*range));
    }
    return ranges;
}

} // namespace orfeas::inline v0::cache::redis
