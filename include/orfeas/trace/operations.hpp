// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/stats/histogram.hpp>

#include <array>
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
    double self_ms = 0;

    static void fields(auto& self, auto&& field) {
        field("name", self.name, unit::none, "the name of the spans");
        field("count", self.count, unit::none, "spans that ended");
        field("errors", self.errors, unit::none, "spans that failed");
        field("mean_ms", self.mean_ms, unit::milliseconds, "mean duration");
        field("p50_ms", self.p50_ms, unit::milliseconds, "duration that half of the spans stay within");
        field("p95_ms", self.p95_ms, unit::milliseconds, "duration that 95 % of the spans stay within");
        field("p99_ms", self.p99_ms, unit::milliseconds, "duration that 99 % of the spans stay within");
        field("self_ms", self.self_ms, unit::milliseconds, "mean duration without that of their child spans");
    }
};

namespace detail {

/// What is known of the spans of one name.
struct operation {
    std::string name;
    stats::histogram seconds{stats::bucket_layout{{.lowest = 1e-7}}};
    std::uint64_t errors = 0;
    std::int64_t self_ns = 0; ///< sum

    // For the tail policy, of the traces that begin with it:
    std::chrono::nanoseconds usual{}; ///< a quantile of the durations, looked up now and then
    std::uint64_t usual_at = 0;       ///< how many durations there were then
    std::int64_t second = 0;          ///< the second that `kept` belongs to
    std::uint64_t kept = 0;

    void record(std::int64_t duration_ns, std::int64_t own_ns, bool failed) noexcept {
        seconds.record(static_cast<double>(duration_ns) * 1e-9);
        self_ns += own_ns;
        errors += failed ? 1U : 0U;
    }

    /// The quantile `q` of the durations, as it was at most an eighth of them ago; zero for less than 64.
    std::chrono::nanoseconds usual_duration(double q) noexcept {
        constexpr std::uint64_t fewest = 64;
        if (seconds.count() >= fewest && seconds.count() - usual_at >= seconds.count() / 8) {
            usual_at = seconds.count();
            usual = std::chrono::nanoseconds{static_cast<std::int64_t>(seconds.quantile(q) * 1e9)};
        }
        return usual;
    }

    /// How many were kept in this second.
    std::uint64_t kept_in(std::int64_t now_second) noexcept {
        if (second != now_second) {
            second = now_second;
            kept = 0;
        }
        return kept;
    }
};

/// Durations by span name, for a bounded number of names; further names share the entry "(other)".
/// Thread-compatible (distinct objects).
class operation_table {
  public:
    explicit operation_table(std::size_t most_names)
        : most_names_{most_names}, places_(std::bit_ceil(2 * most_names)) {}

    /// The entry of a name; allocates only for a new one. Valid until the next new name. Names that are literals are found
    /// by their address.
    operation& of(std::string_view name, bool is_literal) noexcept {
        if (!is_literal) {
            return entry_of(name);
        }
        auto const address = reinterpret_cast<std::uintptr_t>(name.data());
        shortcut& place = shortcuts_[(address ^ address >> 6U) % shortcuts_.size()];
        if (place.name != name.data() || place.size != name.size()) {
            operation& found = entry_of(name);
            if (&found == &other_) {
                return found;
            }
            place = {name.data(), name.size(), static_cast<std::size_t>(&found - named_.data())};
        }
        return named_[place.index];
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
    /// Where the operation of a literal is.
    struct shortcut {
        char const* name = nullptr;
        std::size_t size = 0;
        std::size_t index = 0;
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
        double const self = static_cast<double>(entry.self_ns) * 1e-6 / static_cast<double>(entry.seconds.count());
        return {
            entry.name, entry.seconds.count(), entry.errors, entry.seconds.mean() * 1e3, ms(0.50), ms(0.95), ms(0.99),
            self};
    }

    std::size_t const most_names_;
    std::uint64_t const seed_ = random_seed(); // names may come from outside
    std::vector<std::uint32_t> places_;        // a hash table: 1 + the index of an operation, 0 for a free place
    std::array<shortcut, 64> shortcuts_{};
    std::vector<operation> named_;
    operation other_{"(other)"};
};

} // namespace detail
} // namespace orfeas::inline v0::trace
