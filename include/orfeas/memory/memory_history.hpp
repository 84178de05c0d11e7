// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/window.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/memory_profile.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::memory {

/// Where the use of memory has been going.
enum class memory_trend : std::uint8_t { falling, steady, rising };

constexpr std::string_view to_string(memory_trend trend) noexcept {
    switch (trend) {
    case memory_trend::falling:
        return "falling";
    case memory_trend::steady:
        return "steady";
    case memory_trend::rising:
        return "rising";
    }
    return "steady";
}

/// A cleanup and when it was.
struct cleanup_record {
    wall_time time{};
    cleanup_report report{};

    static void fields(auto& self, auto&& field) {
        field("time", self.time, unit::seconds, "when the cleanup ended");
        field("report", self.report, unit::none, "what it did");
    }
};

/// The fragmentation of the samples that are kept.
struct fragmentation_summary {
    double maximum_ratio = 0;
    double average_ratio = 0;
    std::uint64_t samples = 0;

    static void fields(auto& self, auto&& field) {
        field("maximum_ratio", self.maximum_ratio, unit::ratio, "highest fragmentation");
        field("average_ratio", self.average_ratio, unit::ratio, "mean fragmentation");
        field("samples", self.samples, unit::none, "profiles that these are of");
    }
};

/// The last profiles of a resource and its last cleanups, both bounded. The caller samples, at whatever interval.
/// Thread-compatible (distinct objects).
class memory_history {
  public:
    /// Keeps up to `samples` profiles and `cleanups` cleanups, each at least one.
    explicit memory_history(std::size_t samples = 300, std::size_t cleanups = 64)
        : profiles_{samples}, cleanups_{cleanups} {}

    /// Adds a profile, O(1). Profiles come in order of time.
    void record(memory_profile const& profile) { profiles_.push(profile); }

    /// Adds a cleanup, O(1).
    void record(cleanup_record cleanup) {
        freed_bytes_ += cleanup.report.freed_bytes;
        ++cleanups_total_;
        cleanups_.push(std::move(cleanup));
    }

    window<memory_profile> const& profiles() const noexcept { return profiles_; }
    window<cleanup_record> const& cleanups() const noexcept { return cleanups_; }

    /// Bytes that all cleanups gave back, also those that are no longer kept.
    std::uint64_t total_freed_bytes() const noexcept { return freed_bytes_; }
    std::uint64_t cleanups_total() const noexcept { return cleanups_total_; }

    bool empty() const noexcept { return profiles_.empty() && cleanups_total_ == 0; }

    /// Linear in the profiles.
    fragmentation_summary fragmentation() const {
        fragmentation_summary result{.samples = profiles_.size()};
        for (auto const& each : profiles_) {
            double const ratio = each.fragmentation_ratio;
            result.maximum_ratio = ratio > result.maximum_ratio ? ratio : result.maximum_ratio;
            result.average_ratio += ratio / static_cast<double>(profiles_.size());
        }
        return result;
    }

    /// Rising or falling when the mean utilisation of the newest third is more than `mark` away from that of the oldest.
    /// Linear in the profiles.
    memory_trend trend(double mark = 0.05) const {
        std::size_t const third = profiles_.size() / 3;
        if (third == 0) {
            return memory_trend::steady;
        }
        double change = 0;
        for (std::size_t i = 0; i < third; ++i) {
            change += profiles_[profiles_.size() - 1 - i].utilization_ratio - profiles_[i].utilization_ratio;
        }
        change /= static_cast<double>(third);
        return change > mark ? memory_trend::rising : change < -mark ? memory_trend::falling : memory_trend::steady;
    }

    /// Cleanups among those kept that ended after `since`. Linear in the cleanups.
    std::uint64_t cleanups_since(wall_time since) const {
        std::uint64_t count = 0;
        for (auto const& each : cleanups_) {
            count += each.time > since ? 1U : 0U;
        }
        return count;
    }

    /// Forgets everything; the capacities stay.
    void clear() noexcept {
        profiles_.clear();
        cleanups_.clear();
        freed_bytes_ = 0;
        cleanups_total_ = 0;
    }

  private:
    window<memory_profile> profiles_;
    window<cleanup_record> cleanups_;
    std::uint64_t freed_bytes_ = 0;
    std::uint64_t cleanups_total_ = 0;
};

} // namespace orfeas::inline v0::memory
