// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/byte_buffer.hpp>
#include <orfeas/cache/redis/call.hpp>
#include <orfeas/core/clock.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// Requests that wait to be sent, gathered so that one write takes them all. A call that was settled while it waited (its
/// deadline passed, its caller left) is never sent.
/// Thread-compatible (distinct objects).
class outbox {
  public:
    using call_pointer = std::shared_ptr<call>;

    void append(std::string_view bytes, call_pointer waiting) {
        earliest_ = std::min(earliest_, waiting->deadline());
        bytes_.append(bytes);
        calls_.push_back(std::move(waiting));
    }

    /// Moves the bytes of what is still wanted to the end of `to` and passes each of these calls to `each`, in order.
    template<class Each>
    void drain(byte_buffer& to, Each&& each) {
        bool const is_whole = to.empty() && !has_settled();
        std::size_t at = 0;
        for (auto& waiting : calls_) {
            auto const length = waiting->bytes();
            if (is_whole) { // what is settled from here on is sent, and its replies dropped
                each(std::move(waiting));
            } else if (!waiting->is_settled()) {
                to.append(bytes_.view().substr(at, length));
                each(std::move(waiting));
            }
            at += length;
        }
        if (is_whole) {
            to.swap(bytes_);
        }
        clear();
    }

    /// Takes out the calls whose deadline has passed (`now` or before), and all that were settled, with their bytes. The
    /// former are appended to `expired`, for the caller to fail. O(calls) when there is any.
    void expire(monotonic_time now, std::vector<call_pointer>& expired) {
        if (now < earliest_) {
            return;
        }
        byte_buffer kept_bytes;
        std::vector<call_pointer> kept;
        std::size_t at = 0;
        earliest_ = monotonic_time::max();
        for (auto& waiting : calls_) {
            auto const length = waiting->bytes();
            if (waiting->deadline() <= now) {
                expired.push_back(std::move(waiting));
            } else if (!waiting->is_settled()) {
                earliest_ = std::min(earliest_, waiting->deadline());
                kept_bytes.append(bytes_.view().substr(at, length));
                kept.push_back(std::move(waiting));
            }
            at += length;
        }
        bytes_ = std::move(kept_bytes);
        calls_ = std::move(kept);
    }

    /// Takes out everything.
    std::vector<call_pointer> take_all() {
        auto all = std::exchange(calls_, {});
        clear();
        return all;
    }

    /// No call is due before this.
    monotonic_time earliest_deadline() const noexcept { return earliest_; }

    std::size_t bytes() const noexcept { return bytes_.size(); }
    bool empty() const noexcept { return calls_.empty(); }

  private:
    static constexpr std::size_t kept_capacity = 1 << 20;

    bool has_settled() const noexcept {
        for (auto const& waiting : calls_) {
            if (waiting->is_settled()) {
                return true;
            }
        }
        return false;
    }

    void clear() noexcept {
        calls_.clear();
        bytes_.clear_to(kept_capacity);
        earliest_ = monotonic_time::max();
    }

    byte_buffer bytes_;
    std::vector<call_pointer> calls_;
    monotonic_time earliest_ = monotonic_time::max();
};

} // namespace orfeas::inline v0::cache::redis
