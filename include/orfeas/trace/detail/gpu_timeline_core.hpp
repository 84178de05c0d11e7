// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/trace/detail/gpu_device.hpp>
#include <orfeas/trace/gpu_options.hpp>
#include <orfeas/trace/span.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

namespace orfeas::inline v0::trace::detail {

/// What a GPU timeline and its spans share.
/// Thread-safe.
template<clock Clock>
class gpu_timeline_core {
  public:
    using event = gpu_device::event;
    using stream = gpu_device::stream;

    /// An event and the time of the host at which it passed.
    struct anchor {
        event passed = nullptr;
        monotonic_time host{};
        std::size_t users = 0;
    };

    /// Work on a stream whose beginning is marked.
    struct work {
        anchor* since = nullptr;
        event begin = nullptr;
        event end = nullptr;
        stream on = nullptr;
        monotonic_time submitted{};
    };

    gpu_timeline_core(std::shared_ptr<cuda_event_driver const> driver, int device, gpu_timeline_options const& options,
                      Clock clock)
        : options_{options}, clock_{std::move(clock)}, device_{std::move(driver), device} {}

    bool usable() const noexcept { return device_.usable(); }

    /// Marks the beginning of work on a stream, or says why it will not be timed.
    std::optional<work> begin(stream on, untimed_reason& why) {
        why = untimed_reason::no_device;
        if (!usable()) {
            return std::nullopt;
        }
        std::scoped_lock const lock{mutex_};
        if (closed_ || in_use_ >= options_.most_pending || !make_room()) {
            why = closed_ ? untimed_reason::closed : untimed_reason::pending_limit;
            return std::nullopt;
        }
        std::optional<work> begun;
        why = untimed_reason::driver_error;
        device_.visit([&]() noexcept { begun = mark_begin(on, why); });
        return begun;
    }

    /// Marks the end. The span stays open until `poll` has found when it ran.
    void end(work const& done, detached_span span) noexcept {
        auto reason = untimed_reason::driver_error;
        {
            std::scoped_lock const lock{mutex_};
            bool marked = false;
            device_.visit([&]() noexcept {
                bool const captures = device_.is_capturing(done.on);
                reason = captures ? untimed_reason::capture : reason;
                marked = !captures && device_.record(done.end, done.on);
            });
            if (marked && !closed_) {
                waiting_.push_back({std::move(span), done}); // there has been room since it began
                return;
            }
            reason = closed_ ? untimed_reason::closed : reason;
            give_back(done);
        }
        finish_untimed(std::move(span), reason);
    }

    void finish_untimed(detached_span span, untimed_reason why) noexcept {
        untimed_[static_cast<std::size_t>(why)].fetch_add(1, std::memory_order_relaxed);
        span.set("gpu.timed", false);
        span.set("gpu.untimed_reason", to_string(why));
    }

    /// Ends the spans whose work is done. How many still wait.
    std::size_t poll() {
        std::vector<outcome> done;
        std::size_t still = 0;
        {
            std::scoped_lock const lock{mutex_};
            done.reserve(waiting_.size());
            behind_.clear();
            behind_.reserve(waiting_.size());
            if (!waiting_.empty() && !device_.visit([&]() noexcept { collect(done); })) {
                give_up(done);
            }
            drop_unused_anchors();
            still = waiting_.size();
        }
        for (auto& each : done) { // outside of the lock: a trace may end with it
            finish(each);
        }
        return still;
    }

    /// Ends all spans that wait, without their times.
    void close() {
        std::vector<pending> left;
        {
            std::scoped_lock const lock{mutex_};
            closed_ = true;
            left.swap(waiting_);
            for (auto const& each : left) {
                give_back(each.done);
            }
        }
        for (auto& each : left) {
            finish_untimed(std::move(each.span), untimed_reason::closed);
        }
    }

    std::size_t waiting() const {
        std::scoped_lock const lock{mutex_};
        return waiting_.size();
    }
    std::size_t events() const {
        std::scoped_lock const lock{mutex_};
        return device_.events();
    }
    std::uint64_t timed() const noexcept { return timed_.load(std::memory_order_relaxed); }
    std::uint64_t untimed(untimed_reason why) const noexcept {
        return untimed_[static_cast<std::size_t>(why)].load(std::memory_order_relaxed);
    }

  private:
    struct pending {
        detached_span span;
        work done;
    };
    struct times {
        std::optional<untimed_reason> untimed;
        std::int64_t stream_name = 0;
        double queue_us = 0;
        double duration_us = 0;
    };
    struct outcome {
        detached_span span;
        times found;
    };

    /// Elapsed times come as floats of milliseconds: a step is 0.24 µs after 2 s, and 0.49 µs after 4 s.
    static constexpr std::chrono::seconds anchor_life{2};

    /// So that nothing needs memory in the context of the device. False where there is none.
    bool make_room() noexcept try {
        device_.prepare(3);
        if (waiting_.capacity() <= in_use_) {
            waiting_.reserve(in_use_ * 2 + 1);
        }
        if (anchors_.empty() || clock_.now() - anchors_.back()->host >= anchor_life) {
            next_anchor_ = next_anchor_ != nullptr ? std::move(next_anchor_) : std::make_unique<anchor>();
            anchors_.reserve(anchors_.size() + 1);
        }
        return true;
    } catch (std::bad_alloc const&) {
        return false;
    }

    std::optional<work> mark_begin(stream on, untimed_reason& why) noexcept {
        if (device_.is_capturing(on)) {
            why = untimed_reason::capture;
            return std::nullopt;
        }
        if (next_anchor_ != nullptr && !renew_anchor()) {
            return std::nullopt;
        }
        anchor* const since = anchors_.back().get();
        ++since->users;
        ++in_use_;
        work begun{since, device_.take(), device_.take(), on, clock_.now()};
        if (begun.begin == nullptr || begun.end == nullptr || !device_.record(begun.begin, on)) {
            give_back(begun);
            return std::nullopt;
        }
        return begun;
    }

    /// False when the driver fails.
    bool renew_anchor() noexcept {
        next_anchor_->passed = device_.take();
        if (next_anchor_->passed == nullptr || !device_.record_now(next_anchor_->passed)) {
            device_.give(std::exchange(next_anchor_->passed, nullptr));
            return false;
        }
        next_anchor_->host = clock_.now(); // the stream is idle: what is handed to it passes at once
        anchors_.push_back(std::move(next_anchor_));
        return true;
    }

    void drop_unused_anchors() noexcept {
        while (anchors_.size() > 1 && anchors_.front()->users == 0) {
            device_.give(anchors_.front()->passed);
            anchors_.erase(anchors_.begin());
        }
    }

    void give_back(work const& used) noexcept {
        device_.give(used.begin);
        device_.give(used.end);
        --used.since->users;
        --in_use_;
    }

    /// Takes those out of the list that are done, or too late. There is room for them.
    void collect(std::vector<outcome>& done) noexcept {
        auto const now = clock_.now();
        auto const has_ended = [&](pending& each) {
            bool const is_late = now - each.done.submitted > options_.pending_timeout;
            if (!is_late && std::find(behind_.begin(), behind_.end(), each.done.on) != behind_.end()) {
                return false; // what comes before it on its stream is not done
            }
            times found;
            auto const state = read(each.done, found);
            if (state == cuda_event_driver::not_ready && !is_late) {
                behind_.push_back(each.done.on);
                return false;
            }
            if (state != cuda_event_driver::success) {
                found.untimed = state == cuda_event_driver::not_ready ? untimed_reason::pending_timeout
                                                                      : untimed_reason::driver_error;
            }
            take_out(each, found, done);
            return true;
        };
        waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), has_ended), waiting_.end());
    }

    /// The device cannot be asked any more.
    void give_up(std::vector<outcome>& done) noexcept {
        for (auto& each : waiting_) {
            times found;
            found.untimed = untimed_reason::driver_error;
            take_out(each, found, done);
        }
        waiting_.clear();
    }

    void take_out(pending& each, times const& found, std::vector<outcome>& done) noexcept {
        done.push_back({std::move(each.span), found});
        give_back(each.done);
    }

    cuda_event_driver::result read(work const& of, times& into) const noexcept {
        auto state = device_.query(of.end);
        float to_begin = 0;
        float duration = 0;
        if (state == cuda_event_driver::success) {
            state = device_.elapsed(to_begin, of.since->passed, of.begin);
        }
        if (state == cuda_event_driver::success) {
            state = device_.elapsed(duration, of.begin, of.end);
        }
        if (state != cuda_event_driver::success) {
            return state;
        }
        // as exact as the anchor: work cannot begin before it was handed over
        std::chrono::duration<double, std::micro> const submitted{of.submitted - of.since->host};
        into.queue_us = std::max(static_cast<double>(to_begin) * 1e3 - submitted.count(), 0.0);
        into.duration_us = static_cast<double>(duration) * 1e3;
        into.stream_name = device_.name_of(of.on);
        return state;
    }

    void finish(outcome& ended) noexcept {
        times const& found = ended.found;
        if (found.untimed) {
            return finish_untimed(std::move(ended.span), *found.untimed);
        }
        timed_.fetch_add(1, std::memory_order_relaxed);
        ended.span.set("gpu.timed", true);
        ended.span.set("gpu.device", device_.ordinal());
        ended.span.set("gpu.stream", found.stream_name);
        ended.span.set("gpu.queue_us", found.queue_us);
        ended.span.set("gpu.duration_us", found.duration_us);
        ended.span.end();
    }

    gpu_timeline_options const options_;
    Clock clock_;
    mutable std::mutex mutex_;
    gpu_device device_;
    std::vector<std::unique_ptr<anchor>> anchors_; // the newest last
    std::vector<pending> waiting_;                 // in the order of their ends
    std::unique_ptr<anchor> next_anchor_;
    std::vector<stream> behind_; // while polling: streams with work that is not done
    std::size_t in_use_ = 0;     // begun, and not given back
    bool closed_ = false;
    std::atomic<std::uint64_t> timed_{0};
    std::array<std::atomic<std::uint64_t>, untimed_reasons> untimed_{};
};

} // namespace orfeas::inline v0::trace::detail
