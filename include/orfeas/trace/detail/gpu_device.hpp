// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/cuda_driver.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace orfeas::inline v0::trace::detail {

/// The primary context of a CUDA device, a stream of its own in it, and a pool of timing events. Without a driver or a device
/// it is not `usable`, and nothing else may be called.
/// Thread-compatible (distinct objects), but for `visit`, which is Thread-safe.
class gpu_device {
  public:
    using event = cuda_event_driver::event;
    using stream = cuda_event_driver::stream;

    gpu_device(std::shared_ptr<cuda_event_driver const> driver, int ordinal)
        : driver_{std::move(driver)}, ordinal_{ordinal} {
        if (driver_ == nullptr || driver_->device_get(&id_, ordinal) != cuda_event_driver::success ||
            driver_->primary_context_retain(&context_, id_) != cuda_event_driver::success) {
            context_ = nullptr;
            return;
        }
        visit([this]() noexcept { driver_->stream_create(&own_, cuda_event_driver::stream_non_blocking); });
    }
    gpu_device(gpu_device const&) = delete;
    gpu_device& operator=(gpu_device const&) = delete;

    /// A driver that has shut down took everything with it: what fails here has no one to act on it.
    ~gpu_device() {
        if (context_ == nullptr) {
            return;
        }
        visit([this]() noexcept {
            for (event const each : all_) {
                driver_->event_destroy(each);
            }
            if (own_ != nullptr) {
                driver_->stream_destroy(own_);
            }
        });
        driver_->primary_context_release(id_);
    }

    bool usable() const noexcept { return own_ != nullptr; }
    int ordinal() const noexcept { return ordinal_; }

    /// Calls `work()` in the context, so that neither the thread's own context nor a graph that any thread captures notices.
    /// False when the context cannot be entered, and `work` is not called.
    template<class Work>
    bool visit(Work const& work) const {
        cuda_event_driver::context current = nullptr;
        bool const is_inside =
            driver_->context_get_current(&current) == cuda_event_driver::success && current == context_;
        if (!is_inside && driver_->context_push_current(context_) != cuda_event_driver::success) {
            return false;
        }
        int mode = cuda_event_driver::capture_relaxed;
        bool const is_relaxed = driver_->thread_exchange_capture_mode(&mode) == cuda_event_driver::success;
        static_assert(noexcept(work()), "nothing may leave the context early");
        work();
        if (is_relaxed) {
            driver_->thread_exchange_capture_mode(&mode);
        }
        if (!is_inside) {
            driver_->context_pop_current(&current);
        }
        return true;
    }

    /// Makes room for `count` more events.
    void prepare(std::size_t count) {
        if (all_.capacity() - all_.size() < count) {
            auto const next = std::max(all_.size() + count, all_.size() * 2);
            all_.reserve(next);
            free_.reserve(next);
        }
    }

    // What follows is to be called within `visit`.

    /// An event, or null when the driver gives none. There is room for it by `prepare`.
    event take() noexcept {
        if (free_.empty()) {
            event fresh = nullptr;
            if (driver_->event_create(&fresh, 0) != cuda_event_driver::success) {
                return nullptr;
            }
            all_.push_back(fresh);
            return fresh;
        }
        event const reused = free_.back();
        free_.pop_back();
        return reused;
    }

    /// Takes an event back; recording it again undoes what it was recorded for, whether that has passed or not.
    void give(event e) noexcept {
        if (e != nullptr) {
            free_.push_back(e); // has the capacity of all_
        }
    }

    bool record(event e, stream on) const noexcept {
        return driver_->event_record(e, on) == cuda_event_driver::success;
    }

    /// Records on the stream of its own, which is idle.
    bool record_now(event e) const noexcept { return record(e, own_); }

    cuda_event_driver::result query(event e) const noexcept { return driver_->event_query(e); }

    /// Milliseconds between two events that have passed.
    cuda_event_driver::result elapsed(float& milliseconds, event from, event to) const noexcept {
        return driver_->event_elapsed_time(&milliseconds, from, to);
    }

    /// Whether what goes onto the stream becomes part of a graph. An error is such an answer too: the default stream cannot be
    /// asked while another one captures.
    bool is_capturing(stream s) const noexcept {
        int status = 0;
        return driver_->stream_is_capturing(s, &status) != cuda_event_driver::success || status != 0;
    }

    /// A number that names the stream: the driver's, as tools show it, else its address.
    std::int64_t name_of(stream s) const noexcept {
        unsigned long long id = 0;
        if (driver_->stream_get_id != nullptr && driver_->stream_get_id(s, &id) == cuda_event_driver::success) {
            return static_cast<std::int64_t>(id);
        }
        return static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(s));
    }

    std::size_t events() const noexcept { return all_.size(); }

  private:
    std::shared_ptr<cuda_event_driver const> driver_;
    int ordinal_;
    cuda_event_driver::device id_ = 0;
    cuda_event_driver::context context_ = nullptr;
    stream own_ = nullptr;
    std::vector<event> all_;
    std::vector<event> free_; // its capacity is at least that of all_
};

} // namespace orfeas::inline v0::trace::detail
