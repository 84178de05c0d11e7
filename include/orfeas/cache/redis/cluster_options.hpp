// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/cluster_call.hpp>
#include <orfeas/core/options.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::cache::redis {

/// How a client follows the topology of a cluster. Prefix ORFEAS_REDIS_CLUSTER_.
struct cluster_options {
    std::uint32_t redirects = 5;
    std::chrono::milliseconds first_wait{2};
    std::chrono::milliseconds most_wait{100};
    std::chrono::milliseconds attempt_deadline{200};
    std::chrono::milliseconds refresh_interval{30'000};
    std::chrono::milliseconds refresh_pause{50};
    std::chrono::milliseconds forget_after{60'000};
    bool read_from_replicas = false;

    static constexpr std::string_view environment_prefix = "ORFEAS_REDIS_CLUSTER_";
    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        constexpr in_range<milliseconds> wait{milliseconds{1}, std::chrono::hours{24}};
        field("redirects", self.redirects, in_range(0, 1'000), "that one command follows");
        field("first_wait", self.first_wait, wait, "before a command is tried again; doubles from there");
        field("most_wait", self.most_wait, wait, "between attempts of one command");
        field("attempt_deadline", self.attempt_deadline, wait,
              "for one node to answer; then the map is asked for anew and the command sent again");
        field("refresh_interval", self.refresh_interval, wait, "after which the map is asked for without cause");
        field("refresh_pause", self.refresh_pause, wait, "between two refreshes at least");
        field("forget_after", self.forget_after, wait, "of absence from the map, then a node's connection ends");
        field("read_from_replicas", self.read_from_replicas, any_value{},
              "whether reads go to replicas, which may answer with what is a little old");
    }

    /// The part of it that concerns one command.
    cluster_call_options call() const noexcept {
        cluster_call_options one;
        one.redirects = redirects;
        one.first_wait = first_wait;
        one.most_wait = most_wait;
        return one;
    }
};
static_assert(options<cluster_options>);

} // namespace orfeas::inline v0::cache::redis
