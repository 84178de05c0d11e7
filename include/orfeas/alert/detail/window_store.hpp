// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/window_values.hpp>
#include <orfeas/alert/frame.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/core/clock.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace orfeas::inline v0::alert::detail {

/// The windows that rules look at, each once for all rules. They outlive a change of the series or the rules.
/// Thread-compatible (distinct objects).
class window_store {
  public:
    /// The window of a series; valid until `sweep` finds it unused.
    window_values const& want(frame const& in, frame::index of, std::chrono::nanoseconds window) {
        std::string key = in.about(of).name;
        for (auto const& [name, value] : in.about(of).labels) {
            key.append(1, '\xff').append(name).append(1, '\xff').append(value);
        }
        auto& found = entries_[{std::move(key), window}];
        if (!found.values) {
            found.values = std::make_unique<window_values>(window);
            add(found, in, of);
        }
        found.of = of;
        found.is_wanted = true;
        return *found.values;
    }

    /// Before the rules are bound anew.
    void begin_binding() noexcept {
        for (auto& [key, each] : entries_) {
            each.is_wanted = false;
        }
    }

    /// Forgets what no rule has wanted since.
    void sweep() {
        std::erase_if(entries_, [](auto const& each) { return !each.second.is_wanted; });
    }

    /// Takes up the values of a frame of the series that were bound last.
    void take(frame const& in) {
        for (auto& [key, each] : entries_) {
            add(each, in, each.of);
        }
    }

    /// The clock was set: values lie as long before the next frame as they did.
    void shift(wall_time::duration by) noexcept {
        for (auto& [key, each] : entries_) {
            each.values->shift(by);
            if (each.last) {
                *each.last += by;
            }
        }
    }

  private:
    struct entry {
        std::unique_ptr<window_values> values;
        frame::index of = 0;
        bool is_wanted = true;
        std::optional<wall_time> last{};
    };

    static void add(entry& to, frame const& in, frame::index of) {
        double const value = in.value(of);
        if (!std::isnan(value) && (!to.last || in.time() > *to.last)) {
            to.last = in.time();
            to.values->add(in.time(), value);
        } else {
            to.values->forget(in.time());
        }
    }

    std::map<std::pair<std::string, std::chrono::nanoseconds>, entry> entries_;
};

} // namespace orfeas::inline v0::alert::detail
