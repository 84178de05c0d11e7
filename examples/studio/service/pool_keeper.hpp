// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/memory/cleanup_prediction.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/peak_forecast.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

namespace studio {

/// Is told of each cleanup ahead of need: why it was, and what it did.
using cleanup_listener =
    orfeas::unique_function<void(orfeas::memory::cleanup_prediction const&, orfeas::memory::cleanup_report const&)>;

/// Cleans a pool up ahead of need: before each step of work it asks predict_cleanup_need, by a forecast of the peaks of the
/// steps before. A cleanup that gave nothing back is not tried again until the pool has taken more memory.
/// Thread-safe. The pool outlives it.
template<orfeas::memory::reclaimable_resource Pool, orfeas::clock Clock = orfeas::steady_clock>
class pool_keeper {
  public:
    explicit pool_keeper(Pool& pool, cleanup_listener on_cleanup, orfeas::memory::cleanup_marks const& marks = {},
                         Clock clock = {})
        : pool_{pool}, on_cleanup_{std::move(on_cleanup)}, marks_{marks}, clock_{std::move(clock)} {
        orfeas::validate(marks);
    }

    /// To be called before a step: cleans up if that is advised. What there is no memory for is left out.
    void before_step() {
        try {
            clean_up_if_advised();
        } catch (std::bad_alloc const&) { // it is only advice; the step may well succeed
        }
    }

    /// To be called when much is allocated.
    void note_peak() {
        auto const profile = pool_.profile();
        std::scoped_lock const lock{mutex_};
        // a new record is exact; else what is allocated at this moment has to do
        bool const record = profile.peak_allocated_bytes > highest_;
        highest_ = std::max(highest_, profile.peak_allocated_bytes);
        peak_ = std::max(peak_, record ? profile.peak_allocated_bytes : profile.allocated_bytes);
    }

    /// To be called after a step, which took so long.
    void after_step(std::chrono::nanoseconds took) {
        std::scoped_lock const lock{mutex_};
        forecast_.observe(std::exchange(peak_, 0));
        step_seconds_ = seconds(took);
    }

    orfeas::memory::memory_pressure pressure() const { return pool_.pressure(); }

  private:
    void clean_up_if_advised() {
        auto const profile = pool_.profile();
        std::scoped_lock const lock{mutex_};
        auto const outlook = outlook_of(forecast_, profile, 0, step_seconds_, cleanup_seconds_);
        auto const advice = predict_cleanup_need(profile, outlook, marks_);
        if (!advice.should || profile.reserved_bytes <= in_vain_at_) {
            return;
        }
        auto const begun = clock_.now();
        auto const report = pool_.cleanup();
        cleanup_seconds_ = seconds(clock_.now() - begun);
        in_vain_at_ = report.freed_bytes == 0 ? report.reserved_after_bytes : 0;
        on_cleanup_(advice, report);
    }

    static double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>{time}.count(); }

    Pool& pool_;
    cleanup_listener on_cleanup_;
    orfeas::memory::cleanup_marks marks_;
    Clock clock_;
    std::mutex mutex_;
    orfeas::memory::peak_forecast forecast_;
    std::uint64_t peak_ = 0;       // of the step under way
    std::uint64_t highest_ = 0;    // of all
    std::uint64_t in_vain_at_ = 0; // reserved when a cleanup gave nothing back
    double step_seconds_ = 0;
    double cleanup_seconds_ = 0;
};

} // namespace studio
