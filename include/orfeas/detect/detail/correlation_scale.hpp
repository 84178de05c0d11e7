// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/correlation_lanes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace orfeas::inline v0::detect::detail {

/// Brings metrics of any unit to one scale: how far each is from its slow level, as a part of the range that it has had so far.
/// Values multiplied by a positive factor or shifted give the same numbers but for rounding.
///
/// Level and spread follow clipped values, so that an incident hardly moves them. A metric that has rarely changed counts less
/// (`moves`): one different value after many equal ones is its whole range, and yet says little.
/// Thread-compatible (distinct objects).
class correlation_scale {
  public:
    static constexpr float floor = 0.05F; ///< of the range: a spread below it counts as that
    static constexpr float furthest = 6;  ///< spreads: what is further off is taken for that in `standard`

    correlation_scale(std::size_t metrics, std::uint32_t lookback)
        : rate_{1 / static_cast<float>(lookback)},
          level_(metrics),
          low_(metrics),
          high_(metrics),
          last_(metrics),
          ranges_(metrics),
          per_range_(metrics),
          shrink_(lanes_for(metrics), 1.0F),
          moves_(lanes_for(metrics)),
          credit_(lanes_for(metrics)),
          off_(lanes_for(metrics)),
          spread_(lanes_for(metrics)),
          square_(lanes_for(metrics)),
          standard_(lanes_for(metrics)),
          clipped_(lanes_for(metrics)) {}

    /// Takes in finite values; those that are `missing`, and have a weight of 0 where others have 1, stand at their level and are not
    /// learned. `missing` is empty where none is.
    void take(std::span<double const> values, std::span<std::uint8_t const> missing, lanes const& weights) {
        ++seen_;
        has_grown_ = false;
        if (!is_settled_ || !(missing.empty() ? place(values) : place(values, weights))) {
            is_settled_ = true;
            for (std::size_t i = 0; i < level_.size(); ++i) {
                off_[i] = !missing.empty() && missing[i] != 0 ? 0 : offset(i, values[i]);
                is_settled_ = is_settled_ && known_[i] != 0 && moves_[i] >= trusted;
            }
        }
        learn(weights);
    }

    /// By what the range of each metric has shrunk in relation to the last sample: numbers in units of the range are multiplied
    /// by it. Only where `has_grown()`.
    lanes const& shrink() const noexcept { return shrink_; }
    bool has_grown() const noexcept { return has_grown_; }

    lanes const& off() const noexcept { return off_; }           ///< from the level, in ranges
    lanes const& spread() const noexcept { return spread_; }     ///< in ranges, at least `floor`
    lanes const& standard() const noexcept { return standard_; } ///< off by how many spreads

    double level(std::size_t metric) const noexcept { return level_[metric]; }
    double range(std::size_t metric) const noexcept { return ranges_[metric]; }

    static void state(auto& self, auto&& io) {
        io(self.seen_, self.level_, self.low_, self.high_, self.last_, self.ranges_, self.per_range_, self.moves_,
           self.credit_, self.off_, self.spread_, self.square_, self.standard_, self.known_, self.is_settled_);
    }
    bool valid() const noexcept {
        bool all = all_finite(level_, low_, high_, last_, ranges_, per_range_) &&
                   all_moderate(moves_, credit_, off_, spread_, square_, standard_) &&
                   array_of(square_).minCoeff() >= 0 && array_of(moves_).minCoeff() >= 0;
        for (std::size_t i = 0; i < level_.size(); ++i) {
            double const slack = 1e-6 * ranges_[i]; // levels are rounded
            all = all && ranges_[i] == high_[i] - low_[i] && per_range_[i] == inverse_of(ranges_[i]) &&
                  level_[i] >= low_[i] - slack && level_[i] <= high_[i] + slack;
        }
        return all;
    }

  private:
    static constexpr std::uint64_t settling = 50;
    static constexpr float clip = 3;
    static constexpr float few_moves = 3; // for these, a metric counts half
    static constexpr float trusted = 1'000;
    static constexpr double largest = 1e300;

    /// What `offset` does where all metrics are known, have moved often and are within their range; returns whether they are.
    bool place(std::span<double const> values, lanes const& weights) noexcept {
        bool is_within = true;
        for (std::size_t i = 0; i < level_.size(); ++i) {
            bool const is_missing = weights[i] == 0; // its value may be anything
            is_within &= is_missing || (values[i] >= low_[i] && values[i] <= high_[i]);
            off_[i] = is_missing ? 0 : static_cast<float>((values[i] - level_[i]) * per_range_[i]);
        }
        return is_within;
    }

    /// The same where none is missing.
    bool place(std::span<double const> values) noexcept {
        bool is_within = true;
        for (std::size_t i = 0; i < level_.size(); ++i) {
            is_within &= values[i] >= low_[i];
            is_within &= values[i] <= high_[i];
            off_[i] = static_cast<float>((values[i] - level_[i]) * per_range_[i]);
        }
        return is_within;
    }

    static double inverse_of(double range) noexcept { return range > 1e-300 ? 1 / range : 0; }

    float offset(std::size_t i, double value) noexcept {
        double const bounded = value > largest ? largest : value < -largest ? -largest : value;
        if (known_[i] == 0) {
            begin(i, bounded);
        }
        if (moves_[i] < trusted && bounded != last_[i]) {
            moves_[i] += 1;
            credit_[i] = moves_[i] < trusted ? moves_[i] / (moves_[i] + few_moves) : 1;
        }
        last_[i] = bounded;
        if (bounded < low_[i] || bounded > high_[i]) {
            widen(i, bounded);
        }
        double const ranges = (bounded - level_[i]) * per_range_[i];
        return static_cast<float>(ranges) * credit_[i];
    }

    void begin(std::size_t i, double value) noexcept {
        known_[i] = 1;
        level_[i] = low_[i] = high_[i] = last_[i] = value;
    }

    void widen(std::size_t i, double value) noexcept {
        double const before = high_[i] - low_[i];
        low_[i] = value < low_[i] ? value : low_[i];
        high_[i] = value > high_[i] ? value : high_[i];
        double const after = high_[i] - low_[i];
        if (!has_grown_) {
            for (float& each : shrink_) {
                each = 1;
            }
        }
        has_grown_ = true;
        shrink_[i] = static_cast<float>(before / after);
        square_[i] *= shrink_[i] * shrink_[i];
        ranges_[i] = after;
        per_range_[i] = inverse_of(after);
    }

    /// Measures by the spread, then moves level and spread.
    void learn(lanes const& weights) noexcept {
        float const step = step_after(seen_, rate_);
        float const reach = seen_ < settling ? 1e9F : clip;
        for (std::size_t i = 0; i < off_.size(); i += 4) {
            four const off = four_at(off_, i);
            four const square = four_at(square_, i);
            four const spread = (square + floor * floor).sqrt();
            four const most = reach * spread;
            four const clipped = off.min(most).max(-most);
            four_at(spread_, i) = spread;
            four_at(standard_, i) = (off / spread).max(-furthest).min(furthest);
            four_at(clipped_, i) = step * clipped;
            four_at(square_, i) = square + step * four_at(weights, i) * (clipped.square() - square);
        }
        for (std::size_t i = 0; i < level_.size(); ++i) {
            level_[i] += static_cast<double>(clipped_[i]) * ranges_[i];
        }
    }

    float rate_;
    std::uint64_t seen_ = 0;
    bool has_grown_ = false;
    std::vector<double> level_;
    std::vector<double> low_;
    std::vector<double> high_;
    std::vector<double> last_;
    std::vector<double> ranges_;
    std::vector<double> per_range_;
    lanes shrink_;
    lanes moves_;  // how often the value was another than before
    lanes credit_; // what that is worth, of 1
    lanes off_;
    lanes spread_;
    lanes square_; // mean of squares, in ranges
    lanes standard_;
    lanes clipped_;
    bool is_settled_ = false;                                                    // all are known and have moved often
    std::vector<std::uint8_t> known_ = std::vector<std::uint8_t>(level_.size()); // had a value
};

} // namespace orfeas::inline v0::detect::detail
