// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/memory_history.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/memory_report.hpp>
#include <orfeas/memory/recommendation.hpp>
#include <orfeas/memory/snapshot.hpp>
#include <orfeas/observe/detail/named_entries.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// A component whose memory can be looked into, a pool for instance: `profile()` says what it holds, `snapshot(name,
/// with_events)` what for, and with its events how that came about. Callable from any thread.
template<class C>
concept reports_memory = requires(C const& c, std::string_view name, bool with_events) {
    { c.profile() } -> std::convertible_to<memory::memory_profile>;
    { c.snapshot(name, with_events) } -> std::convertible_to<memory::memory_snapshot>;
};

/// What is known of the memory of one component: what it holds now, and how it has fared.
struct memory_view {
    memory::memory_snapshot now{}; ///< without events
    memory::memory_report report{};
};

/// The memory of the components under watch, each with a history of its own: a profile a frame, and the cleanups that the
/// application tells of.
/// Thread-safe.
class memory_watch {
  public:
    /// Keeps the last `samples` profiles of each component, at least one.
    explicit memory_watch(std::size_t samples = 300) : samples_{samples} {}

    /// Watches `component`, which outlives its watch. Throws option_error when the name is empty or taken.
    template<reports_memory C>
    void add(std::string name, C const& component) {
        std::scoped_lock const lock{mutex_};
        entries_.insert({.name = std::move(name),
                         .profile = [&component] { return memory::memory_profile{component.profile()}; },
                         .snapshot =
                             [&component](std::string_view of, bool with_events) {
                                 return memory::memory_snapshot{component.snapshot(of, with_events)};
                             },
                         .history = memory::memory_history{samples_}});
    }

    /// Ends the watch of `name`; false if there is none. On return no call into the component is under way.
    bool remove(std::string_view name) {
        std::scoped_lock const lock{mutex_};
        return entries_.remove(name);
    }

    /// Adds the present profile of each component to its history. Called once a frame.
    void sample() {
        std::scoped_lock const lock{mutex_};
        for (auto& each : entries_) {
            each.history.record(each.profile());
        }
    }

    /// Adds a cleanup of the component `name` to its history; false if there is none.
    bool record(std::string_view name, memory::cleanup_record cleanup) {
        std::scoped_lock const lock{mutex_};
        auto* const found = entries_.find(name);
        if (found == nullptr) {
            return false;
        }
        found->history.record(std::move(cleanup));
        return true;
    }

    /// The application cleans the component `name` up ahead of need: nobody needs to advise it to. False if there is none.
    bool set_cleanup_ahead(std::string_view name) {
        std::scoped_lock const lock{mutex_};
        auto* const found = entries_.find(name);
        if (found == nullptr) {
            return false;
        }
        found->active.cleanup_ahead = true;
        return true;
    }

    /// The names of the components, in the order of watching.
    std::vector<std::string> names() const {
        std::scoped_lock const lock{mutex_};
        return entries_.names();
    }

    /// What is known of a component's memory; empty when none of this name is watched.
    std::optional<memory_view> view(std::string_view name) const {
        std::scoped_lock const lock{mutex_};
        auto const* const found = entries_.find(name);
        if (found == nullptr) {
            return std::nullopt;
        }
        memory_view made{.now = found->snapshot(name, false)};
        auto active = found->active;
        active.virtual_memory = made.now.remaps;
        made.report = memory::report_of(found->history, active);
        return made;
    }

    /// All that a component knows of its memory, with its events; empty when none of this name is watched.
    std::optional<memory::memory_snapshot> snapshot(std::string_view name) const {
        std::scoped_lock const lock{mutex_};
        auto const* const found = entries_.find(name);
        return found == nullptr ? std::nullopt : std::optional{found->snapshot(name, true)};
    }

  private:
    struct entry {
        std::string name;
        std::function<memory::memory_profile()> profile;
        std::function<memory::memory_snapshot(std::string_view, bool)> snapshot;
        memory::memory_history history;
        memory::active_measures active{.pool = true};
    };

    std::size_t samples_;
    mutable std::mutex mutex_;
    detail::named_entries<entry> entries_;
};

} // namespace orfeas::inline v0::observe
