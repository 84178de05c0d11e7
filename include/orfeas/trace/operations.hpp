// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/stats/histogram.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
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
    explicit operation_table(std::size_t most_names) : most_names_{most_names} {}

    /// Allocates only for a new name.
    void record(std::string_view name, std::chrono::nanoseconds duration, bool failed) noexcept {
        operation& entry = entry_of(name);
        entry.seconds.record(std::chrono::duration<double>{duration}.count());
        if (failed) {
            ++entry.errors;
        }
    }

    /// The busiest first.
    std::vector<operation_statistics> report() const {
        std::vector<operation_statistics> list;
        list.reserve(named_.size() + 1);
        for (auto const& [name, entry] : named_) {
            list.push_back(statistics_of(name, entry));
        }
        if (other_.seconds.count() > 0) {
            list.push_back(statistics_of("(other)", other_));
        }
        std::sort(list.begin(), list.end(), [](operation_statistics const& a, operation_statistics const& b) {
            return a.count != b.count ? a.count > b.count : a.name < b.name;
        });
        return list;
    }

  private:
    struct operation {
        stats::histogram seconds{stats::bucket_layout{{.lowest = 1e-7}}};
        std::uint64_t errors = 0;
    };

    operation& entry_of(std::string_view name) noexcept {
        if (auto const found = named_.find(name); found != named_.end()) {
            return found->second;
        }
        if (named_.size() >= most_names_) {
            return other_;
        }
        try {
            return named_.try_emplace(std::string{name}).first->second;
        } catch (std::bad_alloc const&) {
            return other_;
        }
    }

    static operation_statistics statistics_of(std::string_view name, operation const& entry) {
        auto const ms = [&](double q) { return entry.seconds.quantile(q) * 1e3; };
        return {std::string{name}, entry.seconds.count(), entry.errors, entry.seconds.mean() * 1e3, ms(0.50), ms(0.95),
                ms(0.99)};
    }

    std::size_t most_names_;
    std::unordered_map<std::string, operation, hasher<std::string>, std::equal_to<>> named_;
    operation other_;
};

} // namespace detail
} // namespace orfeas::inline v0::trace
