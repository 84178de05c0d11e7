// SPDX-License-Identifier: MIT
#pragma once

#include "command_line.hpp"
#include "load_trace.hpp"
#include "replica_model.hpp"

#include <orfeas/forecast/seasonal_forecaster.hpp>
#include <orfeas/scale/advisor.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace scale_tool {

/// The value below which that share of the values lies; not-a-number where there is none. Reorders them.
inline double quantile(std::vector<float>& values, double share) {
    if (values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    auto const rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    auto const at = values.begin() + static_cast<std::ptrdiff_t>(rank > 0 ? rank - 1 : 0);
    std::nth_element(values.begin(), at, values.end());
    return static_cast<double>(*at);
}

/// What five minutes of a run showed.
struct sample {
    double time = 0; ///< at its end, in seconds
    double load = 0; ///< requests a second
    std::uint32_t replicas = 0;
    std::uint32_t ready = 0;
    double p95_ms = 0; ///< not-a-number where nothing was taken up
    double cost = 0;   ///< since the begin
};

/// How a run went.
struct outcome {
    std::string policy;
    double replicas_mean = 0;
    std::uint32_t replicas_max = 0;
    std::uint32_t changes = 0;
    double p50_ms = 0;
    double p95_ms = 0;
    double p99_ms = 0;
    double worst_hour_p95_ms = 0;
    double late_share = 0; ///< of the requests, those above the target
    double replica_hours = 0;
    double cost = 0;
    std::vector<sample> samples;
};

/// Gathers a run.
class recorder {
  public:
    recorder(std::string policy, command_line const& given) : given_{given} { made_.policy = std::move(policy); }

    void add(double time, double length_s, stretch const& seen, std::uint32_t replicas, std::uint32_t ready) {
        replica_s_ += seen.replica_s;
        came_ += seen.came;
        since_sample_ += length_s;
        since_hour_ += length_s;
        all_.insert(all_.end(), seen.latencies_s.begin(), seen.latencies_s.end());
        hour_.insert(hour_.end(), seen.latencies_s.begin(), seen.latencies_s.end());
        few_.insert(few_.end(), seen.latencies_s.begin(), seen.latencies_s.end());
        made_.changes += replicas_before_ && replicas != *replicas_before_ ? 1U : 0U;
        made_.replicas_max = std::max(made_.replicas_max, replicas);
        replicas_before_ = replicas;
        if (since_sample_ >= 300) {
            made_.samples.push_back({time, static_cast<double>(came_) / since_sample_, replicas, ready,
                                     1e3 * quantile(few_, 0.95), cost()});
            few_.clear();
            came_ = 0;
            since_sample_ = 0;
        }
        if (since_hour_ >= 3'600) {
            end_hour();
        }
    }

    outcome finish(double length_s) {
        end_hour();
        made_.replica_hours = replica_s_ / 3'600;
        made_.replicas_mean = replica_s_ / length_s;
        made_.cost = cost();
        auto const late = std::count_if(all_.begin(), all_.end(),
                                        [&](float each) { return static_cast<double>(each) * 1e3 > given_.target_ms; });
        made_.late_share = all_.empty() ? 0 : static_cast<double>(late) / static_cast<double>(all_.size());
        made_.p50_ms = 1e3 * quantile(all_, 0.5);
        made_.p95_ms = 1e3 * quantile(all_, 0.95);
        made_.p99_ms = 1e3 * quantile(all_, 0.99);
        return std::move(made_);
    }

  private:
    double cost() const { return replica_s_ / 3'600 * given_.price; }
    void end_hour() {
        if (!hour_.empty()) {
            made_.worst_hour_p95_ms = std::max(made_.worst_hour_p95_ms, 1e3 * quantile(hour_, 0.95));
        }
        hour_.clear();
        since_hour_ = 0;
    }

    command_line const& given_;
    outcome made_;
    double replica_s_ = 0;
    double since_sample_ = 0;
    double since_hour_ = 0;
    std::size_t came_ = 0;
    std::vector<float> all_;
    std::vector<float> hour_;
    std::vector<float> few_;
    std::optional<std::uint32_t> replicas_before_;
};

/// Replays requests; `decide(time, seen, model)` says after each stretch how many replicas there should be.
template<class Decide>
outcome replay(std::string policy, command_line const& given, std::vector<request> const& requests, double length_s,
               std::uint32_t replicas, Decide decide) {
    replica_model service{requests, given.start_s, replicas};
    recorder record{std::move(policy), given};
    double time = 0;
    while (time < length_s) {
        double const step = std::min(given.sync_s, length_s - time);
        time += step;
        auto const seen = service.run(time);
        record.add(time, step, seen, service.replicas(), service.ready());
        service.scale_to(decide(time, seen, service));
    }
    auto const rest = service.run(length_s + 1e9); // those that still wait are late, not lost
    record.add(time, 0, {.latencies_s = rest.latencies_s}, service.replicas(), service.ready());
    return record.finish(length_s);
}

/// The advisor of the comparison. A replica carries the load that keeps it as busy as is aimed at.
inline orfeas::scale::advisor make_advisor(command_line const& given) {
    orfeas::scale::advisor_options options;
    options.min_replicas = static_cast<std::uint32_t>(given.min_replicas);
    options.max_replicas = static_cast<std::uint32_t>(given.max_replicas);
    options.target_utilization = given.utilization;
    options.target_queue = std::max(1.0, given.target_ms / given.service_ms); // what is worked off within the target
    options.load_per_replica = given.utilization * 1e3 / given.service_ms;
    options.price_per_hour = given.price;
    return orfeas::scale::advisor{options};
}

/// What a monitor sees of a stretch.
inline orfeas::scale::observation observe(command_line const& given, stretch const& seen,
                                          replica_model const& service) {
    orfeas::scale::observation made{.replicas = service.replicas(), .ready = service.ready()};
    if (seen.serving_s > 0) {
        made.utilization = std::min(1.0, seen.busy_s / seen.serving_s);
    }
    made.queue = static_cast<double>(seen.queue);
    made.load = static_cast<double>(seen.came) / given.sync_s;
    return made;
}

inline std::uint32_t first_replicas(command_line const& given, load_trace const& load) {
    double const needed = load.rates.front() * given.service_ms / 1e3 / given.utilization;
    return static_cast<std::uint32_t>(std::clamp(std::ceil(needed), given.min_replicas, given.max_replicas));
}

inline outcome run_reactive(command_line const& given, load_trace const& load, std::vector<request> const& requests) {
    auto advisor = make_advisor(given);
    return replay("reactive", given, requests, load.end, first_replicas(given, load),
                  [&](double time, stretch const& seen, replica_model const& service) {
                      auto const now = std::chrono::nanoseconds{static_cast<std::int64_t>(time * 1e9)};
                      return advisor.advise(now, observe(given, seen, service)).desired_replicas;
                  });
}

/// Looks as far ahead as a replica takes to start, and one step of the forecaster more.
inline outcome run_ahead(command_line const& given, load_trace const& load, std::vector<request> const& requests) {
    auto advisor = make_advisor(given);
    orfeas::forecast::seasonal_forecaster forecaster;
    std::chrono::seconds const lead{static_cast<std::int64_t>(given.start_s) + 300};
    return replay("ahead", given, requests, load.end, first_replicas(given, load),
                  [&](double time, stretch const& seen, replica_model const& service) {
                      auto const now = std::chrono::nanoseconds{static_cast<std::int64_t>(time * 1e9)};
                      auto look = observe(given, seen, service);
                      forecaster.update(load.epoch + now, look.load);
                      if (auto const said = forecaster.forecast(lead)) {
                          look.forecast = {said->point, said->low, said->high, lead};
                      }
                      return advisor.advise(now, look).desired_replicas;
                  });
}

/// The smallest number that meets the target; the largest allowed where none does.
inline outcome run_fixed(command_line const& given, load_trace const& load, std::vector<request> const& requests) {
    auto const with = [&](std::uint32_t replicas) {
        return replay("fixed", given, requests, load.end, replicas,
                      [&](double, stretch const&, replica_model const&) { return replicas; });
    };
    auto low = static_cast<std::uint32_t>(given.min_replicas);
    auto high = static_cast<std::uint32_t>(given.max_replicas);
    auto best = with(high);
    while (low < high) { // more replicas never are slower
        auto const middle = low + (high - low) / 2;
        auto tried = with(middle);
        if (tried.p95_ms <= given.target_ms) {
            high = middle;
            best = std::move(tried);
        } else {
            low = middle + 1;
        }
    }
    return best;
}

} // namespace scale_tool
