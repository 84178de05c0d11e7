// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/trace/attribute.hpp>
#include <orfeas/trace/cuda_driver.hpp>
#include <orfeas/trace/detail/gpu_timeline_core.hpp>
#include <orfeas/trace/gpu_options.hpp>
#include <orfeas/trace/span.hpp>
#include <orfeas/trace/text_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

/// Spans of work on a GPU. The driver is found at run time: this needs no toolkit, and without a GPU the spans are spans of
/// the host.

namespace orfeas::inline v0::trace {

/// Finds out when the work of GPU spans ran, on one CUDA device: by events from a pool, which `poll` asks about and nobody
/// waits for. Spans may outlive it.
///
///     trace::gpu_timeline gpu;
///     {
///         trace::gpu_span g{gpu, stream, "smooth"};
///         smooth<<<blocks, threads, 0, stream>>>(…);
///     }
///     gpu.poll(); // every few milliseconds, from a timer
///
/// Thread-safe.
template<clock Clock = steady_clock>
class basic_gpu_timeline {
  public:
    /// Of the device of this number. Throws option_error for options out of range; a missing driver or device is none.
    explicit basic_gpu_timeline(int device = 0, gpu_timeline_options const& options = {},
                                std::shared_ptr<cuda_event_driver const> driver = cuda_event_driver::try_open(),
                                Clock clock = {})
        : core_{make(std::move(driver), device, options, std::move(clock))} {}

    basic_gpu_timeline(basic_gpu_timeline const&) = delete;
    basic_gpu_timeline& operator=(basic_gpu_timeline const&) = delete;

    /// Ends the spans that wait, without their times.
    ~basic_gpu_timeline() { core_->close(); }

    /// Whether there is a device; if not, GPU spans are spans of the host.
    bool usable() const noexcept { return core_->usable(); }

    /// Ends the spans whose work is done, and says how many still wait. Asks the driver about one event for each stream with
    /// work, and one for each span that is done; never waits.
    std::size_t poll() { return core_->poll(); }

    /// Spans whose end the GPU has not reached, or nobody has asked for.
    std::size_t waiting() const { return core_->waiting(); }

    std::uint64_t timed() const noexcept { return core_->timed(); }
    std::uint64_t untimed(untimed_reason why) const noexcept { return core_->untimed(why); }

    /// Reports trace_gpu_… measurements.
    void measure(measurement_sink sink) const {
        using enum measurement_kind;
        auto const report = [&](std::string_view name, measurement_kind kind, auto value, std::string_view help) {
            sink({name, kind, unit::none, static_cast<double>(value), {}, help});
        };
        report("trace_gpu_spans_waiting", gauge, core_->waiting(), "GPU spans whose work is not known to be done.");
        report("trace_gpu_events", gauge, core_->events(), "Events in the pool of the GPU timeline.");
        report("trace_gpu_spans_timed_total", counter, core_->timed(), "GPU spans with times of the GPU.");
        for (std::size_t i = 0; i < untimed_reasons; ++i) {
            auto const why = static_cast<untimed_reason>(i);
            label const by_reason[] = {{"reason", to_string(why)}};
            sink({"trace_gpu_spans_untimed_total", counter, unit::none, static_cast<double>(core_->untimed(why)),
                  by_reason, "GPU spans that became spans of the host."});
        }
    }

    /// For this module's own use.
    std::shared_ptr<detail::gpu_timeline_core<Clock>> const& core() const noexcept { return core_; }

  private:
    static std::shared_ptr<detail::gpu_timeline_core<Clock>> make(std::shared_ptr<cuda_event_driver const> driver,
                                                                  int device, gpu_timeline_options const& options,
                                                                  Clock clock) {
        validate(options);
        return std::make_shared<detail::gpu_timeline_core<Clock>>(std::move(driver), device, options, std::move(clock));
    }

    std::shared_ptr<detail::gpu_timeline_core<Clock>> core_;
};

using gpu_timeline = basic_gpu_timeline<>;
static_assert(measurable<gpu_timeline>);

/// The work that is put onto a stream during its life, as a span. The span stays open until `gpu_timeline::poll` finds the
/// work done; then it carries when the GPU began and how long it took: gpu.timed (true), gpu.device, gpu.stream, gpu.queue_us
/// (from the construction to the GPU's beginning), gpu.duration_us. Where that is not to be had, the span ends with this
/// object, gpu.timed is false, and gpu.untimed_reason says why. It is never the current span; where none is recorded it does
/// nothing.
///
/// The queue's length is as exact as the clocks of host and GPU are held together: some microseconds.
/// Thread-compatible (distinct objects).
template<clock Clock = steady_clock>
class [[nodiscard]] basic_gpu_span {
  public:
    /// A child of the current span. `stream` is a cudaStream_t or CUstream of the timeline's device; null is the default one.
    basic_gpu_span(basic_gpu_timeline<Clock>& timeline, void* stream, text_ref name)
        : basic_gpu_span{timeline, stream, detached_span{name}} {}

    /// A child of `parent`.
    basic_gpu_span(basic_gpu_timeline<Clock>& timeline, void* stream, text_ref name, trace::context const& parent)
        : basic_gpu_span{timeline, stream, detached_span{name, parent}} {}

    basic_gpu_span(basic_gpu_span const&) = delete;
    basic_gpu_span& operator=(basic_gpu_span const&) = delete;
    ~basic_gpu_span() { end(); }

    /// Adds an attribute; see span::set.
    void set(text_ref key, attribute_ref const& value) noexcept { span_.set(key, value); }

    /// Marks the span as failed.
    void fail(std::string_view why = {}) noexcept { span_.fail(why); }

    bool recording() const noexcept { return span_.recording(); }
    span_context ids() const noexcept { return span_.ids(); }

    /// The work ends here; later calls do nothing.
    void end() noexcept {
        if (core_ == nullptr) {
            return;
        }
        auto const core = std::exchange(core_, nullptr);
        if (work_) {
            core->end(*work_, std::move(span_));
        } else {
            core->finish_untimed(std::move(span_), why_);
        }
    }

  private:
    basic_gpu_span(basic_gpu_timeline<Clock>& timeline, void* stream, detached_span&& opened)
        : span_{std::move(opened)} {
        if (span_.recording()) {
            core_ = timeline.core();
            work_ = core_->begin(stream, why_);
        }
    }

    detached_span span_;
    std::shared_ptr<detail::gpu_timeline_core<Clock>> core_; ///< null: nothing is recorded
    std::optional<typename detail::gpu_timeline_core<Clock>::work> work_;
    untimed_reason why_ = untimed_reason::no_device;
};

using gpu_span = basic_gpu_span<>;

} // namespace orfeas::inline v0::trace
