// SPDX-License-Identifier: MIT
#pragma once

#include "load_trace.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

namespace scale_tool {

/// What a stretch of time showed.
struct stretch {
    double busy_s = 0;                ///< of all replicas
    double serving_s = 0;             ///< in which replicas could serve
    double replica_s = 0;             ///< in which they were there, starting or serving
    std::size_t came = 0;             ///< requests
    std::size_t queue = 0;            ///< of them and of those before, how many wait at its end
    std::vector<float> latencies_s{}; ///< of the requests that were taken up
};

/// Replicas that take a time to start, serve one request each, and share one queue, first come first served. One that is taken
/// away finishes what it is at.
class replica_model {
  public:
    replica_model(std::span<request const> requests, double start_s, std::uint32_t replicas)
        : requests_{requests}, start_s_{start_s}, replicas_(replicas, replica{-start_s, 0}) {}

    std::uint32_t replicas() const { return static_cast<std::uint32_t>(replicas_.size()); }
    std::uint32_t ready() const {
        return static_cast<std::uint32_t>(std::count_if(replicas_.begin(), replicas_.end(),
                                                        [&](replica const& each) { return ready_at(each) <= now_; }));
    }

    /// Asks for so many from now on: those that start are given up first, then those that are free soonest.
    void scale_to(std::uint32_t wanted) {
        auto const is_kept_longer = [&](replica const& a, replica const& b) {
            bool const a_serves = ready_at(a) <= now_;
            bool const b_serves = ready_at(b) <= now_;
            return a_serves != b_serves ? a_serves : a_serves ? a.free_at > b.free_at : a.asked_at < b.asked_at;
        };
        if (wanted < replicas_.size()) {
            std::sort(replicas_.begin(), replicas_.end(), is_kept_longer);
        }
        for (std::size_t i = wanted; i < replicas_.size(); ++i) {
            leaving_s_ += std::max(0.0, replicas_[i].free_at - now_); // until its request is done
        }
        replicas_.resize(wanted, replica{now_, 0});
    }

    /// Goes on until that time.
    stretch run(double until) {
        stretch made;
        made.replica_s = static_cast<double>(replicas_.size()) * (until - now_) + std::exchange(leaving_s_, 0);
        for (auto const& each : replicas_) {
            made.busy_s += std::clamp(each.free_at, now_, until) - now_;
            made.serving_s += until - std::clamp(ready_at(each), now_, until);
        }
        std::size_t const came_before = came_;
        while (came_ < requests_.size() && requests_[came_].time < until) {
            ++came_;
        }
        while (next_ < came_ && serve_next(made, until)) {}
        made.came = came_ - came_before;
        made.queue = came_ - next_;
        now_ = until;
        return made;
    }

  private:
    struct replica {
        double asked_at;
        double free_at;
    };

    double ready_at(replica const& of) const { return of.asked_at + start_s_; }

    /// Gives the oldest request to the replica that is free first; false when none is before `until`.
    bool serve_next(stretch& into, double until) {
        replica* first = nullptr;
        double at = std::numeric_limits<double>::infinity();
        for (auto& each : replicas_) {
            double const free = std::max(each.free_at, ready_at(each));
            if (free < at) {
                at = free;
                first = &each;
            }
        }
        auto const& next = requests_[next_];
        double const begin = std::max({at, next.time, now_});
        if (first == nullptr || begin >= until) {
            return false;
        }
        first->free_at = begin + next.service_s;
        into.busy_s += std::min(first->free_at, until) - begin;
        into.latencies_s.push_back(static_cast<float>(first->free_at - next.time));
        ++next_;
        return true;
    }

    std::span<request const> requests_;
    double start_s_;
    std::vector<replica> replicas_;
    double now_ = 0;
    double leaving_s_ = 0;
    std::size_t came_ = 0;
    std::size_t next_ = 0;
};

} // namespace scale_tool
