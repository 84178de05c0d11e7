// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/basic_waitable_timer.hpp>

#include <memory>
#include <utility>

namespace orfeas::inline v0::net {

/// One movable deadline for an object that waits for a peer. Moving the deadline later is a plain store: the timer is
/// touched only when the deadline moves before the moment for which the timer is set, and when that moment comes. So a
/// busy connection pays for deadlines once in a while and not once per operation.
///
/// When the deadline passes, `owner->deadline_passed()` runs once; the owner closes or cancels what it waits for.
/// Executor-bound: call only from `Executor`, which runs one handler at a time (a strand).
template<class Executor>
class basic_watchdog {
  public:
    explicit basic_watchdog(Executor const& executor) : timer_{executor} {}

    /// Sets or moves the deadline. `owner` is kept alive while the timer is set; it owns this watchdog.
    template<class Owner>
    void expires_at(monotonic_time deadline, std::shared_ptr<Owner> owner) {
        deadline_ = deadline;
        if (deadline < armed_) {
            arm(std::move(owner));
        }
    }

    /// Forgets the deadline; the timer is left to run out, which costs nothing now.
    void clear() noexcept { deadline_ = never; }

    /// Forgets the deadline and lets go of the owner.
    void cancel() {
        clear();
        armed_ = never; // else a deadline after that of the timer would wait for it in vain
        timer_.cancel();
    }

  private:
    static constexpr monotonic_time never = monotonic_time::max();

    template<class Owner>
    void arm(std::shared_ptr<Owner> owner) {
        armed_ = deadline_;
        timer_.expires_at(armed_);
        timer_.async_wait([this, owner = std::move(owner)](boost::system::error_code stopped) mutable {
            if (!stopped) {
                timer_fired(std::move(owner));
            }
        });
    }

    template<class Owner>
    void timer_fired(std::shared_ptr<Owner> owner) {
        armed_ = never;
        if (deadline_ == never) {
            return;
        }
        if (deadline_ > std::chrono::steady_clock::now()) {
            arm(std::move(owner));
            return;
        }
        deadline_ = never;
        owner->deadline_passed();
    }

    boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                      Executor>
        timer_;
    monotonic_time deadline_ = never; // what is promised
    monotonic_time armed_ = never;    // what the timer is set for: never later than the deadline, unless there is none
};

} // namespace orfeas::inline v0::net
