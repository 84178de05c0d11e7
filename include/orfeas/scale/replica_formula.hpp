// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/scale/metric_reading.hpp>

#include <cmath>
#include <cstdint>
#include <optional>

namespace orfeas::inline v0::scale {

/// How many replicas one metric asks for, and the ratio of value to target that it follows from.
struct metric_proposal {
    std::uint32_t replicas = 0;
    double ratio = 0; ///< with replicas that are missing or not ready counted in, as the formula counts them

    friend bool operator==(metric_proposal const&, metric_proposal const&) = default;
};

namespace detail {

/// No more than this is ever asked for: it bounds what a value without measure can do.
inline constexpr double most_replicas = 1e9;

/// Quotients of decimal fractions seldom come out whole: what is missing to that is not worth a replica.
inline constexpr double rounding = 1e-9;

inline std::uint32_t whole_replicas(double count) noexcept {
    double const rounded = std::ceil(count - rounding);
    return static_cast<std::uint32_t>(rounded < 0 ? 0 : rounded > most_replicas ? most_replicas : rounded);
}

inline bool is_within(double ratio, double tolerance) noexcept {
    return std::abs(ratio - 1) <= tolerance + rounding;
}

/// The mean over replicas; those that do not report count as at their target when there are too many replicas, as idle
/// when there are too few; those that are not ready yet count as idle when there are too few.
inline std::optional<metric_proposal> average_proposal(metric_reading const& of, std::uint32_t current,
                                                       std::uint32_t ready, double tolerance) noexcept {
    if (ready <= of.missing) {
        return std::nullopt;
    }
    std::uint32_t const reporting = ready - of.missing;
    std::uint32_t const unready = current > ready ? current - ready : 0;
    double const ratio = of.value / of.target;
    bool const counts_unready = unready > 0 && ratio > 1;
    double counted = reporting;
    double sum = ratio * counted; // in targets
    if (of.missing == 0 && !counts_unready) {
        return is_within(ratio, tolerance) ? metric_proposal{current, ratio}
                                           : metric_proposal{whole_replicas(sum), ratio};
    }
    counted += of.missing + (counts_unready ? unready : 0);
    sum += ratio < 1 ? of.missing : 0;
    double const corrected = sum / counted;
    bool const turns = (ratio <= 1 && corrected > 1) || (ratio >= 1 && corrected < 1);
    std::uint32_t const wanted = whole_replicas(sum);
    bool const is_against = (corrected < 1 && wanted > current) || (corrected > 1 && wanted < current);
    return metric_proposal{is_within(corrected, tolerance) || turns || is_against ? current : wanted, corrected};
}

} // namespace detail

/// What one metric alone asks for: ceil(replicas × value / target), by the documented rules of the HPA of Kubernetes. Nothing
/// within the tolerance of the target; nothing where it cannot be told: not read, or no replica reports it.
/// `current` are the replicas that were asked for, `ready` those of them that serve.
inline std::optional<metric_proposal> propose_replicas(metric_reading const& of, std::uint32_t current,
                                                       std::uint32_t ready, double tolerance) noexcept {
    if (!is_finite(of.value) || of.value < 0 || !is_finite(of.target) || of.target <= 0) {
        return std::nullopt;
    }
    if (of.kind == metric_kind::average) {
        return detail::average_proposal(of, current, ready, tolerance);
    }
    double const ratio = of.value / of.target;
    if (current == 0) { // from zero on there is neither a tolerance nor a replica to count
        return metric_proposal{detail::whole_replicas(ratio), ratio};
    }
    if (of.kind == metric_kind::value) {
        return metric_proposal{detail::is_within(ratio, tolerance) ? current : detail::whole_replicas(ratio * ready),
                               ratio};
    }
    double const share = ratio / current;
    return metric_proposal{detail::is_within(share, tolerance) ? current : detail::whole_replicas(ratio), share};
}

} // namespace orfeas::inline v0::scale
