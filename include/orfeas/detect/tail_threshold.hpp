// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/within_reach.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::detect {

/// Configures a tail_threshold. Prefix ORFEAS_TAIL_THRESHOLD_.
struct tail_threshold_options {
    double false_alerts_per_day = 1;           ///< that are expected of a stream without anomalies
    std::chrono::milliseconds interval{1'000}; ///< between two samples
    double tail_share = 0.02;                  ///< share of the values that the tail is fitted to
    std::uint32_t warm_up = 500;               ///< values before the first answer

    static constexpr std::string_view environment_prefix = "ORFEAS_TAIL_THRESHOLD_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("false_alerts_per_day", self.false_alerts_per_day, in_range(1e-6, 1e6),
              "false alerts a day that are expected of a stream without anomalies");
        field("interval", self.interval, in_range(milliseconds{1}, milliseconds{86'400'000}),
              "time between two samples");
        field("tail_share", self.tail_share, in_range(0.001, 0.2), "share of the values that the tail is fitted to");
        field("warm_up", self.warm_up, in_range(100, 1'000'000), "values before the first answer");
    }
};
static_assert(options<tail_threshold_options>);

/// Finds the value that a stream exceeds as rarely as asked for, also where that is rarer than anything seen yet: peaks over
/// threshold (Pickands 1975), as for streams by Siffer et al. (2017).
///
/// A quantile is followed (`tail_share` of the values exceed it), and a generalised Pareto distribution is fitted by its
/// moments to the last 200 excesses over it, again after every 16th. All of it is free of scale: values multiplied by any
/// factor give the same answers. Values are learned clipped, so that one anomaly does not hide the next, and the caller may
/// leave out those of an alert. The answer is for values that do not depend on each other; where they do, alerts come in
/// clusters, and an alert_gate makes one of each.
///
/// Raising `false_alerts_per_day` lowers the threshold; nothing that is learned depends on it.
/// Complexity: constant, about 1/8 of a pass over 200 numbers a value of the tail; 1.7 KB. Thread-compatible (distinct objects).
class tail_threshold {
  public:
    static constexpr state_kind kind{"tail_threshold", 1};
    static constexpr std::size_t excesses = 200;

    /// Throws option_error.
    explicit tail_threshold(tail_threshold_options const& options = {}) : options_{options} { validate(options_); }

    tail_threshold_options const& options() const noexcept { return options_; }

    /// Whether enough values were seen to answer.
    bool warm() const noexcept { return seen_ >= options_.warm_up && kept() >= least_excesses; }

    /// The chance of a value from which on there is an alert: the expected alerts over the samples of a day.
    double alert_probability() const noexcept {
        double const samples = 86'400'000.0 / static_cast<double>(options_.interval.count());
        double const chance = options_.false_alerts_per_day / samples;
        return chance < 1 ? chance : 1;
    }

    /// Takes in a value, up to 1e300. One that is not finite leaves no trace.
    void learn(double given) {
        if (!is_finite(given)) {
            return;
        }
        double const value = detail::within_reach(given);
        ++seen_;
        if (seen_ == 1) {
            mean_ = quantile_ = value;
            return;
        }
        if (seen_ <= settling) {
            settle(value);
            return;
        }
        double const reach = clip_factor * (mean_excess() > 0 ? mean_excess() : spread_);
        double const most = quantile_ + reach;
        double const clipped = value > most ? most : value;
        mean_ += (clipped - mean_) * rate(0.001);
        follow(clipped);
    }

    /// Forgets the stream.
    void reset() { *this = tail_threshold{options_}; }

    /// The value that is exceeded as often as `false_alerts_per_day` asks; infinite before the stream is warm.
    double threshold() const { return threshold_for(alert_probability()); }

    /// The value that is exceeded with that chance, of 0 to 1.
    double threshold_for(double probability) const;

    /// A chance that is asked for often, with what of its threshold only a fit changes. Thread-compatible (distinct objects).
    class asked {
      public:
        explicit asked(double probability) : probability_{probability}, log_{std::log(probability)} {}
        double probability() const noexcept { return probability_; }

      private:
        friend tail_threshold;
        double probability_; // of 0 to 1
        double log_;
        double log_share_ = 0; // what `excess_` is for
        double shape_ = 0;
        double scale_ = -1;
        double excess_ = 0; // above the quantile
    };

    /// As above, without a logarithm, and without a power but after a fit.
    double threshold_for(asked& each) const;

    /// How often a value is at least as high as this one, in [0, 1]; 1 before the stream is warm. Below the tail it is an
    /// interpolation between the mean and the tail; not-a-number is never exceeded less than always.
    double probability(double value) const;

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.excess_, self.next_, self.total_excesses_, self.seen_, self.since_fit_, self.quantile_, self.spread_,
           self.mean_, self.share_, self.shape_, self.scale_, self.mean_excess_, self.log_share_);
    }
    bool valid() const noexcept {
        bool all = next_ < excesses && share_ >= 0 && share_ <= 1 && log_share_ <= 0 && spread_ >= 0 && scale_ >= 0 &&
                   mean_excess_ >= 0 && shape_ >= lightest && shape_ <= heaviest;
        for (double const each : {quantile_, spread_, mean_, shape_, scale_, mean_excess_, log_share_}) {
            all = all && is_finite(each) && each >= -largest && each <= largest;
        }
        for (double const each : excess_) {
            all = all && each >= 0 && each <= largest;
        }
        return all;
    }

  private:
    double excess_for(double rarer) const {
        return std::abs(shape_) < 1e-9 ? scale_ * rarer : scale_ * std::expm1(shape_ * rarer) / shape_;
    }
    /// Below the tail it is as in probability().
    double below_tail(double chance, double rarer) const noexcept {
        double const part = chance >= 1 ? 0 : 1 - rarer / log_share_;
        return mean_ + part * (quantile_ - mean_);
    }

    static constexpr std::uint64_t settling = 64; // values whose spread starts the search for the quantile
    static constexpr std::size_t least_excesses = 8;
    static constexpr std::uint32_t refit = 16;
    static constexpr double largest = 1e305; // that a number can become
    static constexpr double lightest = -0.5; // shape of a tail
    static constexpr double heaviest = 0.4;
    static constexpr double clip_factor = 12; // times the mean excess: what is above is learned as that

    std::size_t kept() const noexcept {
        return total_excesses_ < excesses ? static_cast<std::size_t>(total_excesses_) : excesses;
    }
    double mean_excess() const noexcept { return mean_excess_; }

    /// Of the values that exceed the quantile, once some did.
    double share() const noexcept { return share_ > 1e-9 ? share_ < 0.5 ? share_ : 0.5 : options_.tail_share; }

    /// A step that first averages and then forgets.
    double rate(double least) const noexcept {
        auto const seen = static_cast<double>(seen_);
        return seen * least >= 1 ? least : 1 / seen;
    }

    /// Of the first values: their mean and how far they are from it, and the highest as the quantile.
    void settle(double value) {
        mean_ += (value - mean_) / static_cast<double>(seen_);
        spread_ += (std::abs(value - mean_) - spread_) / static_cast<double>(seen_ - 1);
        if (seen_ == settling) {
            quantile_ = mean_ + 2 * spread_;
        }
    }

    /// Moves the quantile up by a step for what exceeds it and down by its share of a step for what does not.
    void follow(double value) {
        bool const exceeds = value > quantile_;
        share_ += ((exceeds ? 1.0 : 0.0) - share_) * rate(0.0005);
        if (exceeds) {
            push(value - quantile_);
        }
        double const step = step_share * rate_of_step() * (spread_ > mean_excess_ ? spread_ : mean_excess_);
        quantile_ += step * ((exceeds ? 1.0 : 0.0) - options_.tail_share);
        spread_ += (std::abs(value - mean_) - spread_) * rate(0.001);
    }

    static constexpr double step_share = 0.5;
    double rate_of_step() const noexcept { // large at first, for a quantile that was guessed
        return seen_ > 1'280 ? 0.05 : 64 / static_cast<double>(seen_);
    }

    void push(double excess) {
        excess_[next_] = excess;
        next_ = (next_ + 1) % excesses;
        ++total_excesses_;
        if (++since_fit_ >= refit || total_excesses_ <= least_excesses) {
            since_fit_ = 0;
            fit();
        }
    }

    /// By the first two moments (Hosking and Wallis 1987); the shape stays where they exist and the tail is not too heavy.
    void fit() {
        std::size_t const n = kept();
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
            sum += excess_[i];
        }
        double const mean = sum / static_cast<double>(n);
        double squares = 0; // of how far each is from the mean, by the mean: no scale is too large to square
        for (std::size_t i = 0; mean > 0 && i < n; ++i) {
            double const off = excess_[i] / mean - 1;
            squares += off * off;
        }
        mean_excess_ = mean;
        double const ratio = squares > 0 ? static_cast<double>(n) / squares : 1;
        double const shape = (1 - ratio) / 2;
        shape_ = shape < lightest ? lightest : shape > heaviest ? heaviest : shape;
        scale_ = mean * (1 - shape_);
        log_share_ = std::log(share());
    }

    tail_threshold_options options_;
    std::array<double, excesses> excess_{};
    std::uint32_t next_ = 0;
    std::uint64_t total_excesses_ = 0;
    std::uint64_t seen_ = 0;
    std::uint32_t since_fit_ = 0;
    double quantile_ = 0;
    double spread_ = 0; // mean distance from the mean
    double mean_ = 0;
    double share_ = 0; // of the values that exceed the quantile
    double shape_ = 0;
    double scale_ = 0;
    double mean_excess_ = 0;
    double log_share_ = 0; // at the last fit
};

inline double tail_threshold::threshold_for(double probability) const {
    if (!warm()) {
        return HUGE_VAL;
    }
    double const rarer = log_share_ - std::log(probability);
    return rarer <= 0 ? below_tail(probability, rarer) : quantile_ + excess_for(rarer);
}

inline double tail_threshold::threshold_for(asked& each) const {
    if (!warm()) {
        return HUGE_VAL;
    }
    double const rarer = log_share_ - each.log_;
    if (rarer <= 0) {
        return below_tail(each.probability_, rarer);
    }
    if (each.log_share_ != log_share_ || each.shape_ != shape_ || each.scale_ != scale_) {
        each.log_share_ = log_share_;
        each.shape_ = shape_;
        each.scale_ = scale_;
        each.excess_ = excess_for(rarer);
    }
    return quantile_ + each.excess_;
}

inline double tail_threshold::probability(double value) const {
    if (!warm() || !(value > mean_)) {
        return 1;
    }
    if (value <= quantile_) {
        double const part = quantile_ > mean_ ? (value - mean_) / (quantile_ - mean_) : 1;
        return std::exp(part * log_share_);
    }
    if (!(scale_ > 0)) {
        return 0;
    }
    double const relative = (value - quantile_) / scale_;
    double const base = 1 + shape_ * relative;
    if (base <= 0) { // beyond the end of a tail that has one
        return 0;
    }
    return std::exp(log_share_ - (std::abs(shape_) < 1e-9 ? relative : std::log(base) / shape_));
}

} // namespace orfeas::inline v0::detect
