// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace orfeas::inline v0::http {

/// What waits to be sent to one WebSocket peer: at most one message on its way, then a bounded queue of messages that
/// must arrive in order, then one "latest" message, which a newer one replaces. So a slow peer skips intermediate states
/// instead of filling memory; what it has skipped is counted.
/// Sans-I/O. Thread-compatible (distinct objects).
class websocket_outbox {
  public:
    using payload = std::shared_ptr<std::string const>;

    explicit websocket_outbox(std::size_t queue_limit) noexcept : queue_limit_{queue_limit} {}

    /// Queues a message that must not be skipped; false when the queue is full, and then it is not taken.
    bool push(payload message) {
        if (queue_.size() >= queue_limit_) {
            return false;
        }
        queue_.push_back(std::move(message));
        return true;
    }

    /// Puts `message` in the place of a latest one that has not been sent; says whether there was one.
    bool replace_latest(payload message) noexcept {
        bool const skips = latest_ != nullptr;
        latest_ = std::move(message);
        skipped_ += skips ? 1 : 0;
        return skips;
    }

    /// The next message to write, which is then on its way; null when one is on its way or there is none.
    payload take(monotonic_time now) {
        if (sending_since_) {
            return nullptr;
        }
        payload next;
        if (!queue_.empty()) {
            next = std::move(queue_.front());
            queue_.pop_front();
        } else {
            next = std::exchange(latest_, nullptr);
        }
        if (next) {
            sending_since_ = now;
        }
        return next;
    }

    /// The message on its way has been written.
    void sent() noexcept { sending_since_.reset(); }

    /// Whether the message on its way has been so for longer than `limit`: the peer does not read.
    bool is_stalled(monotonic_time now, std::chrono::nanoseconds limit) const noexcept {
        return sending_since_ && now - *sending_since_ > limit;
    }

    bool is_sending() const noexcept { return sending_since_.has_value(); }
    bool is_empty() const noexcept { return queue_.empty() && !latest_; }

    /// Latest messages that were replaced before they could be sent.
    std::uint64_t skipped() const noexcept { return skipped_; }

  private:
    std::size_t queue_limit_;
    std::deque<payload> queue_;
    payload latest_;
    std::optional<monotonic_time> sending_since_;
    std::uint64_t skipped_ = 0;
};

} // namespace orfeas::inline v0::http
