// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace orfeas::inline v0::forecast {

/// What a service's health is judged by. What is not known is left out; a number that is not finite counts as not known.
struct health_inputs {
    std::optional<double> memory_use{};          ///< share of the memory in use
    std::optional<double> minutes_to_critical{}; ///< until memory is critical
    std::optional<double> hit_ratio{};           ///< of the cache
    std::optional<double> latency_ratio{};       ///< of the latency to its objective
    std::optional<double> error_ratio{};         ///< share of the requests that fail
    std::optional<double> anomaly_score{};       ///< from 0 to 1, 0.5 at the boundary of an alert
};

/// One part of a health score.
struct health_term {
    std::string_view name{};
    double value = 0;  ///< as it was given
    double strain = 0; ///< 0 is untroubled, 1 as bad as it counts
    double weight = 0; ///< among the terms that are known
    double cost = 0;   ///< points by which the score would rise without this strain

    friend bool operator==(health_term const&, health_term const&) = default;
};

/// A health score with its terms, in the order of health_inputs.
struct health_report {
    static constexpr std::size_t most_terms = 6;

    double score = 100; ///< from 0 to 100
    std::array<health_term, most_terms> terms{};
    std::uint32_t count = 0;

    std::span<health_term const> list() const noexcept { return std::span{terms}.first(count); }

    /// The term that costs most; null where nothing is strained.
    health_term const* worst() const noexcept {
        health_term const* found = nullptr;
        for (auto const& each : list()) {
            found = each.cost > 0 && (found == nullptr || each.cost > found->cost) ? &each : found;
        }
        return found;
    }
};

/// Configures a health_score: where each strain begins and where it is full, and the weights. Prefix ORFEAS_HEALTH_.
struct health_options {
    double memory_use_begin = 0.7;
    double memory_use_full = 0.95;
    double memory_use_weight = 2;
    double minutes_to_critical_begin = 60; ///< it is full at 0
    double minutes_to_critical_weight = 2;
    double hit_ratio_begin = 0.8; ///< it is full at `hit_ratio_full`, which is lower
    double hit_ratio_full = 0.3;
    double hit_ratio_weight = 1;
    double latency_ratio_begin = 0.8;
    double latency_ratio_full = 2;
    double latency_ratio_weight = 2;
    double error_ratio_begin = 0.001;
    double error_ratio_full = 0.05;
    double error_ratio_weight = 3;
    double anomaly_score_weight = 1; ///< it begins at 0.25 and is full at 1
    double worst_share = 0.7;        ///< of the points that a single full strain costs, whatever the weights

    static constexpr std::string_view environment_prefix = "ORFEAS_HEALTH_";

    static void fields(auto& self, auto&& field) {
        auto const share = in_range(0.0, 1.0);
        auto const weight = in_range(0.0, 1e6);
        field("memory_use_begin", self.memory_use_begin, share, "share in use at which the strain begins");
        field("memory_use_full", self.memory_use_full, share, "share in use at which it is full");
        field("memory_use_weight", self.memory_use_weight, weight, "of memory in use");
        field("minutes_to_critical_begin", self.minutes_to_critical_begin, in_range(1e-3, 1e6), "minutes left, begin");
        field("minutes_to_critical_weight", self.minutes_to_critical_weight, weight, "of the time to critical");
        field("hit_ratio_begin", self.hit_ratio_begin, share, "hit ratio at which the strain begins");
        field("hit_ratio_full", self.hit_ratio_full, share, "hit ratio at which it is full");
        field("hit_ratio_weight", self.hit_ratio_weight, weight, "of the hit ratio");
        field("latency_ratio_begin", self.latency_ratio_begin, in_range(0.0, 1e6), "times the objective, begin");
        field("latency_ratio_full", self.latency_ratio_full, in_range(0.0, 1e6), "times the objective, full");
        field("latency_ratio_weight", self.latency_ratio_weight, weight, "of the latency");
        field("error_ratio_begin", self.error_ratio_begin, share, "share of errors at which the strain begins");
        field("error_ratio_full", self.error_ratio_full, share, "share of errors at which it is full");
        field("error_ratio_weight", self.error_ratio_weight, weight, "of the errors");
        field("anomaly_score_weight", self.anomaly_score_weight, weight, "of anomalies");
        field("worst_share", self.worst_share, share, "of the points that a single full strain costs");
    }
    void check() const {
        require(memory_use_begin < memory_use_full, "memory_use_full", memory_use_full, "above memory_use_begin");
        require(hit_ratio_begin > hit_ratio_full, "hit_ratio_full", hit_ratio_full, "below hit_ratio_begin");
        require(latency_ratio_begin < latency_ratio_full, "latency_ratio_full", latency_ratio_full,
                "above latency_ratio_begin");
        require(error_ratio_begin < error_ratio_full, "error_ratio_full", error_ratio_full, "above error_ratio_begin");
    }

  private:
    static void require(bool holds, std::string_view name, double value, std::string_view allowed) {
        if (!holds) {
            throw option_error{name, v0::detail::option_text(value), allowed};
        }
    }
};

/// One figure for how a service is, from 100 (nothing strains it) down to 0, with what it is made of.
///
/// Each known input is mapped to a strain: 0 up to where it begins, 1 from where it is full, in a straight line between. The
/// score is 100 (1 - max(mean, worst_share * largest)), where the mean is weighted: many small strains add up, and a single
/// full one is not averaged away. It never rises when an input gets worse. What is not known counts neither way.
///
/// Constant time, no allocation. It does not change. Thread-safe.
class health_score {
  public:
    /// Throws option_error.
    explicit health_score(health_options const& options = {}) : options_{checked(options)} {}

    health_options const& options() const noexcept { return options_; }

    health_report assess(health_inputs const& of) const noexcept {
        auto const& o = options_;
        health_report made;
        add(made, "memory_use", of.memory_use, o.memory_use_begin, o.memory_use_full, o.memory_use_weight);
        add(made, "minutes_to_critical", of.minutes_to_critical, o.minutes_to_critical_begin, 0,
            o.minutes_to_critical_weight);
        add(made, "hit_ratio", of.hit_ratio, o.hit_ratio_begin, o.hit_ratio_full, o.hit_ratio_weight);
        add(made, "latency_ratio", of.latency_ratio, o.latency_ratio_begin, o.latency_ratio_full,
            o.latency_ratio_weight);
        add(made, "error_ratio", of.error_ratio, o.error_ratio_begin, o.error_ratio_full, o.error_ratio_weight);
        add(made, "anomaly_score", of.anomaly_score, 0.25, 1, o.anomaly_score_weight);
        made.score = score_of(made, most);
        for (std::uint32_t i = 0; i < made.count; ++i) {
            made.terms[i].cost = score_of(made, i) - made.score;
        }
        return made;
    }

  private:
    static constexpr std::uint32_t most = health_report::most_terms;

    static health_options const& checked(health_options const& options) {
        validate(options);
        return options;
    }

    static void add(health_report& to, std::string_view name, std::optional<double> value, double begin, double full,
                    double weight) noexcept {
        if (!value || !is_finite(*value) || !(weight > 0)) {
            return;
        }
        double const part = (*value - begin) / (full - begin);
        to.terms[to.count++] = {name, *value, part < 0 ? 0 : part > 1 ? 1 : part, weight, 0};
    }

    /// As if the term at `without` were not strained.
    double score_of(health_report const& of, std::uint32_t without) const noexcept {
        double sum = 0;
        double weights = 0;
        double largest = 0;
        for (std::uint32_t i = 0; i < of.count; ++i) {
            double const strain = i == without ? 0 : of.terms[i].strain;
            sum += of.terms[i].weight * strain;
            weights += of.terms[i].weight;
            largest = strain > largest ? strain : largest;
        }
        double const mean = weights > 0 ? sum / weights : 0;
        double const worst = options_.worst_share * largest;
        return 100 * (1 - (mean > worst ? mean : worst));
    }

    health_options options_;
};

} // namespace orfeas::inline v0::forecast
