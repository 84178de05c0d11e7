// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/scale/advisor_options.hpp>
#include <orfeas/scale/behavior.hpp>
#include <orfeas/scale/detail/advice_words.hpp>
#include <orfeas/scale/device_fit.hpp>
#include <orfeas/scale/observation.hpp>
#include <orfeas/scale/replica_formula.hpp>
#include <orfeas/scale/scaling_advice.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace orfeas::inline v0::scale {

/// Says how many replicas a service should have, and why.
///
/// Each metric proposes a number by the formula of the Kubernetes HPA, and so does the upper value of a predicted load; the
/// largest counts. What could not be read keeps what there is from being scaled down. The result follows windows and policies
/// (`behavior`), and is bounded by the most replicas, by what fits into the devices' memory and by what the budget pays. A
/// replica that is ready evidently fits: it is not given up for memory. With a forecast never fewer replicas are advised than
/// without one: both histories are kept, and the larger advice holds. Where nothing has come for long, and starting anew is fast enough, none at all is.
///
/// It only advises: what has been done of it, it sees in the next observation. No clock, no thread.
/// Thread-compatible (distinct objects).
class advisor {
  public:
    static constexpr state_kind kind{"scaling_advisor", 1};

    /// Throws option_error.
    explicit advisor(advisor_options options = {})
        : options_{checked(std::move(options))},
          reactive_{options_.up(), options_.down(), options_.max_replicas},
          ahead_{reactive_} {}

    advisor_options const& options() const noexcept { return options_; }

    /// The advice for this moment; valid until the next call. Call it at regular times, as the HPA does each 15 s. When the time
    /// goes back, none has passed, and the stream goes on from there. Allocates what the words need.
    scaling_advice const& advise(std::chrono::nanoseconds time, observation const& of) {
        now_ += has_begun_ ? std::max(time - told_, std::chrono::nanoseconds{0}) : std::chrono::nanoseconds{0};
        told_ = time;
        busy_at_ = has_begun_ && is_quiet(of) ? busy_at_ : now_;
        has_begun_ = true;
        reactive_.observe(now_, of.replicas);
        ahead_.observe(now_, of.replicas);
        auto const before = desired_;
        begin(of);
        choose(of);
        desired_ = advice_.desired_replicas;
        ups_ += advices_ > 0 && desired_ > before ? 1U : 0U;
        downs_ += advices_ > 0 && desired_ < before ? 1U : 0U;
        ++advices_;
        has_advised_ = true;
        return advice_;
    }

    /// The last advice, or null before the first: no advice is not the advice to have none.
    scaling_advice const* last() const noexcept { return has_advised_ ? &advice_ : nullptr; }

    /// Reports the last advice; not while `advise` runs.
    void measure(measurement_sink sink) const;

    /// Windows, policies and idleness go on after a restart as if there had been none. The last advice is not kept: the next one
    /// is made anew.
    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.reactive_, self.ahead_, self.told_, self.now_, self.busy_at_, self.has_begun_, self.desired_,
           self.advices_, self.ups_, self.downs_);
    }
    bool valid() const noexcept { return reactive_.valid() && ahead_.valid() && busy_at_ <= now_; }

  private:
    /// What is wanted in all; `unread` counts the metrics that could not be told.
    struct wish {
        std::optional<std::uint32_t> replicas{};
        std::uint32_t unread = 0;
        bool expects_work = false;
    };
    struct decision {
        std::uint32_t replicas;
        scaling_term term;
    };

    static advisor_options checked(advisor_options options) {
        validate(options);
        return options;
    }

    void begin(observation const& of) {
        advice_ = {};
        advice_.current_replicas = of.replicas;
        advice_.ready_replicas = of.ready;
        advice_.idle_s = std::chrono::duration<double>{now_ - busy_at_}.count();
    }

    /// Whether it is known that nothing is to be done.
    bool is_quiet(observation const& of) const noexcept {
        bool const is_known = is_finite(of.load) && (options_.target_queue == 0 || is_finite(of.queue));
        return is_known && of.load <= options_.activation_load && !(of.queue > 0);
    }
    void propose(wish& all, metric_reading const& of, observation const& seen) {
        auto const ready = std::min(seen.ready, seen.replicas);
        auto const proposed = propose_replicas(of, seen.replicas, ready, options_.tolerance);
        auto& made = advice_.metrics.emplace_back(metric_advice{std::string{of.name}, of.kind, of.value, of.target});
        if (of.kind == metric_kind::average && seen.replicas == 0) {
            return; // there is none that could report
        }
        if (proposed) {
            made.ratio = proposed->ratio;
            made.desired_replicas = proposed->replicas;
            if (!all.replicas || proposed->replicas > *all.replicas) {
                all.replicas = proposed->replicas;
                advice_.limiting_metric = of.name;
            }
        } else {
            ++all.unread;
        }
        advice_.reasons.push_back(detail::in_words(made));
    }

    /// What the metrics want.
    wish read(observation const& of) {
        wish all;
        auto const add = [&](std::string_view name, metric_kind how, double value, double target,
                             std::uint32_t missing = 0) {
            if (target > 0) {
                propose(all, {name, how, value, target, missing}, of);
            }
        };
        add("utilization", metric_kind::average, of.utilization, options_.target_utilization, of.missing);
        add("queue", metric_kind::average_value, of.queue, options_.target_queue);
        bool const is_unasked = of.load == 0 && !is_finite(of.p95_ms); // who is not asked is not slow
        add("p95_ms", metric_kind::value, is_unasked ? 0 : of.p95_ms, options_.target_p95_ms);
        add("load", metric_kind::average_value, of.load, options_.load_per_replica);
        for (auto const& each : of.further) {
            propose(all, each, of);
        }
        return all;
    }

    /// What the metrics and the forecast want.
    wish foresee(wish all, observation const& of) {
        if (!of.forecast) {
            return all;
        }
        all.expects_work = of.forecast->high > options_.activation_load;
        auto const proposed =
            propose_replicas({"forecast", metric_kind::average_value, of.forecast->high, options_.load_per_replica},
                             of.replicas, std::min(of.ready, of.replicas), options_.tolerance);
        if (proposed) {
            advice_.forecast_replicas = proposed->replicas;
            advice_.reasons.push_back(detail::in_words(*of.forecast, proposed->replicas));
            all.replicas = std::max(all.replicas.value_or(0), proposed->replicas);
        }
        return all;
    }

    scaling_bounds bounds(observation const& of) {
        scaling_bounds made{options_.min_replicas, options_.max_replicas, scaling_term::maximum};
        auto const fit = fit_devices(options_, of.devices_now);
        advice_.fitting_replicas = fit.replicas;
        auto const devices = of.devices_now.value_or(options_.devices);
        if (auto const running = std::min(of.ready, of.replicas);
            fit.replicas && std::max(*fit.replicas, running) < made.most) {
            made.most = std::max(*fit.replicas, running);
            made.limited_by = scaling_term::gpu_memory;
        }
        if (options_.budget_per_hour > 0) {
            double const paid = options_.budget_per_hour / options_.price_per_hour + detail::rounding;
            advice_.affordable_replicas = static_cast<std::uint32_t>(std::min(paid, detail::most_replicas));
            if (*advice_.affordable_replicas < made.most) {
                made.most = *advice_.affordable_replicas;
                made.limited_by = scaling_term::budget;
            }
        }
        made.least = std::min(made.least, made.most);
        advice_.min_replicas = made.least;
        advice_.max_replicas = made.most;
        if (made.limited_by == scaling_term::gpu_memory) {
            advice_.reasons.push_back(detail::memory_in_words(options_, devices, *fit.replicas));
        }
        return made;
    }

    void choose(observation const& of) {
        auto const wanted = read(of);
        auto const foreseen = foresee(wanted, of);
        auto const within = bounds(of);
        auto const reactive = decide(reactive_, wanted, of, within);
        auto const ahead = decide(ahead_, foreseen, of, within);
        bool const is_ahead = ahead.replicas > reactive.replicas;
        auto const made = is_ahead ? ahead : reactive;
        advice_.reactive_replicas = reactive.replicas;
        advice_.desired_replicas = made.replicas;
        advice_.limiting_term = is_ahead && made.term == scaling_term::metric ? scaling_term::forecast : made.term;
        advice_.cost_per_hour = options_.price_per_hour * made.replicas;
        advice_.reasons.push_back(
            detail::verdict_in_words(advice_, (is_ahead ? foreseen : wanted).replicas.value_or(of.replicas), options_));
    }

    decision decide(behavior& by, wish const& all, observation const& of, scaling_bounds const& within) const noexcept {
        std::uint32_t const current = of.replicas;
        std::uint32_t const wanted = all.replicas.value_or(current);
        bool const may_rest = options_.may_rest();
        if (current == 0 && !may_rest) {
            return {0, scaling_term::disabled};
        }
        bool const is_idle = now_ - busy_at_ >= options_.idle_after;
        bool const has_work = all.expects_work || of.load > options_.activation_load || of.queue > 0;
        if (may_rest && !all.expects_work && (current == 0 ? !has_work : is_idle)) {
            return {0, is_quiet(of) ? scaling_term::idle : scaling_term::missing_metrics};
        }
        if (current == 0) {
            return awake(by, wanted, within);
        }
        if (current > within.most) {
            return {within.most, within.limited_by};
        }
        if (current < within.least) {
            return {within.least, scaling_term::minimum};
        }
        bool const is_blind = !all.replicas && all.unread > 0;
        if (is_blind || (all.unread > 0 && wanted < current)) {
            return {current, scaling_term::missing_metrics};
        }
        auto const paced = by.pace(wanted, within);
        bool const is_free = paced.term == scaling_term::steady && paced.replicas != current;
        return {paced.replicas, is_free ? scaling_term::metric : paced.term};
    }

    /// From none to as many as are needed, at least to the minimum at once.
    static decision awake(behavior& by, std::uint32_t wanted, scaling_bounds const& within) noexcept {
        auto const paced = by.pace(std::max(wanted, within.least), within);
        bool const is_limited = paced.term == scaling_term::gpu_memory || paced.term == scaling_term::budget;
        return {std::max(paced.replicas, within.least), is_limited ? paced.term : scaling_term::activation};
    }

    advisor_options options_;
    behavior reactive_;
    behavior ahead_;                   // with the forecast
    std::chrono::nanoseconds told_{0}; // in the caller's time
    std::chrono::nanoseconds now_{0};  // since the first advice
    std::chrono::nanoseconds busy_at_{0};
    bool has_begun_ = false;
    std::uint32_t desired_ = 0;
    std::uint64_t advices_ = 0;
    std::uint64_t ups_ = 0;
    std::uint64_t downs_ = 0;
    scaling_advice advice_{};
    bool has_advised_ = false; // since this object began
};
static_assert(saves_state<advisor>);
static_assert(measurable<advisor>);

inline void advisor::measure(measurement_sink sink) const {
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    auto const gauge = [&](std::string_view name, double value, std::string_view help) {
        sink({name, measurement_kind::gauge, unit::none, has_advised_ ? value : none, {}, help});
    };
    auto const count = [&](std::string_view name, std::uint64_t value, std::string_view help) {
        sink({name, measurement_kind::counter, unit::none, static_cast<double>(value), {}, help});
    };
    gauge("scale_desired_replicas", desired_, "Replicas that are advised.");
    gauge("scale_current_replicas", advice_.current_replicas, "Replicas that were asked for.");
    gauge("scale_ready_replicas", advice_.ready_replicas, "Replicas that serve.");
    gauge("scale_reactive_replicas", advice_.reactive_replicas, "Replicas that are advised without a forecast.");
    gauge("scale_forecast_replicas", advice_.forecast_replicas ? *advice_.forecast_replicas : none,
          "Replicas that the predicted load wants, without limits.");
    gauge("scale_max_replicas", advice_.max_replicas, "The most replicas under all bounds.");
    gauge("scale_cost_per_hour", advice_.cost_per_hour, "Price of the replicas that are advised.");
    sink({"scale_idle_seconds", measurement_kind::gauge, unit::seconds, advice_.idle_s, {}, "Time without work."});
    for (auto const& each : advice_.metrics) {
        std::array<label, 1> const labels{{{"metric", each.name}}};
        sink({"scale_metric_replicas", measurement_kind::gauge, unit::none,
              each.desired_replicas ? *each.desired_replicas : none, labels, "Replicas that one metric alone wants."});
    }
    count("scale_advices_total", advices_, "Advices given.");
    count("scale_ups_total", ups_, "Advices that asked for more replicas than the one before.");
    count("scale_downs_total", downs_, "Advices that asked for fewer replicas than the one before.");
}

} // namespace orfeas::inline v0::scale
