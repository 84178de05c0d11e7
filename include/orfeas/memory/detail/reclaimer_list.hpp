// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/unique_function.hpp>
#include <orfeas/memory/detail/by_priority.hpp>

#include <cstdint>
#include <mutex>
#include <utility>

namespace orfeas::inline v0::memory::detail {

/// Those who can free memory of a pool, by priority. One is asked at a time.
/// Thread-safe.
class reclaimer_list {
  public:
    using reclaimer = unique_function<std::uint64_t(std::uint64_t)>;

    void add(int priority, reclaimer reclaim) {
        std::scoped_lock const lock{mutex_};
        all_.add(priority, std::move(reclaim));
    }

    /// Asks one after the other for bytes, until enough(freed) is true after one that freed something.
    template<class Enough>
    void ask(std::uint64_t bytes, Enough enough) {
        std::scoped_lock const one_at_a_time{mutex_};
        for (auto const& each : all_) {
            auto const freed = ask_one(each.value, bytes);
            if (freed != 0 && enough(freed)) {
                return;
            }
        }
    }

    /// Asks one after the other for what is missing of `bytes`; the bytes that they freed.
    std::uint64_t collect(std::uint64_t bytes) {
        std::scoped_lock const one_at_a_time{mutex_};
        std::uint64_t freed = 0;
        for (auto at = all_.begin(); at != all_.end() && freed < bytes; ++at) {
            freed += ask_one(at->value, bytes - freed);
        }
        return freed;
    }

  private:
    static std::uint64_t ask_one(reclaimer const& reclaim, std::uint64_t bytes) noexcept {
        try {
            return reclaim(bytes);
        } catch (...) { // a reclaimer that fails has freed nothing
            return 0;
        }
    }

    std::mutex mutex_;
    by_priority<reclaimer> all_;
};

} // namespace orfeas::inline v0::memory::detail
