// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/observe/series.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// The last frames of all series, one column a series. A frame is one moment: a sequence number, its time, and a value
/// for each series that had one then; where a series had none, the value is NaN.
///
/// Times are those of the machine's clock, and do not decrease: where it is set back behind the last frame, frames that it dated
/// later than they can have been, by what has passed since them, get that time instead. What has passed between two frames is the
/// difference of their `steady_time`, which nobody sets.
///
/// Series come by themselves with their first value and go when none of the kept frames has a value of theirs.
/// Memory: 8 bytes a series and frame. Thread-compatible (distinct objects).
class history {
  public:
    using series_index = std::size_t;
    static constexpr double absent = std::numeric_limits<double>::quiet_NaN();

    /// Keeps `capacity` frames, at least one.
    explicit history(std::size_t capacity) : times_(capacity), steady_times_(capacity) {
        ORFEAS_ASSERT(capacity > 0, "a history keeps at least one frame");
    }

    /// Starts the next frame, in which no series has a value yet, and returns its sequence number (the first is 1).
    std::uint64_t begin_frame(wall_time time, monotonic_time steady) {
        ++last_seq_;
        times_[slot(last_seq_)] = time;
        steady_times_[slot(last_seq_)] = steady;
        bound_times();
        for (auto& [key, each] : columns_) {
            each.values[slot(last_seq_)] = absent;
        }
        forget_silent();
        return last_seq_;
    }

    /// The same where there is no clock that nobody sets: when the time goes back, none has passed.
    std::uint64_t begin_frame(wall_time time) {
        if (empty()) {
            return begin_frame(time, {});
        }
        auto const passed = std::max(time - times_[slot(last_seq_)], wall_time::duration{0});
        return begin_frame(time, steady_times_[slot(last_seq_)] + passed);
    }

    /// The series of a key, if any frame that is kept has a value for it.
    series const* find(std::string_view key) const {
        auto const at = columns_.find(key);
        return at == columns_.end() ? nullptr : &at->second.about;
    }

    /// Sets the value of a series in the newest frame; `describe()` gives the series when its key is new.
    template<class Describe>
    void set(std::string_view key, double value, Describe&& describe) {
        ORFEAS_ASSERT(last_seq_ > 0, "begin a frame before setting its values");
        auto at = columns_.find(key);
        if (at == columns_.end()) {
            at = add(key, describe());
        }
        at->second.values[slot(last_seq_)] = value;
        at->second.last_set = last_seq_;
    }

    std::size_t capacity() const noexcept { return times_.size(); }
    bool empty() const noexcept { return last_seq_ == 0; }
    std::uint64_t last_seq() const noexcept { return last_seq_; } ///< 0 before the first frame

    /// The oldest frame that is kept; 1 before the first.
    std::uint64_t first_seq() const noexcept { return last_seq_ < capacity() ? 1 : last_seq_ - capacity() + 1; }

    /// When frame `seq` was taken. `seq` is one of those kept.
    wall_time time(std::uint64_t seq) const {
        ORFEAS_ASSERT(seq >= first_seq() && seq <= last_seq_, "a frame that is kept");
        return times_[slot(seq)];
    }

    /// When frame `seq` was taken, by a clock that never steps. `seq` is one of those kept.
    monotonic_time steady_time(std::uint64_t seq) const {
        ORFEAS_ASSERT(seq >= first_seq() && seq <= last_seq_, "a frame that is kept");
        return steady_times_[slot(seq)];
    }

    /// The value of the series `key` in frame `seq`, NaN if it had none.
    double value(std::string_view key, std::uint64_t seq) const {
        ORFEAS_ASSERT(seq >= first_seq() && seq <= last_seq_, "a frame that is kept");
        auto const at = columns_.find(key);
        return at == columns_.end() ? absent : at->second.values[slot(seq)];
    }

    /// Calls `visit(series, at)` for each series in the order of keys; `at(seq)` is its value in a kept frame.
    template<class Visit>
    void for_each(Visit&& visit) const {
        for (auto const& [key, each] : columns_) {
            visit(each.about, [&](std::uint64_t seq) { return each.values[slot(seq)]; });
        }
    }

    std::size_t series_count() const noexcept { return columns_.size(); }

  private:
    struct column {
        series about;
        std::vector<double> values;
        std::uint64_t last_set = 0;
    };
    using column_map = std::map<std::string, column, std::less<>>;

    std::size_t slot(std::uint64_t seq) const noexcept { return static_cast<std::size_t>(seq % times_.size()); }

    column_map::iterator add(std::string_view key, series about) {
        about.key = key;
        return columns_.emplace(std::string{key}, column{std::move(about), std::vector<double>(capacity(), absent), 0})
            .first;
    }

    /// Where the newest frame is not after the one before, the clock was set back: frames that are dated too late are dated anew.
    void bound_times() {
        auto const newest = slot(last_seq_);
        if (last_seq_ == first_seq() || times_[newest] > times_[slot(last_seq_ - 1)]) {
            return;
        }
        for (auto seq = first_seq(); seq < last_seq_; ++seq) {
            auto const passed =
                std::chrono::duration_cast<wall_time::duration>(steady_times_[newest] - steady_times_[slot(seq)]);
            times_[slot(seq)] = std::min(times_[slot(seq)], times_[newest] - passed);
        }
    }

    void forget_silent() {
        std::erase_if(columns_, [&](auto const& entry) { return entry.second.last_set < first_seq(); });
    }

    std::vector<wall_time> times_;
    std::vector<monotonic_time> steady_times_;
    column_map columns_;
    std::uint64_t last_seq_ = 0;
};

} // namespace orfeas::inline v0::observe
