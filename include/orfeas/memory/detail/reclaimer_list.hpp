// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/unique_function.hpp>

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Those who can free memory of a pool, by priority. One is asked at a time.
/// Thread-safe.
class reclaimer_list {
  public:
    using reclaimer = unique_function<std::uint64_t(std::uint64_t)>;

    void add(int priority, reclaimer reclaim) {
        std::scoped_lock const lock{mutex_};
        auto place = all_.begin();
        while (place != all_.end() && place->priority <= priority) {
            ++place;
        }
        all_.insert(place, {priority, std::move(reclaim)});
    }

    /// Asks one after the other for bytes, until enough(freed) is true after one that freed something.
    template<class Enough>
    void ask(std::uint64_t bytes, Enough enough) {
        std::scoped_lock const one_at_a_time{mutex_};
        for (auto const& each : all_) {
            auto const freed = ask_one(each.reclaim, bytes);
            if (freed != 0 && enough(freed)) {
                return;
            }
        }
    }

  private:
    struct prioritized {
        int priority;
        reclaimer reclaim;
    };

    static std::uint64_t ask_one(reclaimer const& reclaim, std::uint64_t bytes) noexcept {
        try {
            return reclaim(bytes);
        } catch (...) { // a reclaimer that fails has freed nothing
            return 0;
        }
    }

    std::mutex mutex_;
    std::vector<prioritized> all_;
};

} // namespace orfeas::inline v0::memory::detail
