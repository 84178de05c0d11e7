// SPDX-License-Identifier: MIT
#pragma once

#include "service/batcher.hpp"

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/unique_function.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace studio {

/// Threads for the work that would block the server's: they take the jobs that wait in batches. A bound holds on how many
/// jobs wait or are with a thread.
/// Thread-safe.
template<std::move_constructible Job>
class batch_queue {
  public:
    /// Does a batch; called by several threads at once. A job that it leaves undone is dropped.
    using work = orfeas::unique_function<void(std::span<Job>)>;

    /// The largest batch at present; where it throws, a batch of one.
    using advice = orfeas::unique_function<batch_limits()>;

    /// `delay` is the batcher's.
    batch_queue(std::uint32_t workers, std::uint32_t capacity, std::chrono::nanoseconds delay, advice most, work run)
        : capacity_{capacity}, most_{std::move(most)}, run_{std::move(run)}, batcher_{workers, delay} {
        threads_.reserve(workers);
        try {
            for (std::uint32_t i = 0; i < workers; ++i) {
                std::vector<Job> batch;
                batch.reserve((std::size_t{capacity} + workers - 1) / workers); // a worker's share of all that may wait
                threads_.emplace_back([this, batch = std::move(batch)]() mutable { serve(std::move(batch)); });
            }
        } catch (...) { // the system has no thread or no memory left
            join();
            throw;
        }
    }

    batch_queue(batch_queue const&) = delete;
    batch_queue& operator=(batch_queue const&) = delete;
    ~batch_queue() { join(); }

    /// Adds a job of that weight, which is moved from only if there is room for it. Throws std::bad_alloc; nothing is added
    /// then.
    bool try_add(Job& job, std::uint64_t weight = 0) {
        {
            std::scoped_lock const lock{mutex_};
            if (ending_ || batcher_.waiting() + batcher_.in_flight() >= capacity_) {
                ++rejected_;
                return false;
            }
            batcher_.arrive(clock_.now(), weight);
            try {
                jobs_.push_back(std::move(job));
            } catch (...) {
                batcher_.withdraw();
                throw;
            }
        }
        something_happened_.notify_one();
        return true;
    }

    /// Does what was added, then ends the threads. Nothing is added from now on.
    void join() {
        {
            std::scoped_lock const lock{mutex_};
            ending_ = true;
        }
        something_happened_.notify_all();
        for (auto& each : threads_) {
            if (each.joinable()) {
                each.join();
            }
        }
    }

    void measure(orfeas::measurement_sink sink) const {
        using orfeas::measurement_kind, orfeas::unit;
        std::unique_lock lock{mutex_};
        auto const depth = static_cast<double>(batcher_.waiting() + batcher_.in_flight());
        auto const rejected = static_cast<double>(rejected_);
        lock.unlock();
        sink({"queue_depth", measurement_kind::gauge, unit::none, depth, {}, "requests that wait or are worked on"});
        sink({"queue_capacity",
              measurement_kind::gauge,
              unit::none,
              static_cast<double>(capacity_),
              {},
              "requests that may wait or be worked on"});
        sink({"queue_rejected_total",
              measurement_kind::counter,
              unit::none,
              rejected,
              {},
              "requests that found no place"});
    }

  private:
    /// `batch` has room for the worker's share: what it takes needs no memory.
    void serve(std::vector<Job> batch) {
        std::unique_lock lock{mutex_};
        while (wait_for(batch, lock)) {
            lock.unlock();
            auto const taken = static_cast<std::uint32_t>(batch.size());
            try {
                run_(batch);
            } catch (...) { // no memory for the batch's own needs: its jobs are dropped, the thread goes on
            }
            batch.clear();
            lock.lock();
            batcher_.finish(taken);
            if (batcher_.waiting() > 0) {
                something_happened_.notify_all(); // who waits for company may be alone now
            }
        }
    }

    /// Fills the batch; false when all is done and the queue ends.
    bool wait_for(std::vector<Job>& batch, std::unique_lock<std::mutex>& lock) {
        for (;;) {
            if (batcher_.waiting() > 0) {
                lock.unlock(); // what is asked may look at pools
                auto most = advised();
                most.requests = static_cast<std::uint32_t>(std::min<std::size_t>(most.requests, batch.capacity()));
                lock.lock();
                auto const decided = batcher_.next(clock_.now(), most);
                if (decided.take > 0) {
                    take(decided.take, batch);
                    return true;
                }
                if (decided.until) {
                    something_happened_.wait_until(lock, *decided.until);
                    continue;
                }
            }
            if (ending_ && batcher_.waiting() == 0) {
                return false;
            }
            if (batcher_.waiting() == 0) {
                something_happened_.wait(lock);
            }
        }
    }

    batch_limits advised() const noexcept {
        try {
            return most_();
        } catch (...) { // the least is always right
            return {};
        }
    }

    void take(std::uint32_t count, std::vector<Job>& batch) {
        for (std::uint32_t i = 0; i < count; ++i) {
            batch.push_back(std::move(jobs_.front()));
            jobs_.pop_front();
        }
        if (batcher_.waiting() > 0) {
            something_happened_.notify_one(); // a free worker may have a share, too
        }
    }

    std::uint32_t const capacity_;
    advice most_;
    work run_;
    orfeas::steady_clock clock_;
    mutable std::mutex mutex_;
    std::condition_variable something_happened_;
    batcher batcher_;
    std::deque<Job> jobs_; // those that wait, the oldest first, as the batcher has them
    bool ending_ = false;
    std::uint64_t rejected_ = 0;
    std::vector<std::thread> threads_; // last: they use the others
};

} // namespace studio
