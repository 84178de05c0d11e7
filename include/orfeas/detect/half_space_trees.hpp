// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/gap_keeper.hpp>
#include <orfeas/detect/detail/half_space_judge.hpp>
#include <orfeas/detect/detail/vector_gap_keeper.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/half_space_trees_options.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace orfeas::inline v0::detect {

/// Finds values that are rare by counts alone: half-space trees (Tan, Ting, Liu 2011). Cheap, coarse, and forgetful.
///
/// Each of some trees halves the range of the values again and again, from a random place on, and counts how many of the last
/// `window` samples fell into each part; the next `window` are judged by that, then take its place. The verdict's `raw_score` is the
/// mean of how rare such values were: some 0.5 to 1 usually, up to the logarithm of the
/// window, and above it far out of the range. What is above 1.5 goes
/// to an alert_gate. `expected` is the mean of the window that is compared to, `low` and `high` are its least and largest value.
///
/// * The range is learned from the first window, and anew where values have moved out of it, or fill an eighth or the double of it.
/// * A stream that rarely leaves its value has scores that begin at 0 and grow with the number of different values seen.
/// * Values multiplied by a positive factor or shifted give the same verdicts but for rounding.
/// * What lasts for a window is normal.
/// * The same options, seed included, and the same samples give the same verdicts.
///
/// `trees` times `depth`, and at the end of a window `trees` times two to the `depth`; no allocation after construction. 75 KB by
/// default. Thread-compatible (distinct objects).
class half_space_trees {
  public:
    static constexpr state_kind kind{"half_space_trees", 1};

    /// Throws option_error.
    explicit half_space_trees(half_space_trees_options const& options = {})
        : options_{checked(options)},
          keeper_{gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          judge_{1, options} {}

    half_space_trees_options const& options() const noexcept { return options_; }

    verdict update(sample const& each) {
        auto const step = keeper_.admit(each);
        for (std::uint32_t i = 0; i < step.fill; ++i) {
            verdict unseen;
            judge_.judge(unseen, {&step.fill_value, 1});
        }
        verdict made;
        if (step.has_value) {
            judge_.judge(made, {&step.value, 1});
        } else {
            judge_.pass_over(made);
        }
        judge_.tell_silence(made, step.is_silent);
        return made;
    }

    /// Whether a window of values was seen.
    bool warm() const noexcept { return judge_.warm(); }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        keeper_.reset();
        judge_.reset();
    }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) { io(self.keeper_, self.judge_); }
    bool valid() const { return keeper_.valid() && judge_.valid(); }

    static half_space_trees_options const& checked(half_space_trees_options const& options) {
        validate(options);
        return options;
    }

  private:
    half_space_trees_options options_;
    detail::gap_keeper keeper_;
    detail::half_space_judge judge_;
};
static_assert(detector<half_space_trees>);

/// The same for samples of several metrics: halves the space of all of them, and blames those whose halving told a rare part apart.
///
/// Each metric is measured by its own range. A metric that has no value counts as having its last one (0 before the first, and under
/// the policy `zero`); a sample without any value is passed over.
///
/// A metric is looked at by the halvings that fall to it, so many metrics need more trees. Memory grows by a window for each.
/// Thread-compatible (distinct objects).
class vector_half_space_trees {
  public:
    static constexpr state_kind kind{"vector_half_space_trees", 1};
    static constexpr std::size_t most_metrics = 1'024;

    /// Throws option_error, and std::invalid_argument unless there are 1 to `most_metrics` metrics.
    explicit vector_half_space_trees(std::size_t metrics, half_space_trees_options const& options = {})
        : options_{half_space_trees::checked(options)},
          metrics_{checked(metrics)},
          gaps_{metrics, gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          judge_{metrics, options} {}

    half_space_trees_options const& options() const noexcept { return options_; }
    std::size_t metrics() const noexcept { return metrics_; }

    /// Throws std::invalid_argument, and changes nothing, when there are more or fewer values than metrics.
    verdict update(vector_sample const& each) {
        if (each.values.size() != metrics_) {
            throw std::invalid_argument{"vector_half_space_trees: another number of values than of metrics"};
        }
        auto const step = gaps_.admit(each);
        for (std::uint32_t i = 0; i < step.fill; ++i) {
            verdict unseen;
            judge_.judge(unseen, gaps_.filling());
        }
        verdict made;
        if (step.has_values) {
            judge_.judge(made, gaps_.values());
            made.confidence *= static_cast<double>(step.present) / static_cast<double>(metrics_);
        } else {
            judge_.pass_over(made);
        }
        judge_.tell_silence(made, step.is_silent);
        return made;
    }

    /// Of all metrics, what they had in the last score: 1 in all, or 0 where nothing is to blame. A verdict names the largest.
    std::span<double const> shares() const noexcept { return judge_.shares(); }

    /// Whether a window of samples was seen.
    bool warm() const noexcept { return judge_.warm(); }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        gaps_ = {metrics_, gap_policy_of(options_.gaps), options_.interval, options_.gap_intervals};
        judge_.reset();
    }

    void save(state_writer& out) const { save_state(out, kind, print(), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, print(), *this); }

    static void state(auto& self, auto&& io) { io(self.gaps_, self.judge_); }
    bool valid() const { return gaps_.valid() && judge_.valid(); }

  private:
    static std::size_t checked(std::size_t metrics) {
        if (metrics == 0 || metrics > most_metrics) {
            throw std::invalid_argument{"vector_half_space_trees: 1 to 1024 metrics"};
        }
        return metrics;
    }

    std::uint64_t print() const { return mix64(fingerprint(options_) ^ mix64(metrics_)); }

    half_space_trees_options options_;
    std::size_t metrics_;
    detail::vector_gap_keeper gaps_;
    detail::half_space_judge judge_;
};
static_assert(vector_detector<vector_half_space_trees>);

} // namespace orfeas::inline v0::detect
