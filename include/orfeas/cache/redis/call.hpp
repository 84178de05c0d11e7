// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/reply.hpp>
#include <orfeas/core/clock.hpp>

#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace orfeas::inline v0::cache::redis {

/// What became of a request: a reply to each of its commands, or the reason why there are none. A reply that is an error
/// of the server is a reply.
struct result {
    boost::system::error_code error{};
    response replies{};
    std::uint64_t generation = 0; ///< of the connection that the replies came over; see `basic_connection::generation`

    explicit operator bool() const noexcept { return !error.failed(); }
};

/// A request on its way, seen from the connection: how many replies it is due, until when, and whom to tell. It is settled
/// once, by whoever comes first: its replies, its deadline, the end of the connection or the caller's cancellation. What
/// comes afterwards is read and dropped.
/// Thread-safe: `settle` and `is_settled`; all else is the connection's.
class call {
  public:
    /// `commands` is more than 0; `bytes` is the length of the request; the replies are gathered in `reused`.
    call(std::size_t commands, std::size_t bytes, monotonic_time deadline, response reused)
        : missing_{commands}, bytes_{bytes}, deadline_{deadline}, replies_{std::move(reused)} {
        replies_.clear();
    }
    call(call const&) = delete;
    call& operator=(call const&) = delete;
    virtual ~call() = default;

    bool is_settled() const noexcept { return settled_.load(std::memory_order_acquire); }

    /// Fails the call; false when it is settled already.
    bool fail(boost::system::error_code why) {
        if (settled_.exchange(true, std::memory_order_acq_rel)) {
            return false;
        }
        deliver({why, {}, 0}, false);
        return true;
    }

    std::size_t bytes() const noexcept { return bytes_; }
    monotonic_time deadline() const noexcept { return deadline_; }

    /// Where the next reply goes; null when nobody wants it any more.
    response* sink() noexcept { return is_settled() ? nullptr : &replies_; }

    /// Notes that a reply is complete; true when it was the last one.
    bool take_reply() noexcept { return --missing_ == 0; }

    /// Hands over the replies, in the order of the stream; false when the call is settled already.
    bool succeed(std::uint64_t generation) {
        if (settled_.exchange(true, std::memory_order_acq_rel)) {
            return false;
        }
        deliver({{}, std::move(replies_), generation}, true);
        return true;
    }

  private:
    /// Tells the caller; called once. `in_order`: the call comes from the connection's strand, between what the stream
    /// held before and after the replies.
    virtual void deliver(result&& done, bool in_order) = 0;

    std::atomic<bool> settled_{false};
    std::size_t missing_;
    std::size_t bytes_;
    monotonic_time deadline_;
    response replies_;
};

} // namespace orfeas::inline v0::cache::redis
