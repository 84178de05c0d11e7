// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/label_set.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// The values of all series at one moment, which rules are applied to. Series stay from frame to frame, so that a rule looks
/// for its own only when the series have changed. Thread-compatible (distinct objects).
class frame {
  public:
    using index = std::size_t;
    static constexpr double absent = std::numeric_limits<double>::quiet_NaN();
    static constexpr std::chrono::seconds clock_tolerance{2}; ///< by which a clock may step without having been set

    struct series {
        std::string name; ///< of the metric
        label_set labels;
    };

    /// Adds a series, which has no value yet. It is not there already. Its labels may come in any order.
    index add(std::string name, label_set const& labels) {
        ++generation_;
        about_.push_back({std::move(name), label_set_of(labels)});
        values_.push_back(absent);
        return about_.size() - 1;
    }

    /// Forgets all series.
    void clear() {
        ++generation_;
        about_.clear();
        values_.clear();
    }

    /// Starts the next moment, in which no series has a value yet. A moment up to `clock_tolerance` before the last is taken for
    /// the last; one further back says that the clock was set back. `steady`, from a clock that nobody sets, tells how much time has
    /// passed; without it, what the clock has gone forward by has passed, and when it goes back, nothing.
    void begin(wall_time at, std::optional<monotonic_time> steady = std::nullopt) {
        time_ = at < time_ && at >= time_ - clock_tolerance ? time_ : at;
        steady_time_ = steady;
        for (double& each : values_) {
            each = absent;
        }
    }

    /// Gives a series its value; not-a-number says that it has none.
    void set(index at, double value) {
        ORFEAS_ASSERT(at < values_.size(), "a series of this frame");
        values_[at] = value;
    }

    wall_time time() const noexcept { return time_; }
    std::optional<monotonic_time> steady_time() const noexcept { return steady_time_; }
    std::size_t size() const noexcept { return values_.size(); }
    series const& about(index at) const noexcept { return about_[at]; }
    double value(index at) const noexcept { return values_[at]; }

    /// Counts up when the series change.
    std::uint64_t generation() const noexcept { return generation_; }

  private:
    std::vector<series> about_;
    std::vector<double> values_;
    wall_time time_{};
    std::optional<monotonic_time> steady_time_;
    std::uint64_t generation_ = 0;
};

} // namespace orfeas::inline v0::alert
