// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/observe/series.hpp>

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace orfeas::inline v0::serve {

/// Which series a subscriber wants: all at first; from its first subscription on, those it has named. A series is named
/// by its key, by its metric name, or by "*" for all.
/// Thread-compatible (distinct objects).
class metric_filter {
  public:
    /// Adds a name. The first one narrows the filter from everything to that name.
    void subscribe(std::string_view name) {
        if (name == "*") {
            *this = {};
            return;
        }
        everything_ = false;
        names_.emplace(name);
    }

    /// Takes a name away, "*" for all of them. Has no effect on a name that was not subscribed.
    void unsubscribe(std::string_view name) {
        if (name == "*") {
            everything_ = false;
            names_.clear();
        } else if (auto const at = names_.find(name); at != names_.end()) {
            names_.erase(at);
        }
    }

    bool wants(observe::series const& each) const {
        return everything_ || names_.contains(each.key) || names_.contains(each.name);
    }

    bool wants_everything() const noexcept { return everything_; }

  private:
    bool everything_ = true;
    std::set<std::string, std::less<>> names_;
};

} // namespace orfeas::inline v0::serve
