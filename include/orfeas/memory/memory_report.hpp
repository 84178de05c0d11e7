// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/memory_history.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/recommendation.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace orfeas::inline v0::memory {

/// How memory has fared, and what to do about it.
struct memory_report {
    std::optional<memory_profile> current{}; ///< the newest profile; empty without history
    fragmentation_summary fragmentation{};
    memory_trend trend = memory_trend::steady;
    std::vector<cleanup_record> cleanups{}; ///< the last ones, oldest first
    std::uint64_t cleanups_total = 0;
    std::uint64_t total_freed_bytes = 0; ///< by all cleanups
    std::vector<recommendation> recommendations{};

    static void fields(auto& self, auto&& field) {
        field("current", self.current, unit::none, "newest profile");
        field("fragmentation", self.fragmentation, unit::none, "fragmentation of the profiles kept");
        field("trend", self.trend, unit::none, "falling, steady or rising");
        field("cleanups", self.cleanups, unit::none, "last cleanups, oldest first");
        field("cleanups_total", self.cleanups_total, unit::none, "cleanups so far");
        field("total_freed_bytes", self.total_freed_bytes, unit::bytes, "memory that all cleanups gave back");
        field("recommendations", self.recommendations, unit::none, "what to do");
    }
};

/// The report of a history; the window for too frequent cleanups ends at the newest profile. Without a profile there is
/// nothing to recommend. Linear in what the history keeps.
inline memory_report report_of(memory_history const& history, active_measures const& active = {},
                               memory_advice_options const& marks = {}) {
    memory_report report{.fragmentation = history.fragmentation(),
                         .trend = history.trend(marks.trend_mark),
                         .cleanups = {history.cleanups().begin(), history.cleanups().end()},
                         .cleanups_total = history.cleanups_total(),
                         .total_freed_bytes = history.total_freed_bytes()};
    if (!history.profiles().empty()) {
        auto const& current = history.profiles().back();
        auto const since = current.time - std::chrono::seconds{marks.cleanup_window_seconds};
        report.current = current;
        report.recommendations = recommend(current, history.cleanups_since(since), active, marks);
    }
    return report;
}

namespace detail {

inline std::string share_text(double ratio) {
    char text[32];
    std::snprintf(text, sizeof text, "%.0f %%", ratio * 100);
    return text;
}

} // namespace detail

/// The report in a few lines for people; "no history" when nothing was recorded.
inline std::string to_text(memory_report const& report) {
    if (!report.current && report.cleanups_total == 0) {
        return "no history\n";
    }
    std::string text;
    if (report.current) {
        auto const& now = *report.current;
        text += "memory: " + format_bytes(now.allocated_bytes) + " of " + format_bytes(now.total_bytes) + " in use (" +
                detail::share_text(now.utilization_ratio) + "), pressure ";
        text.append(to_string(now.pressure)).append(", trend ").append(to_string(report.trend)).append("\n");
        text += "fragmentation: now " + detail::share_text(now.fragmentation_ratio) + ", at most " +
                detail::share_text(report.fragmentation.maximum_ratio) + ", on average " +
                detail::share_text(report.fragmentation.average_ratio) + " of " +
                std::to_string(report.fragmentation.samples) + " samples\n";
    }
    text += "cleanups: " + std::to_string(report.cleanups_total) + ", " + format_bytes(report.total_freed_bytes) +
            " given back\n";
    for (auto const& each : report.cleanups) {
        text += "  " + format_bytes(each.report.reserved_before_bytes) + " -> " +
                format_bytes(each.report.reserved_after_bytes) + (each.report.success ? "" : ", failed: ") +
                each.report.failure + "\n";
    }
    for (auto const& each : report.recommendations) {
        text += "* " + to_text(each) + "\n";
    }
    return text;
}

} // namespace orfeas::inline v0::memory
