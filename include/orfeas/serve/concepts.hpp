// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/observe/cache_watch.hpp>
#include <orfeas/observe/components.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/memory_watch.hpp>

#include <chrono>
#include <concepts>
#include <string_view>

namespace orfeas::inline v0::serve {

/// What a server shows: the observed service. `observatory` is one. All members may be called from any thread.
///  - `service()`: the name of the service; `boot_id()`: names this run of it; `uptime()`: since when it runs
///  - `components()`: the components under watch; `watch(name, component)` and `unwatch(name)`;
///    `memory()`: the memory of those that can be looked into; `caches()`: those that are caches
///  - `sampler()`: has `with_history(read)` and `add_listener(listener)`, as observe::sampler
///  - `metrics()`: the application's metrics::registry; `tracer()`: its trace::tracer
///  - `measure(sink)`: everything that is measured, but the registry's metrics; `log()`: where events go
template<class S>
concept source = measurable<S> && requires(S& s, S const& c) {
    { c.service() } -> std::convertible_to<std::string_view>;
    { c.boot_id() } -> std::convertible_to<std::string_view>;
    { c.uptime() } -> std::convertible_to<std::chrono::nanoseconds>;
    { c.components() } -> std::convertible_to<observe::components const&>;
    { c.memory() } -> std::convertible_to<observe::memory_watch const&>;
    { c.log() } -> std::convertible_to<logger const&>;
    { s.caches() } -> std::same_as<observe::cache_watch&>;
    s.sampler();
    s.metrics();
    s.tracer();
};

} // namespace orfeas::inline v0::serve
