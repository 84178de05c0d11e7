// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/observe/detail/name_list.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/scaling_watch_options.hpp>
#include <orfeas/observe/series.hpp>
#include <orfeas/scale/advisor.hpp>
#include <orfeas/scale/advisor_options.hpp>
#include <orfeas/scale/observation.hpp>
#include <orfeas/scale/scaling_advice.hpp>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

namespace orfeas::inline v0::observe {

/// Advises how many replicas are needed, by the frames of a process that sees the whole load: one in front of the replicas, or
/// the only replica.
///
///     watch.set_replicas(3, 3);   // whenever the orchestrator says so
///     sampler.add_listener([&](observe::history const& frames) { watch.take(frames); });
/// Its windows follow the time that passes between frames, whatever the machine's clock is set to meanwhile.
/// Thread-safe.
class scaling_watch {
  public:
    /// Throws option_error.
    explicit scaling_watch(scaling_watch_options const& series = {}, scale::advisor_options const& options = {})
        : utilization_{checked(series).utilization},
          queue_{series.queue},
          p95_ms_{series.p95_ms},
          load_{series.load},
          replicas_{series.replicas},
          ready_{series.replicas},
          advisor_{options} {}

    /// How many replicas were asked for, and how many of these serve.
    void set_replicas(std::uint32_t replicas, std::uint32_t ready) {
        std::scoped_lock const lock{mutex_};
        replicas_ = replicas;
        ready_ = std::min(ready, replicas);
    }

    /// The load to come, as a forecaster of the application's own has it; none ends it.
    void set_forecast(std::optional<scale::predicted_load> forecast) {
        std::scoped_lock const lock{mutex_};
        forecast_ = forecast;
    }

    /// Advises by the newest frame. Linear in the series.
    void take(history const& frames) {
        if (frames.empty()) {
            return;
        }
        std::scoped_lock const lock{mutex_};
        auto const seq = frames.last_seq();
        reading utilization;
        reading queue;
        reading slowest;
        reading load;
        reading cpu;
        reading cores;
        frames.for_each([&](series const& about, auto const& value_at) {
            double const value = value_at(seq);
            if (!is_finite(value)) {
                return;
            }
            utilization.add_if(utilization_.contains(about), value);
            queue.add_if(queue_.contains(about), value);
            slowest.add_if(p95_ms_.contains(about), value);
            load.add_if(load_.contains(about), value);
            cpu.add_if(about.name == "process_cpu_ratio", value);
            cores.add_if(about.name == "process_cpu_cores", value);
        });
        scale::observation seen;
        seen.replicas = replicas_;
        seen.ready = ready_;
        seen.utilization = utilization.count > 0 ? utilization.sum / utilization.count : cpu.total() / cores.total();
        seen.queue = queue.total();
        seen.p95_ms = slowest.largest();
        seen.load = load.total();
        seen.forecast = forecast_;
        advisor_.advise(frames.steady_time(seq).time_since_epoch(), seen);
    }

    /// The last advice; none before the first frame.
    std::optional<scale::scaling_advice> advice() const {
        std::scoped_lock const lock{mutex_};
        auto const* const last = advisor_.last();
        return last == nullptr ? std::nullopt : std::optional{*last};
    }

    void measure(measurement_sink sink) const {
        std::scoped_lock const lock{mutex_};
        advisor_.measure(sink);
    }

  private:
    /// The values of the series of one kind.
    struct reading {
        double sum = 0;
        double count = 0;
        double most = 0;

        void add_if(bool is_one, double value) noexcept {
            if (is_one) {
                most = count > 0 && most > value ? most : value;
                sum += value;
                count += 1;
            }
        }
        double total() const noexcept { return count > 0 ? sum : scale::observation::unread; }
        double largest() const noexcept { return count > 0 ? most : scale::observation::unread; }
    };

    static scaling_watch_options const& checked(scaling_watch_options const& options) {
        validate(options);
        return options;
    }

    detail::name_list utilization_;
    detail::name_list queue_;
    detail::name_list p95_ms_;
    detail::name_list load_;
    mutable std::mutex mutex_;
    std::uint32_t replicas_;
    std::uint32_t ready_;
    std::optional<scale::predicted_load> forecast_;
    scale::advisor advisor_;
};

} // namespace orfeas::inline v0::observe
