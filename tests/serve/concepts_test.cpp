// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/serve/concepts.hpp>

using namespace orfeas;

namespace {

struct sampler_stub {};

/// Everything that a source has, in its smallest form.
struct small_source {
    sampler_stub parts;
    observe::components watched;
    observe::memory_watch pools;
    observe::cache_watch stores;
    logger events;

    char const* service() const { return "small"; }
    char const* boot_id() const { return "0"; }
    std::chrono::seconds uptime() const { return std::chrono::seconds{1}; }
    observe::components const& components() const { return watched; }
    observe::memory_watch const& memory() const { return pools; }
    observe::cache_watch& caches() { return stores; }
    logger const& log() const { return events; }
    sampler_stub& sampler() { return parts; }
    sampler_stub& metrics() { return parts; }
    sampler_stub& tracer() { return parts; }
    void measure(measurement_sink sink) const { watched.measure(sink); }
};
static_assert(serve::source<small_source>);

struct without_measurements : small_source {
    void measure(measurement_sink) const = delete;
};
static_assert(!serve::source<without_measurements>);
static_assert(!serve::source<int>);

} // namespace

TEST_CASE("serve: a type with a source's members is a source, whatever it derives from") {
    small_source const from;
    CHECK(from.components().status().empty());
}
