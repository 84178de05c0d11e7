// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/stats/histogram.hpp>

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::trace {

/// How the spans of one name went.
struct operation_statistics {
    std::string name;
    std::uint64_t count = 0;
    std::uint64_t errors = 0;
    double mean_ms = 0;
    double p50_ms = 0;
    double p95_ms = 0;
    double p99_ms = 0;

    static void fields(auto& self, auto&& field) {
        field("name", self.name, unit::none, "the name of the spans");
        field("count", self.count, unit::none, "spans that ended");
        field("errors", self.errors, unit::none, "spans that failed");
        field("mean_ms", self.mean_ms, unit::milliseconds, "mean duration");
        field("p50_ms", self.p50_ms, unit::milliseconds, "duration that half of the spans stay within");
        field("p95_ms", self.p95_ms, unit::milliseconds, "duration that 95 % of the spans stay within");
        field("p99_ms", self.p99_ms, unit::milliseconds, "duration that 99 % of the spans stay within");
    }
};

namespace detail {

/// Durations by span name, for a bounded number of names; further names share the entry "(other)".
/// Thread-compatible (distinct objects).
class operation_table {
  public:
    explicit operation_table(std::size_t most_names)
        : most_names_{most_names}, places_(std::bit_ceil(2 * most_names)) {}

    /// Allocates only for a new name.
    void record(std::string_view name, std::chrono::nanoseconds duration, bool failed) noexcept {
        operation& entry = entry_of(name);
        entry.seconds.record(std::chrono::duration<double>{duration}.count());
        if (failed) {
            ++entry.errors;
        }
    }

    /// In no particular order.
    std::vector<operation_statistics> report() const {
        std::vector<operation_statistics> list;
        list.reserve(named_.size() + 1);
        for (operation const& each : named_) {
            list.push_back(statistics_of(each));
        }
        if (other_.seconds.count() > 0) {
            list.push_back(statistics_of(other_));
        }
        return list;
    }

  private:
    struct operation {
        std::string name;
        stats::histogram seconds{stats::bucket_layout{{.lowest = 1e-7}}};
        std::uint64_t errors = 0;
    };

    operation& entry_of(std::string_view name) noexcept {
        std::size_t const mask = places_.size() - 1;
        std::size_t place = hasher<std::string>{seed_}(name)&mask;
        while (places_[place] != 0) { // at most half full, so the search ends soon
            operation& entry = named_[places_[place] - 1];
            if (entry.name == name) {
                return entry;
            }
            place = (place + 1) & mask;
        }
        if (named_.size() == most_names_) {
            return other_;
        }
        try {
            named_.push_back({std::string{name}});
        } catch (std::bad_alloc const&) {
            return other_;
        }
        places_[place] = static_cast<std::uint32_t>(named_.size());
        return named_.back();
    }

    static operation_statistics statistics_of(operation const& entry) {
        auto const ms = [&](double q) { return entry.seconds.quantile(q) * 1e3; };
        return {entry.name, entry.seconds.count(), entry.errors, entry.seconds.mean() * 1e3, ms(0.50), ms(0.95),
                ms(0.99)};
    }

    std::size_t const most_names_;
    std::uint64_t const seed_ = random_seed(); // names may come from outside
    std::vector<std::uint32_t> places_;        // a hash table: 1 + the index of an operation, 0 for a free place
    std::vector<operation> named_;
    operation other_{"(other)"};
};

} // namespace detail
} // namespace orfeas::inline v0::trace
