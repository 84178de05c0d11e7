// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/backoff.hpp>
#include <orfeas/cache/redis/redirection.hpp>
#include <orfeas/core/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::cache::redis {

/// What to do next with a command for a cluster.
enum class cluster_action : std::uint8_t {
    deliver,            ///< the reply is the command's answer, be it an error; or the failure is
    send,               ///< send the command
    send_asking,        ///< send ASKING and the command behind it, in one piece
    too_many_redirects, ///< give up: the nodes send the command in circles
    out_of_time,        ///< give up: the deadline is over, or would be before the next attempt
};

/// A decision about one command. With `refresh`, the slot map is asked for anew: one refresh serves all calls that want
/// it, and this call does not wait for its end longer than `wait`.
struct cluster_decision {
    cluster_action action = cluster_action::deliver;
    std::optional<node_address> to{};     ///< where to send; empty: whom the map names for the slot
    std::chrono::nanoseconds wait{0};     ///< before sending
    bool primary_only = false;            ///< do not send to a replica again
    bool refresh = false;                 ///< the map is out of date
    std::optional<redirection> learned{}; ///< a slot's new owner, to be noted in the map before sending
};

/// How far a command for a cluster is followed.
struct cluster_call_options {
    std::uint32_t redirects = 5;                    ///< MOVED and ASK answers that one command follows
    std::chrono::nanoseconds first_wait{2'000'000}; ///< before trying again; doubles, with jitter
    std::chrono::nanoseconds most_wait{100'000'000};
};

/// What happened to a command whose connection failed.
enum class command_fate : std::uint8_t {
    not_sent,  ///< the node has not seen it
    uncertain, ///< the node may have executed it
};

/// Follows one command through a cluster: it decides after each reply or failure what comes next. MOVED goes to the new
/// owner and has the map refreshed; ASK goes there once and leaves the map alone (both at once, from the third on after a
/// wait); TRYAGAIN, CLUSTERDOWN and LOADING wait; READONLY waits for the map of after a failover; MASTERDOWN turns from
/// the replica to the primary. Waits double and are jittered; none begins that would end after the deadline.
/// No sockets, no clock: time is passed in. Thread-compatible (distinct objects).
class cluster_call {
  public:
    /// Gives up at `deadline`. Equal seeds give equal jitter. `repeatable`: executing the command twice does no harm, as
    /// with GET, SET, DEL; others are delivered as failed when nobody knows whether they were executed.
    cluster_call(cluster_call_options options, monotonic_time deadline, std::uint64_t seed,
                 bool repeatable = true) noexcept
        : options_{options},
          deadline_{deadline},
          backoff_{std::min(options.first_wait, options.most_wait), options.most_wait, seed},
          repeatable_{repeatable} {}

    /// After an error that `answered_by` sent. `error` has no leading '-'.
    cluster_decision on_error(std::string_view error, node_address const& answered_by, monotonic_time now) {
        if (now >= deadline_) {
            return refusal_of(error) == refusal::none ? cluster_decision{} : give_up(cluster_action::out_of_time);
        }
        switch (refusal_of(error)) {
        case refusal::moved:
        case refusal::ask:
            return redirect(error, answered_by, now);
        case refusal::try_again:
            return try_again(now, false);
        case refusal::loading:
        case refusal::master_down:
            primary_only_ = true;
            return try_again(now, refusal_of(error) == refusal::loading);
        case refusal::cluster_down:
        case refusal::read_only:
            return try_again(now, true);
        case refusal::none:
            break;
        }
        return {};
    }

    /// After the connection to a node failed. A node that is gone may have been replaced: the map is refreshed.
    cluster_decision on_failure(command_fate fate, monotonic_time now) {
        if (fate == command_fate::uncertain && !repeatable_) {
            cluster_decision failed;
            failed.refresh = true;
            return failed;
        }
        return try_again(now, true);
    }

    /// When the map names nobody for the slot.
    cluster_decision on_unmapped(monotonic_time now) { return try_again(now, true); }

    std::uint32_t redirects() const noexcept { return redirects_; } ///< followed so far
    std::uint32_t waits() const noexcept { return waits_; }         ///< begun so far

  private:
    static cluster_decision give_up(cluster_action why) {
        cluster_decision decision;
        decision.action = why;
        decision.refresh = true; // whoever comes next should not run into the same
        return decision;
    }

    cluster_decision redirect(std::string_view error, node_address const& answered_by, monotonic_time now) {
        bool const moved = refusal_of(error) == refusal::moved;
        if (redirects_ == options_.redirects) {
            return give_up(cluster_action::too_many_redirects);
        }
        ++redirects_;
        auto target = parse_redirection(error, answered_by.host);
        if (!target) { // a server that does not know where: the map will
            return try_again(now, true);
        }
        cluster_decision decision;
        if (redirects_ > 2) { // nodes that disagree need a moment to hear of each other
            decision.wait = next_wait();
            if (deadline_ - now <= decision.wait) {
                return give_up(cluster_action::out_of_time);
            }
        }
        decision.action = moved ? cluster_action::send : cluster_action::send_asking;
        decision.to = target->to;
        decision.primary_only = primary_only_;
        decision.refresh = moved;
        if (moved) {
            decision.learned = std::move(target);
        }
        return decision;
    }

    /// From the beginning, after a wait: whom the map names then.
    cluster_decision try_again(monotonic_time now, bool refresh) {
        auto const wait = next_wait();
        if (deadline_ - now <= wait) {
            return give_up(cluster_action::out_of_time);
        }
        cluster_decision decision;
        decision.action = cluster_action::send;
        decision.wait = wait;
        decision.primary_only = primary_only_;
        decision.refresh = refresh;
        return decision;
    }

    std::chrono::nanoseconds next_wait() noexcept {
        ++waits_;
        return backoff_.next();
    }

    cluster_call_options options_;
    monotonic_time deadline_;
    backoff backoff_;
    bool repeatable_;
    bool primary_only_ = false;
    std::uint32_t redirects_ = 0;
    std::uint32_t waits_ = 0;
};

} // namespace orfeas::inline v0::cache::redis
