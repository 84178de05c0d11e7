// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/observe/detail/named_entries.hpp>

#include <algorithm>
#include <concepts>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// Whether a component does its work, and if not, why.
struct component_status {
    bool operational = true;
    std::string detail; ///< a sentence when there is something to say, else empty

    static void fields(auto& self, auto&& field) {
        field("operational", self.operational, unit::none, "whether the component does its work");
        field("detail", self.detail, unit::none, "why not, or what it works with");
    }
};

/// A component that can tell how it is. Callable from any thread.
template<class C>
concept reports_status = requires(C const& c) {
    { c.status() } -> std::convertible_to<component_status>;
};

/// The components that an application has put under watch, each under a name of its own.
/// Thread-safe.
class components {
  public:
    /// Watches `component`, which outlives its watch. Its measurements carry the label component="`name`".
    /// Throws option_error when the name is empty or taken.
    template<measurable C>
    void add(std::string name, C const& component) {
        entry fresh{std::move(name), [&component](measurement_sink sink) { component.measure(sink); }, {}};
        if constexpr (reports_status<C>) {
            fresh.status = [&component] { return component_status{component.status()}; };
        }
        std::scoped_lock const lock{mutex_};
        entries_.insert(std::move(fresh));
    }

    /// The same for a component of whose state `status()` tells in its place. Called from any thread.
    template<measurable C>
    void add(std::string name, C const& component, std::function<component_status()> status) {
        std::scoped_lock const lock{mutex_};
        entries_.insert(
            {std::move(name), [&component](measurement_sink sink) { component.measure(sink); }, std::move(status)});
    }

    /// Ends the watch of `name`; false if there is none. On return no call into the component is under way.
    bool remove(std::string_view name) {
        std::scoped_lock const lock{mutex_};
        return entries_.remove(name);
    }

    /// Passes on the measurements of every component, with the label component="…" added.
    void measure(measurement_sink sink) const {
        std::scoped_lock const lock{mutex_};
        std::vector<label> labels;
        for (auto const& each : entries_) {
            each.measure([&](measurement const& m) {
                labels.assign(m.labels.begin(), m.labels.end());
                label const own{"component", each.name};
                auto const by_name = [](label const& a, label const& b) { return a.name < b.name; };
                labels.insert(std::ranges::upper_bound(labels, own, by_name), own);
                measurement labelled = m;
                labelled.labels = labels;
                sink(labelled);
            });
        }
    }

    /// Each component's name and status, in the order of watching.
    std::vector<std::pair<std::string, component_status>> status() const {
        std::scoped_lock const lock{mutex_};
        std::vector<std::pair<std::string, component_status>> all;
        for (auto const& each : entries_) {
            all.emplace_back(each.name, each.status ? each.status() : component_status{});
        }
        return all;
    }

  private:
    struct entry {
        std::string name;
        std::function<void(measurement_sink)> measure;
        std::function<component_status()> status;
    };

    mutable std::mutex mutex_;
    detail::named_entries<entry> entries_;
};
static_assert(measurable<components>);

} // namespace orfeas::inline v0::observe
