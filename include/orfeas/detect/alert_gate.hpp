// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/alert_identities.hpp>
#include <orfeas/detect/verdict.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::detect {

/// Configures an alert_gate. Prefix ORFEAS_ALERT_GATE_.
struct alert_gate_options {
    double threshold = 1.5;        ///< how many times the stream's usual peak a score must reach
    std::uint32_t window = 100;    ///< samples whose scores a peak must exceed
    double usual_peak = 1;         ///< what peaks are taken to be before any was seen
    double prior_weight = 4;       ///< how many seen peaks that is worth
    double least_peak = 0.4;       ///< lower scores are no peaks
    double release = 0.5;          ///< multiple of the usual peak below which an alert calms down
    std::uint32_t quiet = 12;      ///< samples below it until the alert ends
    std::uint32_t longest = 1'000; ///< samples after which an alert ends: what lasts is the new normal

    static constexpr std::string_view environment_prefix = "ORFEAS_ALERT_GATE_";

    static void fields(auto& self, auto&& field) {
        field("threshold", self.threshold, in_range(0.01, 1'000.0), "how many times the usual peak a score must reach");
        field("window", self.window, in_range(1, 128), "samples whose scores a peak must exceed");
        field("usual_peak", self.usual_peak, in_range(1e-6, 1e6), "what peaks are taken to be before any was seen");
        field("prior_weight", self.prior_weight, in_range(0.1, 1'000.0), "how many seen peaks that is worth");
        field("least_peak", self.least_peak, in_range(1e-9, 1e6), "lower scores are no peaks");
        field("release", self.release, in_range(0.0, 1'000.0), "multiple of the usual peak that ends an alert");
        field("quiet", self.quiet, in_range(1, 100'000), "samples below it until the alert ends");
        field("longest", self.longest, in_range(1, 1'000'000'000), "samples after which an alert ends");
    }
};
static_assert(options<alert_gate_options>);

/// What becomes of a raw score.
struct gated_score {
    double score = 0;                            ///< in [0, 1]: from 0.5 on, an alert begins here or gets worse
    bool is_peak = false;                        ///< higher than all scores in the window before it
    verdict_state state = verdict_state::normal; ///< normal, anomalous or recovering
    alert_ref alert{};
};

/// Turns the raw scores of a stream into few alerts. Scores are at least 0, higher ones more anomalous; their unit matters
/// only for the options.
///
/// * Local maximum: only a score above all those of the window before it counts as a peak. Others get less than 0.5.
/// * Peak normalisation: a peak is divided by the geometric mean of the stream's earlier peaks, to which the prior belongs. A
///   stream that often peaks has to exceed its own habit.
/// * Hysteresis: an episode lasts from a peak until the scores have been low for `quiet` samples. It is one alert from its first
///   peak above the threshold on, however often it rises again.
///
/// Neither peaks nor episodes depend on the threshold, so raising it never adds an alert. A score that is not finite counts as
/// 0. Complexity: amortised constant; allocates nothing. Thread-compatible (distinct objects).
class alert_gate {
  public:
    static constexpr state_kind kind{"alert_gate", 1};

    /// Throws option_error.
    explicit alert_gate(alert_gate_options const& options = {}) : options_{options} { validate(options_); }

    alert_gate_options const& options() const noexcept { return options_; }

    /// What peaks of this stream are usually.
    double usual_peak() const noexcept { return usual_; }

    /// With a `factor` the threshold counts as many times for this sample.
    gated_score update(double raw, double factor = 1) {
        double const score = is_finite(raw) && raw > 0 ? raw : 0;
        gated_score made;
        auto const stored = static_cast<float>(score); // what is compared is what is kept
        made.is_peak = stored > highest() && score >= options_.least_peak;
        remember(stored);
        double const ratio = score * per_usual_;
        made.score = score_of(ratio, options_.threshold * factor) * (made.is_peak ? 1 : suppressed);
        bool const is_alert = made.is_peak && made.score >= 0.5;
        if (made.is_peak) {
            learn(score);
            if (!in_episode_) {
                begin_episode();
            }
        }
        follow(made, ratio, is_alert);
        return made;
    }

    /// What an open alert is at a sample that brings no score: it continues. Empty when none is open.
    alert_ref ongoing() const noexcept {
        return in_episode_ && is_alert_ ? alert_ref{identities_.last, alert_phase::continues} : alert_ref{};
    }

    /// Goes through the life of an alert about silence, which has an identity of its own: it starts at the first silent sample
    /// and ends at the first other one. Empty when there is no such alert.
    alert_ref silence(bool is_silent) noexcept { return identities_.silence(is_silent); }

    /// Forgets the stream. Alerts keep counting up, so that no two have the same identity.
    void reset() {
        auto identities = identities_;
        identities.reset();
        *this = alert_gate{options_};
        identities_ = identities;
    }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.scores_, self.times_, self.first_, self.size_, self.now_, self.log_sum_, self.peaks_, self.usual_,
           self.per_usual_, self.identities_.last, self.identities_.silent, self.in_episode_, self.is_alert_,
           self.calm_, self.lasted_);
    }
    bool valid() const noexcept {
        constexpr double most = 750; // of the logarithm of a double
        bool const is_mean = peaks_ >= 0 && log_sum_ <= most * (peaks_ + 1) && log_sum_ >= -most * (peaks_ + 1);
        return first_ < capacity && size_ <= capacity && is_mean && is_finite(peaks_) && usual_ > 0 &&
               is_finite(usual_) && per_usual_ > 0 && is_finite(per_usual_);
    }

  private:
    static constexpr std::size_t capacity = 128;
    static constexpr double suppressed = 0.499; // what is no peak stays below the boundary

    /// Of the scores in the window, those with no higher one behind them: the first is the highest of all.
    float highest() const noexcept { return size_ == 0 ? -1.0F : scores_[first_]; }

    void remember(float stored) noexcept {
        if (size_ > 0 && now_ - times_[first_] >= options_.window) { // too old for the next one
            first_ = (first_ + 1) % capacity;
            --size_;
        }
        while (size_ > 0 && scores_[(first_ + size_ - 1) % capacity] <= stored) {
            --size_;
        }
        scores_[(first_ + size_) % capacity] = stored;
        times_[(first_ + size_) % capacity] = now_;
        ++size_;
        ++now_;
    }

    void learn(double peak) {
        log_sum_ += std::log(peak / options_.usual_peak);
        peaks_ += 1;
        usual_ = options_.usual_peak * std::exp(log_sum_ / (options_.prior_weight + peaks_));
        per_usual_ = 1 / usual_;
    }

    void begin_episode() noexcept {
        in_episode_ = true;
        is_alert_ = false;
        calm_ = 0;
        lasted_ = 0;
    }

    void follow(gated_score& made, double ratio, bool is_alert) noexcept {
        if (!in_episode_) {
            return;
        }
        ++lasted_;
        calm_ = ratio < options_.release && !made.is_peak ? calm_ + 1 : 0;
        bool const ends = !made.is_peak && (calm_ >= options_.quiet || lasted_ >= options_.longest);
        if (is_alert && !is_alert_) {
            is_alert_ = true;
            made.alert = {identities_.next(), alert_phase::starts};
            made.state = verdict_state::anomalous;
        } else if (is_alert_) {
            made.alert = {identities_.last, ends ? alert_phase::ends : alert_phase::continues};
            made.state = ends ? verdict_state::recovering : verdict_state::anomalous;
        }
        in_episode_ = !ends;
    }

    alert_gate_options options_;
    std::array<float, capacity> scores_{};
    std::array<std::uint32_t, capacity> times_{}; // count of the sample, which may wrap around
    std::uint32_t first_ = 0;
    std::uint32_t size_ = 0;
    std::uint32_t now_ = 0;
    double log_sum_ = 0;
    double peaks_ = 0;
    double usual_ = options_.usual_peak;
    double per_usual_ = 1 / options_.usual_peak;
    detail::alert_identities identities_;
    bool in_episode_ = false;
    bool is_alert_ = false;
    std::uint32_t calm_ = 0;
    std::uint32_t lasted_ = 0;
};
static_assert(std::is_copy_constructible_v<alert_gate>);

} // namespace orfeas::inline v0::detect
