// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/bytes.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/memory/memory_profile.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::memory {

/// The batch for a pressure, by rule: twice `base` when it is low, `base` when medium, a half when high, a quarter when
/// critical; at least 1, at most `cap` (or 1, if that is 0).
constexpr std::uint32_t batch_for_pressure(memory_pressure pressure, std::uint32_t base = 32,
                                           std::uint32_t cap = std::numeric_limits<std::uint32_t>::max()) noexcept {
    std::uint64_t batch = base;
    switch (pressure) {
    case memory_pressure::low:
        batch *= 2;
        break;
    case memory_pressure::medium:
        break;
    case memory_pressure::high:
        batch /= 2;
        break;
    case memory_pressure::critical:
        batch /= 4;
        break;
    }
    batch = batch < cap ? batch : cap;
    return batch == 0 ? 1 : static_cast<std::uint32_t>(batch);
}

/// What a step needs by its batch: peak = fixed_bytes + batch * bytes_per_sample.
struct memory_cost_model {
    double fixed_bytes = 0;
    double bytes_per_sample = 0;

    /// The peak of a step with this batch.
    constexpr double peak_bytes(double batch) const noexcept { return fixed_bytes + batch * bytes_per_sample; }

    static void fields(auto& self, auto&& field) {
        field("fixed_bytes", self.fixed_bytes, unit::bytes, "peak of a step without samples");
        field("bytes_per_sample", self.bytes_per_sample, unit::bytes, "what each sample adds to the peak");
    }
};

/// Configures a batch_advisor. Prefix ORFEAS_BATCH_ADVISOR_.
struct batch_advisor_options {
    std::uint64_t limit_bytes = 0;       ///< what a step may allocate at its peak; required
    std::uint64_t resident_bytes = 0;    ///< allocated before any step, weights for instance; 0: not known
    std::uint32_t first_batch = 1;       ///< where to begin; it is known to fit, or the least that is of use
    std::uint32_t most_batch = 65'536;   ///< more is of no use
    std::uint32_t most_probes = 3;       ///< measured steps
    double noise = 0.03;                 ///< what a step allocates besides is measured off by at most this share
    std::uint64_t granule_bytes = 2_MiB; ///< and by what the allocator rounds up

    static constexpr std::string_view environment_prefix = "ORFEAS_BATCH_ADVISOR_";

    static void fields(auto& self, auto&& field) {
        field("limit_bytes", self.limit_bytes, at_least(1), "what a step may allocate at its peak");
        field("resident_bytes", self.resident_bytes, any_value{}, "allocated before any step; 0: not known");
        field("first_batch", self.first_batch, at_least(1), "where to begin");
        field("most_batch", self.most_batch, at_least(1), "more is of no use");
        field("most_probes", self.most_probes, in_range(1, 8), "measured steps");
        field("noise", self.noise, in_range(0.0, 0.5), "share by which what a step allocates is measured off");
        field("granule_bytes", self.granule_bytes, any_value{}, "what the allocator rounds up to");
    }

    void check() const {
        if (first_batch > most_batch) {
            throw option_error{"first_batch", std::to_string(first_batch), "at most most_batch"};
        }
    }
};
static_assert(options<batch_advisor_options>);

/// The largest batch that is known to fit.
struct batch_advice {
    std::uint32_t batch = 0;           ///< 0: not even the first one fits
    std::uint64_t predicted_bytes = 0; ///< its peak by the fitted cost model
    std::uint64_t margin_bytes = 0;    ///< from the worst that the measurements allow to the limit
    memory_cost_model cost;            ///< the fit

    static void fields(auto& self, auto&& field) {
        field("batch", self.batch, unit::none, "largest batch that fits");
        field("predicted_bytes", self.predicted_bytes, unit::bytes, "its expected peak");
        field("margin_bytes", self.margin_bytes, unit::bytes, "from its highest possible peak to the limit");
        field("fixed_bytes", self.cost.fixed_bytes, unit::bytes, "peak of a step without samples");
        field("bytes_per_sample", self.cost.bytes_per_sample, unit::bytes, "what each sample adds to the peak");
    }
};

/// Finds the largest batch that fits from a few measured steps, without an OOM on the way.
///
///     while (auto const batch = advisor.next_probe()) {
///         // run one step of this batch, then
///         advisor.observe(*batch, peak_bytes); // or observe_out_of_memory(*batch)
///     }
///
/// The peak is taken as a line of the batch, each measurement as an interval in which the line runs (set membership
/// estimation, Schweppe 1968): `noise` and the granule wide. Of all lines through all intervals, the one that is highest
/// at a batch says what this batch needs at worst; the next probe is the largest batch whose worst is within the limit.
/// Each probe lies further out and so narrows the lines where it matters. `resident_bytes` is worth a probe and more:
/// without it, the first measurement might be samples alone, and the search must not more than double the peak.
///
/// A peak above all lines shows that the curve bends upward: then only the last two measurements count (secant), and
/// half of what they promise is tried, and only a batch that ran is advised. After an OOM, which a caller's other memory
/// may cause, the search goes halfway between it and the largest batch that ran.
/// Allocates nothing; a call takes some hundred nanoseconds.
/// Thread-compatible (distinct objects).
class batch_advisor {
  public:
    /// Throws option_error for options that do not hold, a missing limit for instance.
    explicit batch_advisor(batch_advisor_options const& options) : options_{options} { validate(options_); }

    /// The batch to measure next; empty when the search is over.
    std::optional<std::uint32_t> next_probe() const {
        if (probes_ == 0) {
            return options_.first_batch;
        }
        if (probes_ >= options_.most_probes) {
            return std::nullopt;
        }
        if (count_ == 0) {
            return failed_ > 1 ? std::optional{failed_ / 2} : std::nullopt;
        }
        auto const next = bends_ ? halfway() : reachable();
        return next > ran() ? std::optional{next} : std::nullopt;
    }

    /// A step of `batch` samples ran and allocated `peak_bytes` at its peak.
    void observe(std::uint32_t batch, std::uint64_t peak_bytes) {
        ORFEAS_ASSERT(batch > 0, "a batch of at least one sample");
        auto const granule = static_cast<double>(options_.granule_bytes);
        auto const resident = static_cast<double>(options_.resident_bytes);
        double const above = peak_bytes > options_.resident_bytes ? static_cast<double>(peak_bytes) - resident : 0;
        double const low = above / (1 + options_.noise) - granule;
        interval const found{.batch = static_cast<double>(batch),
                             .low = resident + (low > 0 ? low : 0),
                             .high = resident + above / (1 - options_.noise) + granule,
                             .above = above};
        bends_ = bends_ || (count_ > 0 && found.low > worst(found.batch));
        ++probes_;
        if (batch < failed_) {
            keep(found);
        }
    }

    /// A step of `batch` samples did not fit.
    void observe_out_of_memory(std::uint32_t batch) {
        ORFEAS_ASSERT(batch > 0, "a batch of at least one sample");
        ++probes_;
        bends_ = bends_ || (count_ > 0 && worst(batch) <= static_cast<double>(options_.limit_bytes));
        failed_ = batch < failed_ ? batch : failed_;
        while (count_ > 0 && ran() >= failed_) {
            --count_;
        }
    }

    /// What is known so far; empty before the first observation.
    std::optional<batch_advice> result() const {
        if (probes_ == 0) {
            return std::nullopt;
        }
        if (count_ == 0) {
            return batch_advice{};
        }
        batch_advice found{.batch = bends_ ? ran() : reachable(), .cost = fitted()};
        auto const samples = static_cast<double>(found.batch);
        double const margin = static_cast<double>(options_.limit_bytes) - worst(samples);
        found.predicted_bytes = static_cast<std::uint64_t>(found.cost.peak_bytes(samples));
        found.margin_bytes = margin > 0 ? static_cast<std::uint64_t>(margin) : 0;
        return found;
    }

    /// The batch found, made smaller while memory is short: a half under high pressure, a quarter under critical. Never
    /// above the one found. Empty before the first observation, and when nothing fits.
    std::optional<std::uint32_t> adjusted(memory_pressure pressure) const {
        auto const found = result();
        if (!found || found->batch == 0) {
            return std::nullopt;
        }
        return batch_for_pressure(pressure, found->batch, found->batch);
    }

    /// Steps measured, those that ran out of memory included.
    std::uint32_t probes() const noexcept { return probes_; }

  private:
    /// One measurement: where the line may run at this batch.
    struct interval {
        double batch;
        double low;
        double high;
        double above; // the measured peak without the resident bytes
    };

    static constexpr std::size_t most_kept = 8;

    /// Sorted by batch; the last one of equals counts.
    void keep(interval const& found);
    double worst(double batch) const;
    std::uint32_t reachable() const;
    std::uint32_t halfway() const;
    memory_cost_model fitted() const;

    std::uint32_t ran() const { return static_cast<std::uint32_t>(kept_[count_ - 1].batch); }

    batch_advisor_options options_;
    std::array<interval, most_kept> kept_{};
    std::size_t count_ = 0;
    std::uint32_t probes_ = 0;
    std::uint32_t failed_ = std::numeric_limits<std::uint32_t>::max(); // the smallest batch that did not fit
    bool bends_ = false;                                               // the curve is no line
};

inline void batch_advisor::keep(interval const& found) {
    std::size_t at = count_;
    while (at > 0 && kept_[at - 1].batch >= found.batch) {
        --at;
    }
    if (at < count_ && kept_[at].batch == found.batch) {
        kept_[at] = found;
        return;
    }
    if (count_ == most_kept) { // the smallest batch says least
        for (std::size_t i = 0; i + 1 < most_kept; ++i) {
            kept_[i] = kept_[i + 1];
        }
        at = at > 0 ? at - 1 : 0;
        --count_;
    }
    for (std::size_t i = count_; i > at; --i) {
        kept_[i] = kept_[i - 1];
    }
    kept_[at] = found;
    ++count_;
}

/// The highest value at `batch` of the lines through all intervals that do not fall: a linear program in two variables,
/// whose dual says that the least over the pairs of constraints below is its optimum.
inline double batch_advisor::worst(double batch) const {
    std::size_t const first = bends_ && count_ > 2 ? count_ - 2 : 0;
    double least = std::numeric_limits<double>::infinity();
    auto const take = [&](double value) { least = value < least ? value : least; };
    auto const extend = [&](double at, double low, interval const& from) {
        double const slope = (from.high - low) / (from.batch - at);
        take(from.high + (slope > 0 ? slope : 0) * (batch - from.batch));
    };
    for (std::size_t k = first; k < count_; ++k) {
        if (batch <= kept_[k].batch) {
            take(kept_[k].high);
            continue;
        }
        if (!bends_ || count_ == 1) {
            extend(0, static_cast<double>(options_.resident_bytes), kept_[k]);
        }
        for (std::size_t i = first; i < k; ++i) {
            extend(kept_[i].batch, kept_[i].low, kept_[k]);
        }
        for (std::size_t j = k + 1; j < count_; ++j) { // between two: below the chord of their upper ends
            if (batch < kept_[j].batch) {
                double const share = (batch - kept_[k].batch) / (kept_[j].batch - kept_[k].batch);
                take(kept_[k].high + share * (kept_[j].high - kept_[k].high));
            }
        }
    }
    return least;
}

/// The largest batch whose worst is within the limit; one that ran is, whatever noise would allow.
inline std::uint32_t batch_advisor::reachable() const {
    auto const limit = static_cast<double>(options_.limit_bytes);
    std::uint32_t low = ran();
    std::uint32_t high = options_.most_batch < failed_ ? options_.most_batch : failed_ - 1;
    while (low < high) {
        std::uint32_t const middle = low + (high - low + 1) / 2;
        if (worst(middle) <= limit) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/// Between the largest batch that ran and the one that is reachable, or the one that failed.
inline std::uint32_t batch_advisor::halfway() const {
    auto const most = reachable();
    return ran() + (most - ran() + 1) / 2;
}

/// Least squares of the errors relative to what is above the resident bytes; the line rises and does not begin below them.
inline memory_cost_model batch_advisor::fitted() const {
    double weights = 0;
    double batches = 0;
    double peaks = 0;
    double squares = 0;
    double products = 0;
    for (std::size_t i = bends_ && count_ > 2 ? count_ - 2 : 0; i < count_; ++i) {
        auto const& each = kept_[i];
        double const weight = 1 / (each.above > 1 ? each.above * each.above : 1);
        weights += weight;
        batches += weight * each.batch;
        peaks += weight * each.above;
        squares += weight * each.batch * each.batch;
        products += weight * each.batch * each.above;
    }
    double const spread = weights * squares - batches * batches;
    double slope = spread > 1e-12 * weights * squares ? (weights * products - batches * peaks) / spread : -1;
    double fixed = (peaks - slope * batches) / weights;
    if (slope < 0 || fixed < 0) { // through the resident bytes
        fixed = 0;
        slope = products / squares;
    }
    return {.fixed_bytes = static_cast<double>(options_.resident_bytes) + fixed, .bytes_per_sample = slope};
}

} // namespace orfeas::inline v0::memory
