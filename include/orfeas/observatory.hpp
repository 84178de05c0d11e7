// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/default_rules.hpp>
#include <orfeas/alert/notifier_options.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/cost/cost_options.hpp>
#include <orfeas/detect/metric_detector.hpp>
#include <orfeas/detect/metric_options.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/metrics.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observe.hpp>
#include <orfeas/observe/alert_watch.hpp>
#include <orfeas/observe/anomaly_watch.hpp>
#include <orfeas/observe/cache_clearing.hpp>
#include <orfeas/observe/coarse_history.hpp>
#include <orfeas/observe/cost_watch.hpp>
#include <orfeas/observe/cost_watch_options.hpp>
#include <orfeas/observe/executor_lag.hpp>
#include <orfeas/observe/optional_log_file.hpp>
#include <orfeas/observe/prediction_watch.hpp>
#include <orfeas/observe/sampling_loop.hpp>
#include <orfeas/observe/scaling_watch.hpp>
#include <orfeas/observe/scaling_watch_options.hpp>
#include <orfeas/observe/state_file.hpp>
#include <orfeas/scale/advisor_options.hpp>
#include <orfeas/serve.hpp>
#include <orfeas/trace.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0 {

/// What an observatory is made of. Prefix ORFEAS_OBSERVATORY_ for its own members; each part has a prefix of its own.
struct observatory_options {
    std::string service = "orfeas"; ///< the name of the service in traces, status and page
    observe::sampler_options sampler{};
    metrics::registry_options metrics{};
    trace::tracer_options trace{};
    observe::coarse_history_options coarse{};
    observe::anomaly_options anomalies{};
    detect::metric_options detector{}; ///< of each series that is judged
    observe::prediction_options predictions{};
    alert::notifier_options alerts{};             ///< when people are told of alerts
    alert::default_rule_options default_alerts{}; ///< thresholds of the ten alerts that are configured beforehand
    bool has_default_alerts = true;               ///< false: only rules of the application's own
    cost::cost_options costs{};                   ///< prices
    observe::cost_watch_options costed{};         ///< which series say what was served
    scale::advisor_options scaling{};             ///< targets and bounds of the replicas
    observe::scaling_watch_options scaled{};      ///< which series say how much there is to do
    std::string cost_ledger{};                    ///< file of what was spent, which outlives the process; none if empty
    std::string state_file{};                     ///< where what was learned outlives the process; nowhere if empty
    std::chrono::seconds save_interval{300};      ///< from one saving to the next
    logger log{};                                 ///< where events go; silent unless set

    static constexpr std::string_view environment_prefix = "ORFEAS_OBSERVATORY_";
    static void fields(auto& self, auto&& field) {
        field("service", self.service, non_empty{}, "name of the service");
        field("has_default_alerts", self.has_default_alerts, any_value{},
              "whether the ten alerts that are configured beforehand are there");
        field("cost_ledger", self.cost_ledger, any_value{}, "file of what was spent; none if empty");
        field("state_file", self.state_file, any_value{}, "where what was learned outlives the process");
        field("save_interval", self.save_interval, in_range(std::chrono::seconds{1}, std::chrono::seconds{86'400}),
              "from one saving to the next");
    }
};
static_assert(options<observatory_options>);

/// `base` with what the environment says of the observatory and each of its parts.
/// Throws option_error for a malformed or unknown variable under one of their prefixes.
inline observatory_options observatory_from_environment(observatory_options base = {},
                                                        environment const& variables = {}) {
    base = from_environment(std::move(base), variables);
    base.sampler = from_environment(base.sampler, variables);
    base.metrics = from_environment(base.metrics, variables);
    base.trace = from_environment(base.trace, variables);
    base.coarse = from_environment(base.coarse, variables);
    base.anomalies = from_environment(std::move(base.anomalies), variables);
    base.detector = from_environment(std::move(base.detector), variables);
    base.predictions = observe::from_environment_with_parts(std::move(base.predictions), variables);
    base.alerts = from_environment(std::move(base.alerts), variables);
    base.default_alerts = from_environment(base.default_alerts, variables);
    base.costs = from_environment(std::move(base.costs), variables);
    base.costed = from_environment(std::move(base.costed), variables);
    base.scaling = from_environment(std::move(base.scaling), variables);
    base.scaled = from_environment(std::move(base.scaled), variables);
    return base;
}

/// Everything that observes a service, wired in one object that the application owns: a registry for its metrics, a
/// tracer, the components that it watches, a frame of all their measurements once a second, and what these give rise to:
/// anomalies, forecasts and advice, and alerts.
///
///     observatory obs{io.get_executor(), {.service = "studio"}};
///     obs.watch("pool", pool);
///     serve::server web{io.get_executor(), obs, {.port = 5000}};
///
/// Frames are taken on the executor, and its lag is probed, from construction until `stop()`; it has work as long.
/// What is watched, and the executor, outlive the observatory or its watch. With a state file, what was learned is taken up
/// from it at construction, and saved to it once a `save_interval`, which holds the executor up for as long as the disk takes,
/// and by `stop()`. Alerts are saved beside it, in a file with ".alerts" appended, whenever one has changed and before anybody is
/// told of it.
/// Thread-safe.
template<clock Clock = steady_clock>
class basic_observatory {
  public:
    using anomaly_watch = observe::anomaly_watch<detect::metric_detector>;
    using cost_watch = observe::cost_watch<observe::optional_log_file>;

    /// Throws option_error for options out of range. A state file that cannot be read is an event of the log; it is kept
    /// under the name with ".refused" appended.
    explicit basic_observatory(boost::asio::any_io_executor executor, observatory_options options = {},
                               Clock clock = {})
        : service_{std::move(options.service)},
          clock_{std::move(clock)},
          log_{std::move(options.log)},
          metrics_{with_exemplars(options.metrics)},
          tracer_{named(options.trace, service_)},
          memory_{options.sampler.history_size},
          coarse_{options.coarse},
          anomalies_{options.anomalies, detect::metric_detector{options.detector}},
          predictions_{std::move(options.predictions)},
          alerts_{std::move(options.alerts)},
          scaling_{options.scaled, options.scaling},
          costs_{options.costed, std::move(options.costs), observe::optional_log_file{options.cost_ledger}},
          state_file_{std::move(options.state_file)},
          save_interval_{options.save_interval},
          sampler_{options.sampler, clock_},
          lag_{executor},
          loop_{std::move(executor), options.sampler.interval, [this] { tick(); }} {
        if (options.has_default_alerts) {
            alerts_.set_rules(alert::default_rules(options.default_alerts));
        }
        load_state();
        load_alerts();
        open_ledger(options.cost_ledger);
        sampler_.add_reader([this](measurement const& each) { alerts_.note(each); });
        sampler_.add_source([this](measurement_sink sink) { measure(sink); });
        sampler_.add_source([this](measurement_sink sink) { metrics_.measure(sink); });
        sampler_.add_listener([this](observe::history const& frames) { judge(frames); });
        lag_.start();
        loop_.start();
    }

    basic_observatory(basic_observatory const&) = delete;
    basic_observatory& operator=(basic_observatory const&) = delete;

    /// Shows a component's measurements and status under `name` from the next frame on; of a memory pool also what it holds
    /// and how it has fared; of a cache its tiers and servers, and an operator may clear it unless it is const. The component
    /// outlives its watch. Throws option_error when the name is empty or taken.
    template<class Component>
        requires measurable<std::remove_const_t<Component>>
    void watch(std::string name, Component& component) {
        using observe::reports_cache, observe::reports_memory, observe::reports_status;
        using plain = std::remove_const_t<Component>;
        if constexpr (reports_cache<plain> && !reports_status<plain>) {
            components_.add(name, component,
                            [&component] { return observe::status_of(observe::in_tiers(component.stats())); });
        } else {
            components_.add(name, component);
        }
        bool in_memory = false;
        try {
            if constexpr (reports_memory<plain>) {
                memory_.add(name, component);
                in_memory = true;
            }
            if constexpr (reports_cache<plain>) {
                caches_.add(name, component, observe::clearing_of(component));
            }
        } catch (...) { // all or nothing: the caller may end the component now
            components_.remove(name);
            if (in_memory) {
                memory_.remove(name);
            }
            throw;
        }
    }

    /// Ends the watch of a component; false when there is none of this name.
    bool unwatch(std::string_view name) {
        predictions_.forget_action(allocated_key(name));
        memory_.remove(name);
        caches_.remove(name);
        return components_.remove(name);
    }

    /// Has a watched pool cleaned up ahead of need: when the forecast says that its memory will be critical within the lead
    /// (`time_to_critical_options::cleanup_lead`), its reclaimers are asked to free what is allocated above the share `down_to`
    /// of it, and what is unused is given back. Runs while a frame is taken, at most once a `cleanup_pause`, until `unwatch`;
    /// reclaimers must not ask for the frames. Throws option_error when no pool of this name is watched.
    template<memory::reclaimable_resource Pool>
    void clean_up_ahead(std::string name, Pool& pool, double down_to = 0.75) {
        if (!memory_.set_cleanup_ahead(name)) {
            throw option_error{"pool name", name, "the name of a pool under watch"};
        }
        auto key = allocated_key(name);
        predictions_.on_cleanup_advised(
            std::move(key), [this, &pool, name = std::move(name), down_to](observe::memory_prediction const& why) {
                clean_up(name, pool, down_to, why);
            });
    }

    /// Where the application registers its own metrics.
    metrics::registry& metrics() noexcept { return metrics_; }

    /// Where the application's spans begin.
    trace::tracer& tracer() noexcept { return tracer_; }

    observe::sampler<Clock>& sampler() noexcept { return sampler_; }
    observe::components const& components() const noexcept { return components_; }

    /// The memory of the watched pools; tell it of cleanups.
    observe::memory_watch& memory() noexcept { return memory_; }
    observe::memory_watch const& memory() const noexcept { return memory_; }

    /// The watched caches: what they did, and a way to clear them.
    observe::cache_watch& caches() noexcept { return caches_; }
    observe::cache_watch const& caches() const noexcept { return caches_; }

    /// What was unlike the frames before; name series of the application's to be judged, too.
    anomaly_watch& anomalies() noexcept { return anomalies_; }
    anomaly_watch const& anomalies() const noexcept { return anomalies_; }

    /// What is foreseen.
    observe::prediction_watch& predictions() noexcept { return predictions_; }
    observe::prediction_watch const& predictions() const noexcept { return predictions_; }

    /// The alerts: add rules of the application's own, and who is to be told.
    observe::alert_watch& alerts() noexcept { return alerts_; }
    observe::alert_watch const& alerts() const noexcept { return alerts_; }

    /// How many replicas are needed; tell it how many there are.
    observe::scaling_watch& scaling() noexcept { return scaling_; }
    observe::scaling_watch const& scaling() const noexcept { return scaling_; }

    /// What the GPUs cost, and for what.
    cost_watch& costs() noexcept { return costs_; }
    cost_watch const& costs() const noexcept { return costs_; }

    /// Calls `read(history)` with what the series have been for longer than the frames reach back, and returns what it returns.
    template<class Read>
    decltype(auto) with_coarse_history(Read&& read) const {
        std::scoped_lock const lock{coarse_mutex_};
        return std::forward<Read>(read)(std::as_const(coarse_));
    }

    /// Saves what was learned to the state file, and waits for the disk. Does nothing without such a file.
    std::error_code save_state() const;

    logger const& log() const noexcept { return log_; }
    std::string_view service() const noexcept { return service_; }

    /// Names this run of the service: sequence numbers of frames hold within it.
    std::string_view boot_id() const noexcept { return boot_id_; }

    /// Since the observatory was made.
    std::chrono::nanoseconds uptime() const { return clock_.now() - start_; }

    /// Reports all that is measured but the registry's metrics: process, control group, executor, GPUs, tracer, components,
    /// anomalies, health, alerts, costs and advice about replicas.
    void measure(measurement_sink sink) const {
        process_.measure(sink);
        cgroup_.measure(sink);
        lag_.measure(sink);
        gpus_.measure(sink);
        tracer_.measure(sink);
        components_.measure(sink);
        anomalies_.measure(sink);
        predictions_.measure(sink);
        alerts_.measure(sink);
        costs_.measure(sink);
        scaling_.measure(sink);
    }

    /// Ends the taking of frames and the probing of the executor; on return neither is under way. Await it before the
    /// executor runs out or what is watched goes away. Saves the state last. Resumes on the caller's executor.
    task<void> stop() {
        co_await lag_.stop();
        co_await loop_.stop();
        static_cast<void>(save_state()); // the log has it
        costs_.flush();
    }

  private:
    /// The current span, for exemplars, where its trace is sampled.
    static metrics::exemplar_ids current_ids() noexcept {
        auto const here = trace::current_context();
        return here.sampled() ? metrics::exemplar_ids{here.trace, here.span} : metrics::exemplar_ids{};
    }

    static metrics::registry_options with_exemplars(metrics::registry_options options) {
        if (options.exemplar_source == nullptr) {
            options.exemplar_source = &current_ids;
        }
        return options;
    }

    /// Traces bear the name of the service unless they were given another.
    static trace::tracer_options named(trace::tracer_options options, std::string const& service) {
        if (options.service == trace::tracer_options{}.service) {
            options.service = service;
        }
        return options;
    }

    static std::string allocated_key(std::string_view name) {
        std::string key;
        label const labels[] = {{"component", name}};
        observe::append_series_key(key, "memory_allocated_bytes", labels);
        return key;
    }

    void tick() {
        sampler_.sample();
        if (!state_file_.empty() && clock_.now() - last_save_.load() >= save_interval_) {
            static_cast<void>(save_state()); // the log has it
        }
    }

    void judge(observe::history const& frames) {
        memory_.sample();
        {
            std::scoped_lock const lock{coarse_mutex_};
            coarse_.take(frames);
        }
        anomalies_.take(frames);
        predictions_.set_anomaly_score(anomalies_.worst_score());
        predictions_.take(frames);
        costs_.take(frames);
        scaling_.take(frames);
        alerts_.take(frames);
    }

    template<class Pool>
    void clean_up(std::string const& name, Pool& pool, double down_to, observe::memory_prediction const& why) {
        auto const before = pool.profile();
        double const kept = down_to * static_cast<double>(before.total_bytes);
        double const wanted = static_cast<double>(before.allocated_bytes) - kept;
        std::uint64_t reclaimed = 0;
        if constexpr (requires { pool.reclaim(std::uint64_t{}); }) {
            reclaimed = wanted > 0 ? pool.reclaim(static_cast<std::uint64_t>(wanted)) : 0;
        }
        auto report = pool.cleanup();
        log_(severity::warning, "observatory", "cleaned_up_ahead",
             {{"pool", name},
              {"minutes_left", why.estimate.minutes},
              {"used_ratio", why.used},
              {"reclaimed_bytes", reclaimed},
              {"freed_bytes", report.freed_bytes}});
        memory_.record(name, {.time = clock_.wall_now(), .report = std::move(report)});
    }

    void load_state();
    void load_alerts();
    void save_alerts() const;
    void open_ledger(std::string const& file);
    void refuse_state(std::string const& file, std::string_view why) const;

    std::string service_;
    Clock clock_;
    std::string boot_id_ = to_string(span_id{random_seed()});
    monotonic_time start_ = clock_.now();
    logger log_;
    metrics::registry metrics_;
    trace::tracer tracer_;
    observe::process_collector process_;
    observe::cgroup_collector cgroup_;
    observe::nvml_collector gpus_;
    observe::components components_;
    observe::memory_watch memory_;
    observe::cache_watch caches_;
    mutable std::mutex coarse_mutex_;
    observe::coarse_history coarse_;
    anomaly_watch anomalies_;
    observe::prediction_watch predictions_;
    observe::alert_watch alerts_;
    mutable std::mutex alert_file_mutex_;
    observe::scaling_watch scaling_;
    cost_watch costs_;
    std::string state_file_;
    std::chrono::seconds save_interval_;
    mutable std::mutex save_mutex_;                         // one saving at a time
    mutable std::atomic<monotonic_time> last_save_{start_}; // or the last try
    observe::sampler<Clock> sampler_;
    observe::executor_lag lag_;
    observe::sampling_loop loop_;
};

using observatory = basic_observatory<>;
static_assert(serve::source<observatory> && serve::judged_source<observatory> && serve::coarse_source<observatory> &&
              serve::costed_source<observatory> && serve::alerting_source<observatory> &&
              serve::scaled_source<observatory>);

template<clock Clock>
std::error_code basic_observatory<Clock>::save_state() const {
    if (state_file_.empty()) {
        return {};
    }
    std::scoped_lock const lock{save_mutex_};
    last_save_ = clock_.now();
    std::vector<std::byte> bytes;
    record_writer out{bytes};
    out.record("coarse_history", [this](std::vector<std::byte>& to) {
        with_coarse_history([&](observe::coarse_history const& kept) { kept.save(to); });
    });
    out.record("anomalies", [this](std::vector<std::byte>& to) { anomalies_.save(to); });
    out.record("predictions", [this](std::vector<std::byte>& to) { predictions_.save(to); });
    auto const failed = observe::write_state_file(state_file_, bytes);
    if (failed) {
        log_(severity::warning, "observatory", "state_not_saved", {{"file", state_file_}, {"why", failed.message()}});
    }
    return failed;
}

template<clock Clock>
void basic_observatory<Clock>::load_state() {
    if (state_file_.empty()) {
        return;
    }
    std::vector<std::byte> bytes;
    auto const failed = observe::read_state_file(state_file_, bytes);
    if (failed == std::errc::no_such_file_or_directory) {
        return;
    }
    bool all_taken = !failed;
    record_reader in{bytes};
    while (!failed && in.good() && !in.at_end()) {
        auto const name = in.text();
        auto const body = in.body();
        all_taken = (name != "coarse_history" || coarse_.load(body)) &&
                    (name != "anomalies" || anomalies_.load(body)) &&
                    (name != "predictions" || predictions_.load(body)) && all_taken;
    }
    if (all_taken && in.good()) {
        return;
    }
    refuse_state(state_file_, failed ? failed.message() : "a part is of other options or damaged");
}

/// A file that is not understood is kept under another name, for people to look at.
template<clock Clock>
void basic_observatory<Clock>::refuse_state(std::string const& file, std::string_view why) const {
    std::string const kept = file + ".refused";
    static_cast<void>(std::rename(file.c_str(), kept.c_str()));
    log_(severity::warning, "observatory", "state_refused", {{"file", file}, {"why", why}, {"kept_as", kept}});
}

template<clock Clock>
void basic_observatory<Clock>::load_alerts() {
    if (state_file_.empty()) {
        return;
    }
    std::string const file = state_file_ + ".alerts";
    std::vector<std::byte> bytes;
    auto const failed = observe::read_state_file(file, bytes);
    if (failed != std::errc::no_such_file_or_directory && (failed || !alerts_.load(bytes))) {
        refuse_state(file, failed ? failed.message() : "it is of another version");
    }
    alerts_.on_change([this] { save_alerts(); });
}

template<clock Clock>
void basic_observatory<Clock>::save_alerts() const {
    std::scoped_lock const lock{alert_file_mutex_};
    std::vector<std::byte> bytes;
    alerts_.save(bytes);
    std::string const file = state_file_ + ".alerts";
    if (auto const failed = observe::write_state_file(file, bytes)) {
        log_(severity::warning, "observatory", "alerts_not_saved", {{"file", file}, {"why", failed.message()}});
    }
}

/// Without its ledger the accounts are kept in memory alone, and the lines wait.
template<clock Clock>
void basic_observatory<Clock>::open_ledger(std::string const& file) {
    if (auto const failed = costs_.open()) {
        log_(severity::warning, "observatory", "cost_ledger_not_read", {{"file", file}, {"why", failed.message()}});
    }
}

} // namespace orfeas::inline v0
