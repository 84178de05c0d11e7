// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/metrics.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observe.hpp>
#include <orfeas/observe/cache_clearing.hpp>
#include <orfeas/observe/executor_lag.hpp>
#include <orfeas/observe/sampling_loop.hpp>
#include <orfeas/serve.hpp>
#include <orfeas/trace.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0 {

/// What an observatory is made of. Prefix ORFEAS_OBSERVATORY_ for its own members; each part has a prefix of its own.
struct observatory_options {
    std::string service = "orfeas"; ///< the name of the service in traces, status and page
    observe::sampler_options sampler{};
    metrics::registry_options metrics{};
    trace::tracer_options trace{};
    logger log{}; ///< where events go; silent unless set

    static constexpr std::string_view environment_prefix = "ORFEAS_OBSERVATORY_";
    static void fields(auto& self, auto&& field) { field("service", self.service, non_empty{}, "name of the service"); }
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
    return base;
}

/// Everything that observes a service, wired in one object that the application owns: a registry for its metrics, a
/// tracer, the components that it watches, and a frame of all their measurements once a second.
///
///     observatory obs{io.get_executor(), {.service = "studio"}};
///     obs.watch("pool", pool);
///     serve::server web{io.get_executor(), obs, {.port = 5000}};
///
/// Frames are taken on the executor, and its lag is probed, from construction until `stop()`; it has work as long.
/// What is watched, and the executor, outlive the observatory or its watch.
/// Thread-safe.
class observatory {
  public:
    /// Throws option_error for options out of range.
    explicit observatory(boost::asio::any_io_executor executor, observatory_options options = {})
        : service_{std::move(options.service)},
          log_{std::move(options.log)},
          metrics_{with_exemplars(options.metrics)},
          tracer_{named(options.trace, service_)},
          memory_{options.sampler.history_size},
          sampler_{options.sampler},
          lag_{executor},
          loop_{std::move(executor), options.sampler.interval, [this] { sampler_.sample(); }} {
        sampler_.add_source([this](measurement_sink sink) { measure(sink); });
        sampler_.add_source([this](measurement_sink sink) { metrics_.measure(sink); });
        sampler_.add_listener([this](observe::history const&) { memory_.sample(); });
        lag_.start();
        loop_.start();
    }

    observatory(observatory const&) = delete;
    observatory& operator=(observatory const&) = delete;

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
        memory_.remove(name);
        caches_.remove(name);
        return components_.remove(name);
    }

    /// Where the application registers its own metrics.
    metrics::registry& metrics() noexcept { return metrics_; }

    /// Where the application's spans begin.
    trace::tracer& tracer() noexcept { return tracer_; }

    observe::sampler<>& sampler() noexcept { return sampler_; }
    observe::components const& components() const noexcept { return components_; }

    /// The memory of the watched pools; tell it of cleanups.
    observe::memory_watch& memory() noexcept { return memory_; }
    observe::memory_watch const& memory() const noexcept { return memory_; }

    /// The watched caches: what they did, and a way to clear them.
    observe::cache_watch& caches() noexcept { return caches_; }
    observe::cache_watch const& caches() const noexcept { return caches_; }

    logger const& log() const noexcept { return log_; }
    std::string_view service() const noexcept { return service_; }

    /// Names this run of the service: sequence numbers of frames hold within it.
    std::string_view boot_id() const noexcept { return boot_id_; }

    /// Since the observatory was made.
    std::chrono::nanoseconds uptime() const { return steady_clock{}.now() - start_; }

    /// Reports all that is measured but the registry's metrics: process, control group, executor, GPUs, tracer, components.
    void measure(measurement_sink sink) const {
        process_.measure(sink);
        cgroup_.measure(sink);
        lag_.measure(sink);
        gpus_.measure(sink);
        tracer_.measure(sink);
        components_.measure(sink);
    }

    /// Ends the taking of frames and the probing of the executor; on return neither is under way. Await it before the
    /// executor runs out or what is watched goes away. Resumes on the caller's executor.
    task<void> stop() { return in_turn(lag_.stop(), loop_.stop()); }

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

    static task<void> in_turn(task<void> first, task<void> second) {
        co_await std::move(first);
        co_await std::move(second);
    }

    std::string service_;
    std::string boot_id_ = to_string(span_id{random_seed()});
    monotonic_time start_ = steady_clock{}.now();
    logger log_;
    metrics::registry metrics_;
    trace::tracer tracer_;
    observe::process_collector process_;
    observe::cgroup_collector cgroup_;
    observe::nvml_collector gpus_;
    observe::components components_;
    observe::memory_watch memory_;
    observe::cache_watch caches_;
    observe::sampler<> sampler_;
    observe::executor_lag lag_;
    observe::sampling_loop loop_;
};
static_assert(serve::source<observatory>);

} // namespace orfeas::inline v0
