// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/correlation_company.hpp>
#include <orfeas/detect/detail/correlation_distance.hpp>
#include <orfeas/detect/detail/correlation_habit.hpp>
#include <orfeas/detect/detail/correlation_lanes.hpp>
#include <orfeas/detect/detail/correlation_regression.hpp>
#include <orfeas/detect/detail/correlation_scale.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace orfeas::inline v0::detect::detail {

/// The score of samples of several metrics, of four parts: how far the three strangest metrics are from their slow level, how far
/// the three strangest are from what the last sample lets expect (`correlation_regression`), how unlike the usual they are
/// together (`correlation_distance`), and whether one has just left the others (`correlation_company`). The first two and the last
/// are measured by the habit of each metric.
///
/// The alert score adds the squares of the parts: it is led by the strangest. It and what metrics are blamed for have a little of
/// the samples before. The severity adds the first three and is smoothed over some samples: it ranks incidents by how bad they are
/// for long, and comes late.
/// Thread-compatible (distinct objects).
class correlation_score {
  public:
    correlation_score(std::size_t metrics, std::uint32_t lookback)
        : metrics_{metrics},
          scale_{metrics, lookback},
          level_habit_{metrics, lookback},
          step_habit_{metrics, lookback},
          distance_{metrics, lookback},
          regression_{metrics, lookback},
          company_{metrics, lookback},
          weights_(lanes_for(metrics)),
          work_(lanes_for(metrics)),
          unit_(lanes_for(metrics), least_unit),
          deviations_(lanes_for(metrics)),
          parts_(lanes_for(metrics)) {}

    /// Takes in a sample of finite values, but for those that are missing: these count as usual. `missing` is empty where none is.
    void take(std::span<double const> values, std::span<std::uint8_t const> missing) {
        ++seen_;
        weigh(missing);
        scale_.take(values, missing, weights_);
        if (scale_.has_grown()) {
            level_habit_.rescale(scale_.shrink());
            step_habit_.rescale(scale_.shrink());
        }
        regression_.judge(scale_.standard(), weights_);
        find_surprises();
        regression_.learn(scale_.standard(), work_);
        float const company = company_.take(deviations_, weights_, is_whole_);
        add_up(distance_.take(scale_.standard()), company);
    }

    /// Samples are missing before the next one.
    void interrupt() noexcept { regression_.interrupt(); }

    std::uint64_t seen() const noexcept { return seen_; }

    /// Of the last sample: at least 0, some 2 or 3 for what is usual.
    float alert() const noexcept { return alert_; }
    float severity() const noexcept { return severity_; }

    /// What each metric had in the last alert score, for blame: relative to each other.
    lanes const& parts() const noexcept { return parts_; }

    struct expectation {
        double value;
        double low;
        double high;
    };

    /// What was expected of a metric, and where its values were to be but once in some hundred samples. By the slow level, by the
    /// last sample, or by the other metrics, whichever was most surprised.
    expectation expected(std::size_t metric) const noexcept {
        double const range = scale_.range(metric);
        float const by_level = level_habit_.surprise()[metric];
        float const by_last = step_habit_.surprise()[metric];
        float const by_others = company_.surprise()[metric];
        float off = regression_.expected()[metric] * scale_.spread()[metric];
        float rare = step_habit_.rare(metric);
        if (by_others > by_level && by_others > by_last) {
            off += (deviations_[metric] - company_.unexplained(metric)) * unit_[metric]; // as the others have it
            rare = company_.rare(metric) * unit_[metric];
        } else if (by_level >= by_last) {
            off = 0;
            rare = level_habit_.rare(metric);
        }
        double const value = scale_.level(metric) + static_cast<double>(off) * range;
        double const reach = static_cast<double>(rare) * range;
        return {value, value - reach, value + reach};
    }

    static void state(auto& self, auto&& io) {
        io(self.seen_, self.scale_, self.level_habit_, self.step_habit_, self.distance_, self.regression_,
           self.company_, self.unit_, self.deviations_, self.alert_square_, self.alert_, self.severity_, self.parts_);
    }
    bool valid() const noexcept {
        return scale_.valid() && level_habit_.valid() && step_habit_.valid() && distance_.valid() &&
               regression_.valid() && company_.valid() && all_moderate(unit_, deviations_) && alert_square_ >= 0 &&
               all_moderate(parts_) && is_moderate(alert_square_) && is_moderate(alert_) && is_moderate(severity_);
    }

  private:
    static constexpr float clip = 3;
    static constexpr float least_limit = 0.05F;
    static constexpr float least_unit = 0.01F; // of the range
    static constexpr float step_weight = 5.8F;
    static constexpr float distance_weight = 1.6F;
    static constexpr float distance_blame = 2.2F;
    static constexpr float alert_rate = 0.65F;
    static constexpr float blame_rate = 0.8F;
    static constexpr float severity_rate = 0.2F;

    void weigh(std::span<std::uint8_t const> missing) noexcept {
        if (missing.empty() && is_whole_) {
            return;
        }
        for (std::size_t i = 0; i < metrics_; ++i) {
            weights_[i] = !missing.empty() && missing[i] != 0 ? 0.0F : 1.0F;
        }
        is_whole_ = missing.empty();
    }

    /// Of the levels and of the errors; and errors in deviations of the errors, and the limits of what is learned of them.
    void find_surprises() noexcept {
        constexpr float furthest = correlation_company::furthest;
        auto level = level_habit_.next();
        auto step = step_habit_.next();
        largest_three levels;
        largest_three steps;
        for (std::size_t i = 0; i < weights_.size(); i += 4) {
            four const weight = four_at(weights_, i);
            levels.take(level.take(i, four_at(scale_.off(), i).abs(), weight));
            four const spread = four_at(scale_.spread(), i);
            four const error = four_at(regression_.error(), i) * spread;
            steps.take(step.take(i, error.abs(), weight));
            four const square = four_at(step_habit_.square(), i);
            four const per_unit = (square + least_unit * least_unit).rsqrt();
            four_at(unit_, i) = (square + least_unit * least_unit) * per_unit;
            four_at(deviations_, i) = (error * per_unit).max(-furthest).min(furthest);
            four_at(work_, i) = square.sqrt() * clip / spread + least_limit;
        }
        level_ = levels.mean();
        step_ = steps.mean();
    }

    void add_up(float distance, float company) noexcept {
        float const square =
            level_ * level_ + step_weight * step_ * step_ + distance_weight * distance * distance + company * company;
        alert_square_ += alert_rate * (square - alert_square_);
        alert_ = std::sqrt(alert_square_);
        severity_ += severity_rate * (level_ + step_ + distance - severity_);
        float const share = distance_blame / static_cast<float>(metrics_);
        for (std::size_t i = 0; i < parts_.size(); i += 4) {
            four const by_distance = four_at(scale_.standard(), i) * four_at(distance_.whitened(), i);
            four const now = four_at(level_habit_.surprise(), i).square() +
                             step_weight * four_at(step_habit_.surprise(), i).square() + four_at(company_.parts(), i) +
                             share * by_distance.max(0.0F);
            four const before = four_at(parts_, i);
            // nothing is known of what is missing
            four_at(parts_, i) = (before + blame_rate * (now - before)) * four_at(weights_, i);
        }
    }

    std::size_t metrics_;
    std::uint64_t seen_ = 0;
    correlation_scale scale_;
    correlation_habit level_habit_;
    correlation_habit step_habit_;
    correlation_distance distance_;
    correlation_regression regression_;
    correlation_company company_;
    lanes weights_;         // 0 for metrics that are missing, else 1
    bool is_whole_ = false; // all weights are 1
    lanes work_;
    lanes unit_; // deviation of the errors, in ranges
    lanes deviations_;
    float level_ = 0; // what the strangest three had, in the last sample
    float step_ = 0;
    float alert_square_ = 0;
    float alert_ = 0;
    float severity_ = 0;
    lanes parts_;
};

} // namespace orfeas::inline v0::detect::detail
