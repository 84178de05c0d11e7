// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/hash.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/forest_judge.hpp>
#include <orfeas/detect/detail/gap_keeper.hpp>
#include <orfeas/detect/detail/vector_gap_keeper.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/random_cut_forest_options.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace orfeas::inline v0::detect {

/// Finds values, or shapes of `shingle` values in a row, that random cuts easily tell apart from what was there before: a robust
/// random cut forest (Guha, Mishra, Roy, Schrijvers 2016).
///
/// Each of some trees keeps a random sample of the stream in which old points are rarer, and adds and removes points exactly:
/// it is at any time distributed as if it had been made of its points anew. The verdict's `raw_score` is the mean of how early the
/// point would be cut off: some 0.5 to 1 usually, at most the logarithm of the points that a tree keeps to base 2. What is above 1
/// goes to an alert_gate. `expected` is the median of what the first tree keeps, the band the middle 95 % of it.
///
/// * Equal points are one leaf with a count. A stream that rarely leaves its value has scores that begin at 0 and grow with the
///   number of different values seen: one different value after thousands of equal ones is no alert.
/// * Values multiplied by a positive factor or shifted give the same verdicts but for rounding.
/// * What lasts becomes normal as the trees take it in: within about `lookback / 10` samples.
/// * The same options, seed included, and the same samples give the same verdicts.
///
/// `trees` times the logarithm of `samples` and `shingle`; no allocation after construction. Some 80 bytes a kept value.
/// Thread-compatible (distinct objects).
class random_cut_forest {
  public:
    static constexpr state_kind kind{"random_cut_forest", 1};

    /// Throws option_error.
    explicit random_cut_forest(random_cut_forest_options const& options = {})
        : options_{checked(options)},
          keeper_{gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          judge_{1, options} {}

    random_cut_forest_options const& options() const noexcept { return options_; }

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

    /// Whether `warm_up` values were seen.
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

    static random_cut_forest_options const& checked(random_cut_forest_options const& options) {
        validate(options);
        return options;
    }

  private:
    random_cut_forest_options options_;
    detail::gap_keeper keeper_;
    detail::forest_judge judge_;
};
static_assert(detector<random_cut_forest>);

/// The same for samples of several metrics: finds points that are easily told apart in any of them, and blames those in which the
/// cuts fell.
///
/// Each metric is measured by its own spread, which is followed slowly. A metric that has no value counts as having its last one (0
/// before the first, and under the policy `zero`); a sample without any value is passed over.
///
/// The dimension is metrics times `shingle`, and cost and memory grow with it. Thread-compatible (distinct objects).
class vector_random_cut_forest {
  public:
    static constexpr state_kind kind{"vector_random_cut_forest", 1};
    static constexpr std::size_t most_metrics = 1'024;

    /// Throws option_error, and std::invalid_argument unless there are 1 to `most_metrics` metrics.
    explicit vector_random_cut_forest(std::size_t metrics, random_cut_forest_options const& options = {})
        : options_{random_cut_forest::checked(options)},
          metrics_{checked(metrics)},
          gaps_{metrics, gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          judge_{metrics, options} {}

    random_cut_forest_options const& options() const noexcept { return options_; }
    std::size_t metrics() const noexcept { return metrics_; }

    /// Throws std::invalid_argument, and changes nothing, when there are more or fewer values than metrics.
    verdict update(vector_sample const& each) {
        if (each.values.size() != metrics_) {
            throw std::invalid_argument{"vector_random_cut_forest: another number of values than of metrics"};
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

    /// Whether `warm_up` samples were seen.
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
            throw std::invalid_argument{"vector_random_cut_forest: 1 to 1024 metrics"};
        }
        return metrics;
    }

    std::uint64_t print() const { return mix64(fingerprint(options_) ^ mix64(metrics_)); }

    random_cut_forest_options options_;
    std::size_t metrics_;
    detail::vector_gap_keeper gaps_;
    detail::forest_judge judge_;
};
static_assert(vector_detector<vector_random_cut_forest>);

} // namespace orfeas::inline v0::detect
