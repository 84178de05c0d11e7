// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/trace_id.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace orfeas::inline v0 {

/// How much an event matters to the person on call.
enum class severity { debug, info, warning, error };

constexpr std::string_view to_string(severity level) noexcept {
    switch (level) {
    case severity::debug:
        return "debug";
    case severity::info:
        return "info";
    case severity::warning:
        return "warning";
    case severity::error:
        return "error";
    }
    return "error";
}

/// One named value of a log event.
struct log_field {
    std::string_view name;
    std::variant<std::int64_t, std::uint64_t, double, bool, std::string_view> value;

    template<class T>
    log_field(std::string_view field_name, T const& v) : name{field_name}, value{stored(v)} {}

  private:
    template<class T>
    static decltype(value) stored(T const& v) {
        if constexpr (std::same_as<T, bool>) {
            return v;
        } else if constexpr (std::signed_integral<T>) {
            return static_cast<std::int64_t>(v);
        } else if constexpr (std::unsigned_integral<T>) {
            return static_cast<std::uint64_t>(v);
        } else if constexpr (std::floating_point<T>) {
            return static_cast<double>(v);
        } else {
            return std::string_view{v};
        }
    }
};

/// Something that happened in a component and that its operator may want to know. The views are valid during `write`.
struct log_event {
    severity level;
    std::string_view component;              ///< who: "memory", "serve"
    std::string_view event;                  ///< what, snake_case: "cleanup_finished"
    std::initializer_list<log_field> fields; ///< the particulars
    trace_id trace;                          ///< the request in whose course it happened, or none
    wall_time time;                          ///< when
    std::uint64_t suppressed;                ///< like events since the last one written, left out by the rate limit
};

/// Where log events go. `write` is called by one thread at a time and does not throw.
template<class S>
concept log_sink = requires(S& sink, log_event const& event) {
    { sink.write(event) } noexcept;
};

/// Limits on how often like events (same component and name) are written. Prefix ORFEAS_LOG_.
struct log_options {
    std::uint32_t burst = 10;                 ///< events written at once before the limit holds
    std::chrono::milliseconds interval{1000}; ///< after a burst, one event each interval

    static constexpr std::string_view environment_prefix = "ORFEAS_LOG_";
    static void fields(auto& self, auto&& field) {
        field("burst", self.burst, in_range(1, 1'000'000), "like events written at once before the rate limit holds");
        field("interval", self.interval, at_least(std::chrono::milliseconds{1}), "then one event each interval");
    }
};
static_assert(options<log_options>);

/// The handle through which components tell of events: cheap to copy, and silent when default-constructed.
/// Like events above the rate of `log_options` are counted instead of written, and the count goes out with the next one.
/// Thread-safe.
class logger {
  public:
    logger() = default;

    /// Writes to `sink`, which the logger and its copies keep alive. Throws option_error for options out of range.
    template<log_sink Sink, clock Clock = steady_clock>
    explicit logger(std::shared_ptr<Sink> sink, log_options limits = {}, Clock clock = {}) {
        validate(limits);
        state_ = std::make_shared<state_of<Sink, Clock>>(std::move(sink), limits, std::move(clock));
    }

    /// False when events go nowhere, so that a caller can save itself the work of gathering fields.
    explicit operator bool() const noexcept { return state_ != nullptr; }

    /// Tells of one event. Never throws: an event that cannot be written for want of memory is lost.
    void operator()(severity level, std::string_view component, std::string_view event,
                    std::initializer_list<log_field> fields = {}, trace_id trace = {}) const noexcept {
        if (state_ == nullptr) {
            return;
        }
        try {
            state_->emit(level, component, event, fields, trace);
        } catch (...) { // logging must not harm what it reports on
        }
    }

  private:
    struct bucket {
        std::string component;
        std::string event;
        double tokens;
        monotonic_time refilled;
        std::uint64_t suppressed = 0;
    };

    class state {
      public:
        explicit state(log_options limits) : limits_{limits} {}
        virtual ~state() = default;

        void emit(severity level, std::string_view component, std::string_view event,
                  std::initializer_list<log_field> fields, trace_id trace) {
            std::scoped_lock const lock{mutex_};
            auto const time = now();
            bucket& limit = bucket_of(component, event, time);
            refill(limit, time);
            if (limit.tokens < 1.0) {
                ++limit.suppressed;
                return;
            }
            limit.tokens -= 1.0;
            auto const suppressed = std::exchange(limit.suppressed, 0);
            write({level, component, event, fields, trace, wall_now(), suppressed});
        }

      private:
        virtual monotonic_time now() const noexcept = 0;
        virtual wall_time wall_now() const noexcept = 0;
        virtual void write(log_event const& event) noexcept = 0;

        bucket& bucket_of(std::string_view component, std::string_view event, monotonic_time time) {
            for (bucket& each : buckets_) {
                if (each.event == event && each.component == component) {
                    return each;
                }
            }
            buckets_.push_back({std::string{component}, std::string{event}, static_cast<double>(limits_.burst), time});
            return buckets_.back();
        }

        void refill(bucket& limit, monotonic_time time) const {
            std::chrono::duration<double> const interval = limits_.interval;
            std::chrono::duration<double> const passed = time - limit.refilled;
            auto const most = static_cast<double>(limits_.burst);
            double const tokens = limit.tokens + passed.count() / interval.count();
            limit.tokens = tokens < most ? tokens : most;
            limit.refilled = time;
        }

        log_options limits_;
        std::mutex mutex_;
        std::vector<bucket> buckets_; // one for each kind of event: a small, fixed vocabulary
    };

    template<log_sink Sink, clock Clock>
    class state_of final : public state {
      public:
        state_of(std::shared_ptr<Sink> sink, log_options limits, Clock clock)
            : state{limits}, sink_{std::move(sink)}, clock_{std::move(clock)} {}

      private:
        monotonic_time now() const noexcept override { return clock_.now(); }
        wall_time wall_now() const noexcept override { return clock_.wall_now(); }
        void write(log_event const& event) noexcept override { sink_->write(event); }

        std::shared_ptr<Sink> sink_;
        Clock clock_;
    };

    std::shared_ptr<state> state_;
};

} // namespace orfeas::inline v0
