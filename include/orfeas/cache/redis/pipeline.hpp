// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/byte_buffer.hpp>
#include <orfeas/cache/redis/call.hpp>
#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/parser.hpp>
#include <orfeas/core/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// What a pipeline bears with.
struct pipeline_limits {
    reply_limits reply{};
    std::chrono::nanoseconds stall{std::chrono::seconds{1}}; ///< without a byte although replies are due
    std::chrono::nanoseconds idle{std::chrono::seconds{10}}; ///< without a byte before a ping is due
};

/// What came of received bytes.
struct received {
    std::optional<error> failure{}; ///< the stream is of no more use
    std::uint64_t succeeded = 0;    ///< calls that got their replies in time
    std::uint64_t pushes = 0;
};

/// The calls of one connection between the sending of a request and its last reply, without a socket and without a clock.
/// Replies come in the order of the requests; pushes come in between, and are told of in the order of the stream. A call
/// whose deadline passes is failed, and its replies are dropped when they come. For a new connection: `restart`.
/// Thread-compatible (distinct objects).
class pipeline {
  public:
    using call_pointer = std::shared_ptr<call>;

    explicit pipeline(pipeline_limits limits) : limits_{limits}, parser_{limits.reply} {}

    /// A new stream begins. There are no calls in flight.
    void restart(monotonic_time now) noexcept {
        parser_.reset();
        unread_.clear_to(kept_capacity);
        pushed_.clear();
        earliest_ = monotonic_time::max();
        progress_ = now;
    }

    /// A request goes out.
    void sent(call_pointer under_way, monotonic_time now) {
        if (in_flight_.empty()) {
            progress_ = now; // the server owes nothing before
        }
        earliest_ = std::min(earliest_, under_way->deadline());
        in_flight_.push_back(std::move(under_way));
    }

    /// Room for `bytes` bytes from the server.
    char* prepare(std::size_t bytes) { return unread_.prepare(bytes); }

    /// The server sent `bytes` bytes, which are in the room that was prepared. Settles calls, under `generation`, and calls
    /// `on_push(reply_view)`, both in the order of the stream.
    template<class OnPush>
    received commit(std::size_t bytes, monotonic_time now, std::uint64_t generation, OnPush&& on_push) {
        unread_.commit(bytes);
        progress_ = now;
        received done;
        std::string_view rest = unread_.view();
        while (!rest.empty() && !done.failure) {
            bool const is_due = !in_flight_.empty();
            auto const step = parser_.parse(rest, is_due ? in_flight_.front()->sink() : nullptr, &pushed_);
            rest.remove_prefix(step.consumed);
            if (step.state == parse_state::need_more) {
                break;
            }
            switch (step.state) {
            case parse_state::reply:
                if (!is_due) {
                    done.failure = error::protocol_violation;
                } else if (in_flight_.front()->take_reply()) {
                    done.succeeded += complete_first(generation) ? 1U : 0U;
                }
                break;
            case parse_state::push:
                ++done.pushes;
                on_push(pushed_.front());
                pushed_.clear();
                break;
            default:
                done.failure =
                    step.state == parse_state::too_large ? error::reply_too_large : error::protocol_violation;
            }
        }
        unread_.consume(unread_.size() - rest.size());
        return done;
    }

    /// Appends to `expired` the calls whose deadline has passed (`now` or before), for the caller to fail; they keep their
    /// place in the stream. O(calls in flight) when there may be any, else O(1).
    void expire(monotonic_time now, std::vector<call_pointer>& expired) {
        if (now < earliest_) {
            return;
        }
        earliest_ = monotonic_time::max();
        for (auto const& under_way : in_flight_) {
            if (under_way->is_settled()) {
                continue;
            }
            if (under_way->deadline() <= now) {
                expired.push_back(under_way);
            } else {
                earliest_ = std::min(earliest_, under_way->deadline());
            }
        }
    }

    /// Takes out all calls: the stream has ended.
    std::deque<call_pointer> take_all() noexcept {
        earliest_ = monotonic_time::max();
        return std::exchange(in_flight_, {});
    }

    /// Whether replies are due and nothing came for too long.
    bool is_stalled(monotonic_time now) const noexcept {
        return !in_flight_.empty() && now >= later(progress_, limits_.stall);
    }

    /// Whether nothing is in flight and nothing came for so long that a ping should find out whether the server lives.
    bool is_ping_due(monotonic_time now) const noexcept {
        return in_flight_.empty() && now >= later(progress_, limits_.idle);
    }

    /// When to look again for expired calls, a stall or a ping.
    monotonic_time next_deadline() const noexcept {
        return std::min(earliest_, later(progress_, in_flight_.empty() ? limits_.idle : limits_.stall));
    }

    std::size_t in_flight() const noexcept { return in_flight_.size(); }

  private:
    static constexpr std::size_t kept_capacity = 1 << 20;

    static monotonic_time later(monotonic_time from, std::chrono::nanoseconds wait) noexcept {
        return wait > monotonic_time::max() - from ? monotonic_time::max() : from + wait;
    }

    bool complete_first(std::uint64_t generation) {
        auto const first =
            std::move(in_flight_.front()); // before it is settled: its caller may send the next one at once
        in_flight_.pop_front();
        return first->succeed(generation);
    }

    pipeline_limits limits_;
    parser parser_;
    byte_buffer unread_;
    response pushed_;
    std::deque<call_pointer> in_flight_;
    monotonic_time earliest_ = monotonic_time::max(); // no call in flight is due before
    monotonic_time progress_{};
};

} // namespace orfeas::inline v0::cache::redis
