// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/error.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe::detail {

/// What is kept of the components under watch, each under a name of its own (`Entry::name`), in the order of watching.
/// Thread-compatible (distinct objects).
template<class Entry>
class named_entries {
  public:
    /// Throws option_error when the name is empty or taken.
    void insert(Entry fresh) {
        if (fresh.name.empty() || find(fresh.name) != nullptr) {
            throw option_error{"component name", fresh.name, "a name that no watched component has"};
        }
        entries_.push_back(std::move(fresh));
    }

    /// False if there is none of this name.
    bool remove(std::string_view name) {
        return std::erase_if(entries_, [&](Entry const& each) { return each.name == name; }) > 0;
    }

    /// Null if there is none of this name.
    Entry* find(std::string_view name) {
        auto const at = std::ranges::find(entries_, name, &Entry::name);
        return at == entries_.end() ? nullptr : &*at;
    }
    Entry const* find(std::string_view name) const {
        auto const at = std::ranges::find(entries_, name, &Entry::name);
        return at == entries_.end() ? nullptr : &*at;
    }

    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (auto const& each : entries_) {
            all.push_back(each.name);
        }
        return all;
    }

    auto begin() noexcept { return entries_.begin(); }
    auto end() noexcept { return entries_.end(); }
    auto begin() const noexcept { return entries_.begin(); }
    auto end() const noexcept { return entries_.end(); }

  private:
    std::vector<Entry> entries_;
};

} // namespace orfeas::inline v0::observe::detail
