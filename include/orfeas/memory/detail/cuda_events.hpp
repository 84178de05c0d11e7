// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/cuda_context.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Fences of a CUDA device: events, which are made once and used again. Streams are those of the context.
/// Thread-safe.
class cuda_events {
  public:
    /// The context must outlive this.
    explicit cuda_events(cuda_context const& context) noexcept : context_{context} {}

    cuda_events(cuda_events const&) = delete;
    cuda_events& operator=(cuda_events const&) = delete;

    // also those that nobody forgot; a driver that has shut down took them with it
    ~cuda_events() {
        for (auto const each : all_) {
            context_.run_anyway([&] { return driver().event_destroy(each); });
        }
    }

    fence record(stream_ref stream) {
        auto const e = take();
        try {
            context_.call("cuEventRecord", 0, [&] { return driver().event_record(e, stream.native()); });
        } catch (backend_error const&) {
            give(e);
            throw;
        }
        return {reinterpret_cast<std::uintptr_t>(e)};
    }

    bool passed(fence f) const {
        if (!f) {
            return true;
        }
        auto const answer = context_.run([&] { return driver().event_query(event(f)); }).work;
        if (answer == cuda_driver::not_ready) {
            return false;
        }
        context_.check(answer, "cuEventQuery", 0);
        return true;
    }

    void make_wait(stream_ref stream, fence f) const {
        if (f) {
            context_.call("cuStreamWaitEvent", 0,
                          [&] { return driver().stream_wait_event(stream.native(), event(f), 0); });
        }
    }

    void wait(fence f) const {
        if (f) {
            context_.call("cuEventSynchronize", 0, [&] { return driver().event_synchronize(event(f)); });
        }
    }

    void forget(fence f) noexcept {
        if (f) {
            give(event(f));
        }
    }

    bool capturing(stream_ref stream) const {
        int status = 0;
        auto const answer = context_.run([&] { return driver().stream_is_capturing(stream.native(), &status); }).work;
        if (answer == cuda_driver::capture_implicit) {
            return true; // the default stream, which waits for the stream that captures
        }
        context_.check(answer, "cuStreamIsCapturing", 0);
        return status != 0;
    }

  private:
    cuda_driver const& driver() const noexcept { return context_.driver(); }

    static cuda_driver::event event(fence f) noexcept {
        return reinterpret_cast<cuda_driver::event>(static_cast<std::uintptr_t>(f.value));
    }

    cuda_driver::event take() {
        std::scoped_lock const lock{mutex_};
        if (!free_.empty()) {
            auto const e = free_.back();
            free_.pop_back();
            return e;
        }
        if (all_.size() == all_.capacity()) {
            auto const next = std::max<std::size_t>(64, all_.size() * 2);
            free_.reserve(next); // giving back must not fail
            all_.reserve(next);
        }
        cuda_driver::event e = nullptr;
        context_.call("cuEventCreate", 0, [&] { return driver().event_create(&e, cuda_driver::event_without_timing); });
        all_.push_back(e);
        return e;
    }

    void give(cuda_driver::event e) noexcept {
        std::scoped_lock const lock{mutex_};
        free_.push_back(e);
    }

    cuda_context const& context_;
    std::mutex mutex_;
    std::vector<cuda_driver::event> all_;
    std::vector<cuda_driver::event> free_; // its capacity is at least that of all_
};

} // namespace orfeas::inline v0::memory::detail
