// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/records.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/forecast/health_score.hpp>
#include <orfeas/forecast/hit_ratio_forecast.hpp>
#include <orfeas/forecast/latency_forecast.hpp>
#include <orfeas/forecast/recommendation.hpp>
#include <orfeas/observe/detail/memory_judge.hpp>
#include <orfeas/observe/detail/name_list.hpp>
#include <orfeas/observe/detail/value_judge.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/prediction_options.hpp>
#include <orfeas/observe/prediction_report.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// Forecasts from the frames: how long memory will last, what hit ratios and latencies will be, what to do about it, and how
/// healthy the service is.
///
///     sampler.add_listener([&](observe::history const& frames) { watch.take(frames); });
///
/// Each series that the options name has forecasters of its own, from the first frame with a value on. All forecasts are kept
/// with what came of them. An application may have memory cleaned up by a forecast (`on_cleanup_advised`).
/// Thread-safe.
class prediction_watch {
  public:
    /// Gives memory back, when the forecast in its argument advises that. Runs in `take`, without a lock.
    using cleanup_action = unique_function<void(memory_prediction const&)>;

    /// Throws option_error.
    explicit prediction_watch(prediction_options options = {})
        : options_{checked(std::move(options))},
          shares_{shares_of(options_.memory)},
          hit_ratios_{options_.hit_ratio},
          latencies_{options_.latency},
          health_{options_.health} {}

    prediction_options const& options() const noexcept { return options_; }

    /// Calls `action` from now on when the forecast of the memory series `key` advises a cleanup, at most once a
    /// `cleanup_pause`. The forecast begins anew after it.
    void on_cleanup_advised(std::string key, cleanup_action action) {
        std::scoped_lock const lock{mutex_};
        actions_.insert_or_assign(std::move(key), std::make_shared<planned_action>(std::move(action)));
    }

    /// Forgets the action of the series `key`. On return it is not under way unless this is called from within it.
    void forget_action(std::string_view key) {
        std::shared_ptr<planned_action> ended;
        {
            std::scoped_lock const lock{mutex_};
            auto const at = actions_.find(key);
            if (at == actions_.end()) {
                return;
            }
            ended = std::move(at->second);
            actions_.erase(at);
        }
        std::scoped_lock const not_running{ended->mutex};
        ended->action = {};
    }

    /// Takes in the newest frame, then runs the cleanups that are advised. Linear in the series.
    void take(history const& frames) {
        if (frames.empty()) {
            return;
        }
        std::vector<std::pair<std::shared_ptr<planned_action>, memory_prediction>> due;
        {
            std::scoped_lock const lock{mutex_};
            now_ = frames.time(frames.last_seq());
            double requests = 0;
            double errors = 0;
            frames.for_each([&](series const& about, auto const& value_at) {
                double const value = value_at(frames.last_seq());
                if (is_finite(value)) {
                    requests += about.name == "http_application_requests_per_second" ? value : 0;
                    errors += about.name == "http_errors_per_second" ? value : 0;
                    take(frames, about, value);
                }
            });
            smooth(requests, errors);
            due = due_actions();
        }
        for (auto const& [action, why] : due) {
            run(*action, why);
        }
    }

    /// What is foreseen. Linear in the series and the past forecasts that are kept.
    prediction_report report() const {
        std::scoped_lock const lock{mutex_};
        prediction_report made;
        made.time = now_;
        forecast::recommendation_list advice;
        for (auto const& [key, each] : memory_) {
            made.memory.push_back(each.report(key));
            auto const lead = static_cast<double>(options_.critical.cleanup_lead.count());
            advice.consider(key, each.said(), lead);
        }
        for (auto const& [key, each] : ratios_) {
            made.values.push_back(each.report(key));
            if (auto const outlook = each.forecaster().outlook(each.horizon())) {
                made.values.back().rating = to_string(outlook->rating);
                advice.consider(key, *outlook);
            }
        }
        for (auto const& [key, each] : times_) {
            made.values.push_back(each.report(key));
            if (auto const outlook = each.forecaster().outlook(each.horizon(), options_.latency_limit)) {
                made.values.back().rating = to_string(outlook->rating);
                advice.consider(key, *outlook);
            }
        }
        for (auto const& each : advice.list()) {
            made.advice.push_back({each.what, std::string{each.metric}, each.sentence(), each.confidence});
        }
        made.health = health_.assess(health_inputs());
        return made;
    }

    /// How strained the service is, from 0 (calm) to 1, by what detectors say: a term of the health.
    void set_anomaly_score(double score) {
        std::scoped_lock const lock{mutex_};
        anomaly_score_ = score;
    }

    void measure(measurement_sink sink) const {
        std::scoped_lock const lock{mutex_};
        sink({"health_score",
              measurement_kind::gauge,
              unit::none,
              health_.assess(health_inputs()).score,
              {},
              "health of the service, from 100 down to 0"});
        for (auto const& [key, each] : memory_) {
            auto const& said = each.said();
            label const labels[] = {{"series", key}};
            sink({"memory_exhaustion_seconds", measurement_kind::gauge, unit::seconds,
                  said ? said.minutes * 60 : history::absent, labels,
                  "time until memory is critical, while it is foreseen"});
        }
    }

    /// Appends what was learned, for `load` of a watch.
    void save(std::vector<std::byte>& to) const;

    /// Takes up what was saved. False when the bytes are not what `save` wrote; nothing is changed then. A series whose
    /// forecasters were of other options is learned anew.
    bool load(std::span<std::byte const> from);

  private:
    using ratio_judge = detail::value_judge<forecast::hit_ratio_forecast>;
    using time_judge = detail::value_judge<forecast::latency_forecast>;
    template<class Judge>
    using by_key = std::map<std::string, Judge, std::less<>>;

    static constexpr std::uint32_t layout = 1;
    static constexpr std::size_t most_series = 1'000; // of each kind

    struct share {
        std::string used;
        std::string total;
    };

    struct planned_action {
        explicit planned_action(cleanup_action to_run) : action{std::move(to_run)} {}

        std::recursive_mutex mutex; // held while it runs
        cleanup_action action;
        std::optional<wall_time> last{}; // the watch's lock guards it
    };

    static prediction_options checked(prediction_options options) {
        validate(options);
        shares_of(options.memory);
        return options;
    }

    /// Throws option_error for an entry without a slash.
    static std::vector<share> shares_of(std::string_view text) {
        std::vector<share> made;
        for (auto const& each : detail::split_names(text)) {
            auto const slash = each.find('/');
            if (slash == std::string::npos || slash == 0 || slash + 1 == each.size()) {
                throw option_error{"memory", each,
                                   "the name of memory in use, a slash, and the name of what it is a share of"};
            }
            made.push_back({each.substr(0, slash), each.substr(slash + 1)});
        }
        return made;
    }

    void take(history const& frames, series const& about, double value) {
        for (auto const& each : shares_) {
            if (each.used == about.name) {
                double const total = frames.value(each.total + about.key.substr(about.name.size()), frames.last_seq());
                auto* const judge = is_finite(total) && total > 0 ? find(memory_, about.key, options_) : nullptr;
                if (judge != nullptr) {
                    judge->update(now_.time_since_epoch(), value / total);
                }
            }
        }
        if (hit_ratios_.contains(about)) {
            if (auto* const judge = find(ratios_, about.key, options_, forecast::polarity::higher_is_better)) {
                judge->update(now_.time_since_epoch(), value, about.unit);
            }
        }
        if (latencies_.contains(about)) {
            if (auto* const judge = find(times_, about.key, options_, forecast::polarity::lower_is_better)) {
                judge->update(now_.time_since_epoch(), value, about.unit);
            }
        }
    }

    /// The judge of a series, which comes with its first value; null when there are too many.
    template<class Judge, class... Arguments>
    static Judge* find(by_key<Judge>& in, std::string const& key, Arguments const&... arguments) {
        auto at = in.find(key);
        if (at == in.end() && in.size() < most_series) {
            at = in.emplace(key, Judge{arguments...}).first;
        }
        return at == in.end() ? nullptr : &at->second;
    }

    /// Rates of requests and errors over all components, smoothed over about a minute.
    void smooth(double requests, double errors) noexcept {
        constexpr double step = 1.0 / 60;
        requests_ += (requests - requests_) * step;
        errors_ += (errors - errors_) * step;
    }

    forecast::health_inputs health_inputs() const {
        forecast::health_inputs made;
        auto const worse = [](std::optional<double>& of, double value, bool is_higher_worse) {
            if (!of || (value > *of) == is_higher_worse) {
                of = value;
            }
        };
        for (auto const& [key, each] : memory_) {
            worse(made.memory_use, each.used(), true);
            if (each.said()) {
                worse(made.minutes_to_critical, each.said().minutes, false);
            }
        }
        for (auto const& [key, each] : ratios_) {
            worse(made.hit_ratio, each.value(), false);
        }
        for (auto const& [key, each] : times_) {
            worse(made.latency_ratio, each.value() / options_.latency_limit, true);
        }
        if (requests_ > 1e-6) {
            made.error_ratio = std::min(1.0, errors_ / requests_);
        }
        made.anomaly_score = anomaly_score_;
        return made;
    }

    std::vector<std::pair<std::shared_ptr<planned_action>, memory_prediction>> due_actions() {
        std::vector<std::pair<std::shared_ptr<planned_action>, memory_prediction>> due;
        for (auto& [key, action] : actions_) {
            auto const at = memory_.find(key);
            bool const is_advised = at != memory_.end() && at->second.said() && at->second.said().cleanup_advised;
            if (is_advised &&
                (!action->last || now_ - *action->last >= options_.cleanup_pause || now_ < *action->last)) {
                action->last = now_;
                due.emplace_back(action, at->second.report(key));
                at->second.cleaned_up();
            }
        }
        return due;
    }

    static void run(planned_action& action, memory_prediction const& why) {
        std::scoped_lock const lock{action.mutex};
        if (action.action != nullptr) {
            action.action(why);
        }
    }

    template<class Judge>
    static void save(record_writer& out, by_key<Judge> const& all) {
        out.number(static_cast<std::uint64_t>(all.size()));
        for (auto const& entry : all) {
            out.record(entry.first, [&](std::vector<std::byte>& bytes) {
                state_writer state{bytes};
                entry.second.save(state);
            });
        }
    }

    template<class Judge, class... Arguments>
    void load(record_reader& in, by_key<Judge>& into, Arguments const&... arguments) const {
        auto const count = in.number<std::uint64_t>();
        for (std::uint64_t i = 0; i < count && in.good(); ++i) {
            auto key = in.text();
            state_reader state{in.body()};
            Judge each{arguments...};
            if (in.good() && !each.load(state) && into.size() < most_series) { // else it is learned anew
                into.emplace(std::move(key), std::move(each));
            }
        }
    }

    prediction_options options_;
    std::vector<share> shares_;
    detail::name_list hit_ratios_;
    detail::name_list latencies_;
    forecast::health_score health_;
    mutable std::mutex mutex_;
    by_key<detail::memory_judge> memory_;
    by_key<ratio_judge> ratios_;
    by_key<time_judge> times_;
    std::map<std::string, std::shared_ptr<planned_action>, std::less<>> actions_;
    wall_time now_{};
    double requests_ = 0;
    double errors_ = 0;
    std::optional<double> anomaly_score_{};
};

inline void prediction_watch::save(std::vector<std::byte>& to) const {
    std::scoped_lock const lock{mutex_};
    record_writer out{to};
    out.number(layout);
    save(out, memory_);
    save(out, ratios_);
    save(out, times_);
}

inline bool prediction_watch::load(std::span<std::byte const> from) {
    record_reader in{from};
    if (in.number<std::uint32_t>() != layout) {
        return false;
    }
    by_key<detail::memory_judge> memory;
    by_key<ratio_judge> ratios;
    by_key<time_judge> times;
    load(in, memory, options_);
    load(in, ratios, options_, forecast::polarity::higher_is_better);
    load(in, times, options_, forecast::polarity::lower_is_better);
    if (!in.good() || !in.at_end()) {
        return false;
    }
    std::scoped_lock const lock{mutex_};
    memory_ = std::move(memory);
    ratios_ = std::move(ratios);
    times_ = std::move(times);
    return true;
}

} // namespace orfeas::inline v0::observe
