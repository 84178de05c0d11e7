// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/call_site.hpp>
#include <orfeas/memory/detail/heap_sort.hpp>
#include <orfeas/memory/tag.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory {

/// The live allocations of one call site with one tag.
struct live_group {
    std::uint32_t site = 0;
    std::uint16_t tag = 0;
    std::string file{};
    std::uint32_t line = 0;
    std::string function{};
    std::string tag_name{};
    std::uint64_t bytes = 0;
    std::uint64_t allocations = 0;
    std::uint64_t oldest_ns = 0; ///< when the oldest of them was made, of the pool's monotonic clock

    static void fields(auto& self, auto&& field) {
        field("site", self.site, unit::none, "number of the call site");
        field("tag", self.tag, unit::none, "number of the tag");
        field("file", self.file, unit::none, "source file");
        field("line", self.line, unit::none, "line in it");
        field("function", self.function, unit::none, "function around it");
        field("tag_name", self.tag_name, unit::none, "what the memory is for");
        field("bytes", self.bytes, unit::bytes, "held by live allocations");
        field("allocations", self.allocations, unit::none, "live allocations");
        field("oldest_ns", self.oldest_ns, unit::none, "when the oldest was made, nanoseconds of the monotonic clock");
    }
};

/// What is allocated at one moment, by call site and tag, the largest first. At the end of a program it is what leaked;
/// before, what may have.
struct leak_report {
    std::vector<live_group> groups{};
    std::uint64_t bytes = 0;
    std::uint64_t allocations = 0;

    static void fields(auto& self, auto&& field) {
        field("groups", self.groups, unit::none, "live allocations by call site and tag, largest first");
        field("bytes", self.bytes, unit::bytes, "held by live allocations");
        field("allocations", self.allocations, unit::none, "live allocations");
    }
};

/// Sums live allocations up by call site and tag. `add` is amortised O(1), the report O(n log n).
/// Thread-compatible (distinct objects).
class leak_tally {
  public:
    /// Counts a live allocation. Throws std::bad_alloc.
    void add(std::uint32_t site, std::uint16_t tag, std::uint64_t bytes, std::uint64_t allocated_ns = 0) {
        auto const wanted = std::uint64_t{site} << 16U | tag;
        auto const hash = mix64(wanted);
        auto const found = index_.find(hash, [&](std::uint32_t at) { return key_of(groups_[at - 1]) == wanted; });
        if (found == 0) {
            index_.reserve_one();
            groups_.push_back({.site = site, .tag = tag, .bytes = bytes, .allocations = 1, .oldest_ns = allocated_ns});
            index_.insert(hash, static_cast<std::uint32_t>(groups_.size()));
            return;
        }
        auto& group = groups_[found - 1];
        group.bytes += bytes;
        ++group.allocations;
        group.oldest_ns = allocated_ns < group.oldest_ns ? allocated_ns : group.oldest_ns;
    }

    /// The report; `name(group)` fills in the texts of each group. The tally is empty afterwards.
    template<class Name>
    leak_report finish(Name&& name) {
        leak_report report{.groups = std::exchange(groups_, {})};
        index_ = {};
        for (auto& each : report.groups) {
            name(each);
            report.bytes += each.bytes;
            report.allocations += each.allocations;
        }
        detail::heap_sort(report.groups, [](live_group const& a, live_group const& b) {
            return a.bytes != b.bytes ? a.bytes > b.bytes : key_of(a) < key_of(b);
        });
        return report;
    }

    /// The report with the names of a pool's tables.
    leak_report finish(call_site_table const& sites, tag_table const& tags) {
        return finish([&](live_group& each) {
            auto place = sites.profile({each.site});
            each.file = std::move(place.file);
            each.line = place.line;
            each.function = std::move(place.function);
            each.tag_name = tags.name({each.tag});
        });
    }

  private:
    static std::uint64_t key_of(live_group const& group) noexcept {
        return std::uint64_t{group.site} << 16U | group.tag;
    }

    std::vector<live_group> groups_;
    detail::id_index index_;
};

/// The report for people: a line for the sum and one for each of the first `most` groups.
inline std::string to_text(leak_report const& report, std::size_t most = 20) {
    auto const allocations = [](std::uint64_t n) {
        return std::to_string(n) + (n == 1 ? " allocation" : " allocations");
    };
    std::string text = "live: " + format_bytes(report.bytes) + " in " + allocations(report.allocations) + "\n";
    for (std::size_t i = 0; i < report.groups.size() && i < most; ++i) {
        auto const& each = report.groups[i];
        text += "  " + format_bytes(each.bytes) + " in " + allocations(each.allocations) + ", " + each.tag_name + ", " +
                each.file;
        text += each.line == 0 ? "" : ":" + std::to_string(each.line);
        text += each.function.empty() ? "\n" : " (" + each.function + ")\n";
    }
    if (report.groups.size() > most) {
        text += "  and " + std::to_string(report.groups.size() - most) + " more call sites\n";
    }
    return text;
}

} // namespace orfeas::inline v0::memory
