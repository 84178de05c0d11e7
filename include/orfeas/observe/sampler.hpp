// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/series.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// How often and how long the service is observed. Prefix ORFEAS_OBSERVE_.
struct sampler_options {
    std::chrono::milliseconds interval{1000}; ///< from one frame to the next
    std::uint32_t history_size = 300;         ///< frames kept in memory

    static constexpr std::string_view environment_prefix = "ORFEAS_OBSERVE_";
    static void fields(auto& self, auto&& field) {
        field("interval", self.interval, in_range(std::chrono::milliseconds{10}, std::chrono::milliseconds{3'600'000}),
              "from one frame to the next");
        field("history_size", self.history_size, in_range(1, 86'400), "frames kept in memory");
    }
};
static_assert(options<sampler_options>);

/// Turns the measurements of all sources into frames: gauges as they are, counters as their rate since the last frame.
/// The rate of process CPU seconds is named process_cpu_ratio. Counters that restart from zero are recognised.
/// Owns no timer: something calls `sample()` once an interval.
/// Thread-safe.
template<clock Clock = steady_clock>
class sampler {
  public:
    /// Tells of measurements when a frame is taken.
    using source = std::function<void(measurement_sink)>;

    /// Is told of each new frame, by the thread that took it, with the history that ends in it.
    using frame_listener = std::function<void(history const&)>;

    /// Is told of each measurement.
    using source_reader = std::function<void(measurement const&)>;

    explicit sampler(sampler_options options = {}, Clock clock = {})
        : options_{checked(options)}, clock_{std::move(clock)}, history_{options.history_size} {}

    sampler_options const& options() const noexcept { return options_; }

    /// Adds a source for all frames to come.
    void add_source(source from) {
        std::scoped_lock const lock{mutex_};
        sources_.push_back(std::move(from));
    }

    /// Adds a listener for all frames to come.
    void add_listener(frame_listener listener) {
        std::scoped_lock const lock{mutex_};
        listeners_.push_back(std::move(listener));
    }

    /// Adds a reader for all frames to come: it is told of each measurement that goes into a frame, as its source gave it, before
    /// the listeners are told of the frame.
    void add_reader(source_reader reader) {
        std::scoped_lock const lock{mutex_};
        readers_.push_back(std::move(reader));
    }

    /// Takes one frame now and tells the listeners. Linear in the number of series.
    void sample() {
        std::scoped_lock const lock{mutex_};
        auto const now = clock_.now();
        elapsed_seconds_ = std::chrono::duration<double>(now - last_sample_).count();
        last_sample_ = now;
        ++generation_;
        history_.begin_frame(clock_.wall_now(), now);
        for (auto const& from : sources_) {
            from([this](measurement const& m) { record(m); });
        }
        std::erase_if(counters_, [this](auto const& entry) { return entry.second.generation != generation_; });
        for (auto const& listener : listeners_) {
            listener(history_);
        }
    }

    /// Calls `read(history)` while no frame is being taken, and returns what it returns.
    template<class Read>
    decltype(auto) with_history(Read&& read) const {
        std::scoped_lock const lock{mutex_};
        return std::forward<Read>(read)(std::as_const(history_));
    }

  private:
    struct counter_state {
        double value;
        std::uint64_t generation;
    };

    static sampler_options checked(sampler_options options) {
        validate(options);
        return options;
    }

    void record(measurement const& m) {
        for (auto const& each : readers_) {
            each(m);
        }
        if (m.kind == measurement_kind::counter) {
            record_counter(m);
        } else {
            store(m.name, m, m.value, m.unit);
        }
    }

    void record_counter(measurement const& m) {
        key_.clear();
        append_series_key(key_, m.name, m.labels);
        auto const [at, is_new] = counters_.try_emplace(key_, counter_state{m.value, generation_});
        double rate = std::numeric_limits<double>::quiet_NaN(); // a first reading says nothing of the speed
        if (!is_new) {
            double const before = std::exchange(at->second.value, m.value);
            at->second.generation = generation_;
            double const grown = m.value >= before ? m.value - before : m.value; // a restarted counter began at zero
            bool const is_known = before == before && elapsed_seconds_ > 0;      // a counter without a value is NaN
            rate = is_known ? grown / elapsed_seconds_ : rate;
        }
        if (m.name == "process_cpu_seconds_total") {
            store("process_cpu_ratio", m, rate, unit::ratio);
        } else {
            store(rate_name(m.name), m, rate, unit::per_second);
        }
    }

    void store(std::string_view name, measurement const& m, double value, orfeas::unit unit) {
        key_.clear();
        append_series_key(key_, name, m.labels);
        history_.set(key_, value, [&] { return describe(name, m, unit); });
    }

    static series describe(std::string_view name, measurement const& m, orfeas::unit unit) {
        series about{{}, std::string{name}, {}, m.kind, unit, std::string{m.help}};
        for (auto const& each : m.labels) {
            about.labels.emplace_back(each.name, each.value);
        }
        return about;
    }

    sampler_options options_;
    Clock clock_;
    mutable std::mutex mutex_;
    history history_;
    std::vector<source> sources_;
    std::vector<frame_listener> listeners_;
    std::vector<source_reader> readers_;
    std::unordered_map<std::string, counter_state> counters_;
    std::string key_;
    monotonic_time last_sample_{};
    double elapsed_seconds_ = 0;
    std::uint64_t generation_ = 0;
};

} // namespace orfeas::inline v0::observe
