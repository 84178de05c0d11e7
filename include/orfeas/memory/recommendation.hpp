// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/memory/memory_profile.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::memory {

/// What to do about memory.
enum class memory_advice : std::uint8_t {
    all_well,
    clean_up_now,
    smaller_batch,
    look_for_leaks,
    clean_up_ahead,
    load_models_otherwise,
    use_pool,
    use_virtual_memory,
    fewer_sizes,
    fewer_cleanups,
};

constexpr std::string_view to_string(memory_advice advice) noexcept {
    switch (advice) {
    case memory_advice::all_well:
        return "all_well";
    case memory_advice::clean_up_now:
        return "clean_up_now";
    case memory_advice::smaller_batch:
        return "smaller_batch";
    case memory_advice::look_for_leaks:
        return "look_for_leaks";
    case memory_advice::clean_up_ahead:
        return "clean_up_ahead";
    case memory_advice::load_models_otherwise:
        return "load_models_otherwise";
    case memory_advice::use_pool:
        return "use_pool";
    case memory_advice::use_virtual_memory:
        return "use_virtual_memory";
    case memory_advice::fewer_sizes:
        return "fewer_sizes";
    case memory_advice::fewer_cleanups:
        return "fewer_cleanups";
    }
    return "all_well";
}

/// When something is advised. Prefix ORFEAS_RECOMMENDATION_.
struct memory_advice_options {
    double fragmentation_mark = 0.50;           ///< above this, another allocator is advised
    double trend_mark = 0.05;                   ///< change of utilisation that is a trend
    std::uint32_t most_cleanups = 5;            ///< more within the window are too many
    std::uint32_t cleanup_window_seconds = 300; ///< the window

    static constexpr std::string_view environment_prefix = "ORFEAS_RECOMMENDATION_";

    static void fields(auto& self, auto&& field) {
        field("fragmentation_mark", self.fragmentation_mark, in_range(0.0, 1.0),
              "another allocator is advised above this fragmentation");
        field("trend_mark", self.trend_mark, in_range(0.0, 1.0), "change of utilisation that is a trend");
        field("most_cleanups", self.most_cleanups, any_value{}, "more cleanups within the window are too many");
        field("cleanup_window_seconds", self.cleanup_window_seconds, at_least(1), "length of the window");
    }
};
static_assert(options<memory_advice_options>);

/// What is already in force, so that it is not advised again.
struct active_measures {
    bool pool = false;           ///< allocations come from a pool
    bool virtual_memory = false; ///< which remaps its free pages
    bool cleanup_ahead = false;  ///< cleanups follow predict_cleanup_need
};

/// One piece of advice with the figure that led to it: a share (utilisation or fragmentation) or a number of cleanups.
struct recommendation {
    memory_advice advice = memory_advice::all_well;
    double figure = 0;
    double mark = 0; ///< what the figure exceeded; 0 where the pressure decides

    static void fields(auto& self, auto&& field) {
        field("advice", self.advice, unit::none, "what to do");
        field("figure", self.figure, unit::none, "a share, or a number of cleanups");
        field("mark", self.mark, unit::none, "what the figure exceeded; 0 where the pressure decides");
    }

    friend bool operator==(recommendation const&, recommendation const&) = default;
};

/// The advice for a state of memory in which `recent_cleanups` fell into the options' window; at least one piece, the most
/// urgent first. What `active` names is not advised.
inline std::vector<recommendation> recommend(memory_profile const& profile, std::uint64_t recent_cleanups,
                                             active_measures const& active = {},
                                             memory_advice_options const& marks = {}) {
    std::vector<recommendation> all;
    double const used = profile.utilization_ratio;
    double const pieces = profile.fragmentation_ratio;
    if (profile.pressure == memory_pressure::critical) {
        all.push_back({memory_advice::clean_up_now, used});
        all.push_back({memory_advice::smaller_batch, used});
        all.push_back({memory_advice::look_for_leaks, used});
    }
    if (profile.pressure == memory_pressure::high) {
        if (!active.cleanup_ahead) {
            all.push_back({memory_advice::clean_up_ahead, used});
        }
        all.push_back({memory_advice::load_models_otherwise, used});
    }
    if (pieces > marks.fragmentation_mark) {
        auto const cure = !active.pool             ? memory_advice::use_pool
                          : !active.virtual_memory ? memory_advice::use_virtual_memory
                                                   : memory_advice::fewer_sizes;
        all.push_back({cure, pieces, marks.fragmentation_mark});
    }
    if (recent_cleanups > marks.most_cleanups) {
        all.push_back({memory_advice::fewer_cleanups, static_cast<double>(recent_cleanups),
                       static_cast<double>(marks.most_cleanups)});
    }
    if (all.empty()) {
        all.push_back({memory_advice::all_well, used});
    }
    return all;
}

namespace detail {

/// The format of each piece of advice; it takes the figure, shares in per cent.
constexpr char const* sentence(memory_advice advice) {
    switch (advice) {
    case memory_advice::all_well:
        return "all well: %.0f %% of the memory in use";
    case memory_advice::clean_up_now:
        return "clean up now: %.0f %% of the memory in use";
    case memory_advice::smaller_batch:
        return "make batches smaller until less than the present %.0f %% is in use";
    case memory_advice::look_for_leaks:
        return "look for leaks: compare profiles taken at the same point of two steps, %.0f %% is in use";
    case memory_advice::clean_up_ahead:
        return "clean up ahead of need: %.0f %% in use";
    case memory_advice::load_models_otherwise:
        return "load models one at a time, in parts or in a smaller type: %.0f %% in use";
    case memory_advice::use_pool:
        return "allocate from a pool: %.0f %% of the free memory lies in pieces";
    case memory_advice::use_virtual_memory:
        return "let the pool remap its pages (virtual memory management): %.0f %% of its free memory lies in pieces";
    case memory_advice::fewer_sizes:
        return "allocate long-lived buffers first and reuse sizes: %.0f %% of the free memory lies in pieces";
    case memory_advice::fewer_cleanups:
        return "change how memory is allocated: %.0f cleanups in a short time, of which each is paid for anew";
    }
    return "%.0f";
}

} // namespace detail

/// The advice as a sentence.
inline std::string to_text(recommendation const& advice) {
    bool const is_count = advice.advice == memory_advice::fewer_cleanups;
    char text[160];
    std::snprintf(text, sizeof text, detail::sentence(advice.advice), is_count ? advice.figure : advice.figure * 100);
    return text;
}

} // namespace orfeas::inline v0::memory
