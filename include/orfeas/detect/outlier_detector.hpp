// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/detect/alert_gate.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/detail/alert_identities.hpp>
#include <orfeas/detect/detail/exponential_tail.hpp>
#include <orfeas/detect/detail/gap_keeper.hpp>
#include <orfeas/detect/detail/outlier_score.hpp>
#include <orfeas/detect/outlier_options.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

namespace orfeas::inline v0::detect {

/// Finds values that a metric has not had before: new levels, another spread, a mean that has moved, and levels that are new
/// for the time of the day.
///
/// The first `warm_up` samples teach the range of usual values, in which levels are told apart at several resolutions. From
/// then on each part of the score asks whether the like has occurred within the lookback, and counts what is new by how rare
/// news have been lately (`detail::novelty_grids`); a shift counts by its Gaussian tail (`detail::mean_shift`). An alert_gate
/// makes alerts of the scores. Nothing about a stream has to be known in advance, and no sample after the judged one counts.
///
/// * A stream whose values are all equal has no unit to measure a difference by, and one that rarely leaves its value next to
///   none: its scores begin at 0 and grow with the number of different values seen. One different value after thousands of equal
///   ones is no alert; where most are different from then on, that is one, after 10 to 40 samples.
/// * Values multiplied by any positive factor, or shifted, give the same verdicts but for rounding.
/// * What lasts becomes normal: a new level at once for the level, within the lookback for its mean.
/// * Memory fades with samples, not with time: what is new is told by how often news come in a sample, and a gap has none. Were
///   levels forgotten in it, all would be new after it, and alerted of.
///
/// Constant time; no allocation after construction; about 10 KB. Thread-compatible (distinct objects).
class outlier_detector {
  public:
    static constexpr state_kind kind{"outlier_detector", 2};

    /// Throws option_error.
    explicit outlier_detector(outlier_options const& options = {})
        : options_{checked(options)},
          keeper_{gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          gate_{gate_options(options)} {}

    outlier_options const& options() const noexcept { return options_; }

    verdict update(sample const& each) {
        verdict made;
        auto const step = keeper_.admit(each);
        std::size_t const slot = slot_of(each.time);
        for (std::uint32_t i = 0; i < step.fill; ++i) {
            verdict unseen;
            judge(unseen, step.fill_value, slot);
        }
        if (step.has_value) {
            judge(made, step.value, slot);
        } else {
            pass_over(made);
        }
        if (step.is_silent || !made.alert) {
            detail::tell_silence(made, gate_, step.is_silent);
        }
        return made;
    }

    /// Whether `warm_up` values were seen.
    bool warm() const noexcept { return seen_ >= options_.warm_up; }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        auto gate = gate_;
        gate.reset();
        *this = outlier_detector{options_};
        gate_ = gate;
    }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.keeper_, self.first_, self.first_slots_, self.seen_, self.age_, self.has_range_, self.different_,
           self.evidence_, self.usual_value_, self.lasting_, self.score_, self.gate_, self.tail_);
    }
    bool valid() const noexcept {
        bool all = keeper_.valid() && score_.valid() && gate_.valid() && tail_.valid() && different_ >= 0 &&
                   is_finite(different_) && evidence_ >= 0 && evidence_ <= 1 && lasting_ <= 20'000;
        for (double const each : first_) {
            all = all && is_finite(each);
        }
        for (std::size_t const each : first_slots_) {
            all = all && each < detail::outlier_score::slots;
        }
        return all;
    }

  private:
    friend class metric_detector; // which knows missing values and expectations from other parts

    static constexpr double few_differences = 10;           // for these, scores are halved
    static constexpr std::uint64_t trusted = 3;             // times the warm-up until the confidence is full
    static constexpr std::uint64_t flat = 10;               // times the warm-up that make a flat line
    static constexpr double rare = 40;                      // different values of a flat line, at most
    static constexpr std::uint32_t most_in_passing = 8'000; // as `lasting_` has it
    static constexpr double flat_break = 12;                // raw score of the end of a flat line

    static outlier_options const& checked(outlier_options const& options) {
        validate(options);
        return options;
    }
    static alert_gate_options gate_options(outlier_options const& options) {
        alert_gate_options made;
        made.threshold = options.threshold;
        made.window = 100;
        made.usual_peak = 1.25;
        return made;
    }

    /// Of the day. Times before the epoch count backwards from it.
    static std::size_t slot_of(std::chrono::nanoseconds time) noexcept {
        constexpr std::int64_t day = 86'400;
        std::int64_t const second = std::chrono::floor<std::chrono::seconds>(time).count() % day;
        return static_cast<std::size_t>((second < 0 ? second + day : second) /
                                        (day / static_cast<std::int64_t>(detail::outlier_score::slots)));
    }

    double confidence() const noexcept {
        std::uint64_t const full = trusted * options_.warm_up;
        return evidence_ * (seen_ >= full ? 1 : static_cast<double>(seen_) / static_cast<double>(full));
    }

    /// A verdict of score 0.
    void begin(verdict& made) const noexcept {
        made.state = warm() ? verdict_state::normal : verdict_state::warming;
        made.confidence = confidence();
    }

    /// What is expected of the next value; `value` stands for that while nothing is known.
    void expect(verdict& made, double value) const noexcept {
        auto const expected = has_range_ ? score_.expected() : detail::expectation{value, value, value};
        made.expected = expected.value;
        made.low = expected.low;
        made.high = expected.high;
    }

    /// The boundary counts `factor` times.
    template<bool Expects = true>
    void judge(verdict& made, double value, std::size_t slot, double factor = 1) {
        ++seen_;
        bool const is_known = has_range_ || learn_range(value, slot);
        begin(made);
        if constexpr (Expects) {
            expect(made, value);
        }
        if (!is_known) {
            return;
        }
        auto const parts = take(value, slot);
        made.raw_score = ends_flat_line_ && parts.sum() < flat_break ? flat_break : parts.sum();
        auto const gated = gate_.update(made.raw_score, factor);
        made.state = gated.state;
        made.alert = gated.alert;
        made.score = gated.score;
        made.tail_probability = tail_.take(made.raw_score, gated.state != verdict_state::anomalous);
        if (made.raw_score > 0) {
            bool const is_clock = parts.clock > parts.level && parts.clock > parts.spread + parts.shift;
            made.family = is_clock ? anomaly_family::season : anomaly_family::outlier;
            made.blame.add(0, 1);
        }
    }

    /// The parts of a value's score, weighted by how often values have differed at all.
    detail::outlier_parts take(double value, std::size_t slot) noexcept {
        auto const parts = score_.take(value, slot, evidence_);
        bool const is_different = value != usual_value_;
        different_ += is_different ? 1 : 0;
        ends_flat_line_ = different_ <= rare && leaves_flat_line(is_different);
        if (++age_ >= options_.lookback) {
            score_.age();
            different_ /= 2;
            age_ = 0;
        }
        evidence_ = different_ / (different_ + few_differences);
        return parts;
    }

    /// Whether a stream that has rarely left its value for thousands of samples has left it for most of the last ones, from now on.
    bool leaves_flat_line(bool is_different) noexcept {
        bool const has_left = lasting_ >= most_in_passing;
        lasting_ += (is_different ? 1'000U : 0U) - lasting_ / 20;
        return !has_left && lasting_ >= most_in_passing && seen_ >= flat * options_.warm_up;
    }

    bool learn_range(double value, std::size_t slot);

    /// What is said where there is no value.
    void pass_over(verdict& made) const noexcept {
        begin(made);
        expect(made, 0);
        made.alert = gate_.ongoing();
        made.state = made.alert ? verdict_state::anomalous : made.state;
    }

    outlier_options options_;
    detail::gap_keeper keeper_;
    std::array<double, detail::level_scale::most_values> first_{}; // ring of values until their range is known
    std::array<std::uint8_t, detail::level_scale::most_values> first_slots_{};
    std::uint64_t seen_ = 0;
    std::uint32_t age_ = 0; // of the present generation of memory
    bool has_range_ = false;
    double different_ = 0; // values other than the usual one, those of former lookbacks counting less
    double evidence_ = 0;  // what scores are multiplied by: 1 where values differ
    double usual_value_ = 0;
    std::uint32_t lasting_ = 0;   // thousandths of different values, older ones counting less: of 20 if all are
    bool ends_flat_line_ = false; // within one update only
    detail::outlier_score score_;
    alert_gate gate_;
    detail::exponential_tail tail_;
};
static_assert(detector<outlier_detector>);

/// Keeps the value until there are enough and they differ; then learns their range and takes in all but the last, which is yet
/// to be judged. Returns whether that was now.
inline bool outlier_detector::learn_range(double value, std::size_t slot) {
    std::size_t const size = options_.warm_up;
    std::size_t const at = (seen_ - 1) % size;
    first_[at] = value;
    first_slots_[at] = static_cast<std::uint8_t>(slot);
    if (seen_ < size) {
        return false;
    }
    std::array<double, detail::level_scale::most_values> in_order{};
    for (std::size_t i = 0; i < size; ++i) {
        in_order[i] = first_[(at + 1 + i) % size];
    }
    if (!score_.learn(std::span{in_order}.first(size))) {
        return false;
    }
    has_range_ = true;
    auto sorted = in_order;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(size / 2),
                     sorted.begin() + static_cast<std::ptrdiff_t>(size));
    usual_value_ = sorted[size / 2];
    for (std::size_t i = 0; i + 1 < size; ++i) {
        take(in_order[i], first_slots_[(at + 1 + i) % size]);
    }
    return true;
}

} // namespace orfeas::inline v0::detect
