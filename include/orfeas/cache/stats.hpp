// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace orfeas::inline v0::cache {

/// What happened in a cache in the last seconds.
struct cache_window {
    std::uint32_t seconds = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::uint64_t evictions = 0;
    std::uint64_t loads = 0;
    double hit_ratio = 0; ///< NaN if there was no lookup

    /// Takes over what is in both.
    void fill_from(auto const& totals) {
        hits = totals.hits;
        misses = totals.misses;
        evictions = totals.evictions;
        loads = totals.loads;
        auto const lookups = static_cast<double>(hits + misses);
        hit_ratio = lookups == 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(hits) / lookups;
    }

    static void fields(auto& self, auto&& field) {
        field("seconds", self.seconds, unit::seconds, "The length of the window.");
        field("hits", self.hits, unit::none, "Lookups that found a live entry.");
        field("misses", self.misses, unit::none, "Lookups that found nothing or an expired entry.");
        field("evictions", self.evictions, unit::none, "Live entries removed to make room.");
        field("loads", self.loads, unit::none, "Loaders started.");
        field("hit_ratio", self.hit_ratio, unit::ratio, "Hits per lookup.");
    }
};

/// What a cache did since it was made, and what it holds now. A report: one consistent reading per shard, not one over
/// all shards.
struct cache_stats {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    double hit_ratio = 0; ///< of the lookups of the last 60 s; NaN if there was none
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t capacity_bytes = 0;
    std::uint64_t insertions = 0;
    std::uint64_t refusals = 0;
    std::uint64_t evictions = 0;
    std::uint64_t expirations = 0;
    std::uint64_t loads = 0;
    std::uint64_t load_failures = 0;
    std::uint64_t coalesced = 0;
    std::uint64_t stale_served = 0;
    std::array<cache_window, 4> windows{{{1}, {10}, {60}, {300}}};

    static void fields(auto& self, auto&& field) {
        field("hits", self.hits, unit::none, "Lookups that found a live entry.");
        field("misses", self.misses, unit::none, "Lookups that found nothing or an expired entry.");
        field("hit_ratio", self.hit_ratio, unit::ratio, "Hits per lookup over the last 60 s.");
        field("entries", self.entries, unit::none, "Entries held now, expired ones that are not yet removed included.");
        field("bytes", self.bytes, unit::bytes, "Bytes charged for the entries held now.");
        field("capacity_bytes", self.capacity_bytes, unit::bytes, "Bytes that the entries may take together.");
        field("insertions", self.insertions, unit::none, "Values stored, replacements included.");
        field("refusals", self.refusals, unit::none, "Values not stored because they exceed a shard's capacity.");
        field("evictions", self.evictions, unit::none, "Live entries removed to make room.");
        field("expirations", self.expirations, unit::none, "Entries removed because their time was over.");
        field("loads", self.loads, unit::none, "Loaders started.");
        field("load_failures", self.load_failures, unit::none, "Loaders that ended with an exception.");
        field("coalesced", self.coalesced, unit::none, "Callers that joined a load already under way.");
        field("stale_served", self.stale_served, unit::none, "Callers that got a value whose time is over.");
    }
};

/// Reports every field of `stats` as a measurement: levels as gauges (`cache_bytes`), the others as counters
/// (`cache_hits_total`).
inline void measure(cache_stats const& stats, measurement_sink sink) {
    cache_stats::fields(stats, [&](std::string_view field, auto value, unit unit, std::string_view help) {
        bool const is_level =
            field == "hit_ratio" || field == "entries" || field == "bytes" || field == "capacity_bytes";
        auto const kind = is_level ? measurement_kind::gauge : measurement_kind::counter;
        std::string const name = std::string{"cache_"}.append(field).append(is_level ? "" : "_total");
        sink({name, kind, unit, static_cast<double>(value), {}, help});
    });
}

} // namespace orfeas::inline v0::cache
