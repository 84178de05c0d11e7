// SPDX-License-Identifier: MIT
#pragma once

#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Values in the order of their priorities, the lowest first, and those of one priority as they were added.
/// Thread-compatible (distinct objects).
template<class T>
class by_priority {
  public:
    struct entry {
        int priority;
        T value;
    };

    /// Linear in what is there.
    void add(int priority, T value) {
        auto place = all_.begin();
        while (place != all_.end() && place->priority <= priority) {
            ++place;
        }
        all_.insert(place, {priority, std::move(value)});
    }

    auto begin() const noexcept { return all_.begin(); }
    auto end() const noexcept { return all_.end(); }

  private:
    std::vector<entry> all_;
};

} // namespace orfeas::inline v0::memory::detail
