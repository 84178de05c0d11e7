// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/function_ref.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/trace_id.hpp>

#include <cstdint>
#include <span>
#include <string_view>

/// What a registry hands out when it is collected: families of points, from which every format is written. All views are
/// valid during the call that hands the family over, and no longer: a consumer that keeps something copies it. The memory
/// behind them is reused by the next family, so collecting allocates nothing once it has been done for the same series.

namespace orfeas::inline v0::metrics {

/// What the numbers of a family mean. A sum goes up and down like a gauge, but is the total of what was added and taken
/// away: sums of several processes can be added up.
enum class metric_type : std::uint8_t { counter, up_down_counter, gauge, histogram };

/// The type's name as Prometheus and OpenMetrics spell it: to them an up-down counter is a gauge.
constexpr std::string_view to_string(metric_type type) noexcept {
    return type == metric_type::counter ? "counter" : type == metric_type::histogram ? "histogram" : "gauge";
}

/// Which span an update belongs to; both ids zero where there is none.
struct exemplar_ids {
    trace_id trace;
    span_id span;

    explicit operator bool() const noexcept { return static_cast<bool>(trace); }
    friend bool operator==(exemplar_ids const&, exemplar_ids const&) = default;
};

/// One update, kept with the trace that it was made in, as an example of the others.
struct exemplar {
    exemplar_ids ids;
    double value = 0; ///< what was added or observed
    wall_time at{};
};

/// A value that is exact where it is whole. NaN says that there is none at present.
struct number {
    double value = 0;       ///< rounded to the next double where `whole` is beyond 2^53
    std::int64_t whole = 0; ///< the same, exact; only where `is_whole`
    bool is_whole = false;
};

/// A bucket with an upper bound, as Prometheus has had it from the start.
struct classic_bucket {
    double upper_bound = 0;            ///< included; the last one's is infinity
    std::string_view bound;            ///< the same in its shortest decimal form, "+Inf" for the last
    std::uint64_t cumulative = 0;      ///< values at or below the bound
    exemplar const* example = nullptr; ///< a value of this bucket; null if there is none
};

/// The distribution of a histogram's values since its series began, in two forms that agree: classic buckets at powers of
/// two, and exponential buckets: bucket `i` holds the values in (b^(i-1), b^i] with b = 2^(2^-schema), as Prometheus' native
/// histograms count them; in OTLP the same bucket has the number i - 1.
struct histogram_value {
    std::uint64_t count = 0; ///< the sum of `zero_count` and `counts`
    double sum = 0;
    double zero_threshold = 0; ///< values at or below it, negative ones too, are in `zero_count`
    std::uint64_t zero_count = 0;
    int schema = 0;          ///< Prometheus' schema, OTLP's scale; 5 and below, so that there are at most 160 buckets
    std::int32_t offset = 0; ///< the number of the first bucket
    std::span<std::uint64_t const>
        counts; ///< of the buckets `offset`, `offset` + 1, …; neither first nor last is zero;
                ///< values above the histogram's range are in the bucket next to it
    std::span<classic_bucket const> buckets; ///< by bound, the last one for all values
};

/// One series at the moment of collection.
struct point {
    std::span<label const> labels;              ///< sorted by name
    wall_time start{};                          ///< since when it counts: when the series was made
    metrics::number number;                     ///< of all types but histograms
    exemplar const* example = nullptr;          ///< of a counter; null if there is none
    histogram_value const* histogram = nullptr; ///< of a histogram, else null
};

/// All series of one name, which share their type, help text and names of labels. The points are sorted by label values.
struct family_points {
    std::string_view name; ///< as registered: that of a counter ends in _total
    std::string_view help; ///< may be empty
    metric_type type = metric_type::gauge;
    orfeas::unit unit = orfeas::unit::none; ///< what the name ends in
    std::span<point const> points;          ///< at least one
};

/// Receives families, sorted by name; borrowed for the length of one `collect` call.
using family_sink = function_ref<void(family_points const&)>;

/// What can be collected: registries, and `exposition` with the measurements of other components. `collect` may be called
/// by any thread at any time. Writers take any number of them, with different families, into one document.
template<class S>
concept collectable = requires(S& s, family_sink sink) { s.collect(sink); };

} // namespace orfeas::inline v0::metrics
