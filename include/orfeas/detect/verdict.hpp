// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0::detect {

/// What a detector takes the stream for.
enum class verdict_state : std::uint8_t {
    warming,    ///< too few samples to judge
    normal,     ///< as before
    anomalous,  ///< within an alert
    recovering, ///< the alert has just ended
    silent,     ///< values are missing for longer than they should
};

constexpr std::string_view to_string(verdict_state state) noexcept {
    switch (state) {
    case verdict_state::warming:
        return "warming";
    case verdict_state::normal:
        return "normal";
    case verdict_state::anomalous:
        return "anomalous";
    case verdict_state::recovering:
        return "recovering";
    case verdict_state::silent:
        return "silent";
    }
    return "normal";
}

/// The kind of an anomaly: which question found it.
enum class anomaly_family : std::uint8_t {
    none,
    spike,       ///< a value far from those right before
    drift,       ///< a slow move to one side
    outlier,     ///< a level or a spread that was not there before
    season,      ///< not what this time of the period is like
    correlation, ///< metrics that no longer go together
    isolation,   ///< easily told apart from all others
};

constexpr std::string_view to_string(anomaly_family family) noexcept {
    switch (family) {
    case anomaly_family::none:
        return "none";
    case anomaly_family::spike:
        return "spike";
    case anomaly_family::drift:
        return "drift";
    case anomaly_family::outlier:
        return "outlier";
    case anomaly_family::season:
        return "season";
    case anomaly_family::correlation:
        return "correlation";
    case anomaly_family::isolation:
        return "isolation";
    }
    return "none";
}

/// Where in the life of an alert a verdict stands.
enum class alert_phase : std::uint8_t { none, starts, continues, ends };

constexpr std::string_view to_string(alert_phase phase) noexcept {
    switch (phase) {
    case alert_phase::none:
        return "none";
    case alert_phase::starts:
        return "starts";
    case alert_phase::continues:
        return "continues";
    case alert_phase::ends:
        return "ends";
    }
    return "none";
}

/// The alert that a verdict belongs to.
struct alert_ref {
    std::uint64_t id = 0; ///< counts up from 1 within a detector; 0 is none
    alert_phase phase = alert_phase::none;

    explicit operator bool() const noexcept { return id != 0; }
    friend bool operator==(alert_ref const&, alert_ref const&) = default;
};

/// The part of one metric in a score.
struct blame_share {
    std::uint32_t metric = 0; ///< index in the sample
    float share = 0;          ///< in (0, 1]

    friend bool operator==(blame_share const&, blame_share const&) = default;
};

/// The metrics with the largest parts in a score, largest first. All shares of a sample add up to 1, so those of the metrics
/// that are left out add up to what is missing here.
struct blame_list {
    static constexpr std::size_t capacity = 8;

    std::array<blame_share, capacity> shares;
    std::uint32_t count = 0;

    constexpr blame_list() noexcept { // a verdict is made with each sample: this compiles to four stores
        for (auto& each : shares) {
            each = {};
        }
    }

    std::span<blame_share const> list() const noexcept { return std::span{shares}.first(count); }

    /// Takes up a share if it is among the largest so far. Complexity: linear in `capacity`.
    void add(std::uint32_t metric, float share) noexcept {
        if (!(share > 0)) {
            return;
        }
        std::size_t at = count < capacity ? count++ : capacity - 1;
        if (at == capacity - 1 && shares[at].share >= share) {
            return;
        }
        for (; at > 0 && shares[at - 1].share < share; --at) {
            shares[at] = shares[at - 1];
        }
        shares[at] = {metric, share};
    }

    friend bool operator==(blame_list const&, blame_list const&) = default;
};

/// What a detector says of one sample. All numbers are finite, whatever the sample was.
struct verdict {
    verdict_state state = verdict_state::warming;
    anomaly_family family = anomaly_family::none; ///< of the largest part of the score; none at a score of 0
    alert_ref alert{};
    double score = 0;            ///< in [0, 1], 0.5 exactly at the boundary from which on there is an alert
    double raw_score = 0;        ///< at least 0, before suppression and normalisation: not comparable between detectors
    double tail_probability = 1; ///< in [0, 1]: how often a raw score as high was to be expected
    double confidence = 0;       ///< in [0, 1]: how much the detector has seen to judge by
    double expected = 0;         ///< of the most blamed metric, with the band where values usually are
    double low = 0;
    double high = 0;
    blame_list blame{};

    bool is_anomalous() const noexcept { return state == verdict_state::anomalous; }
    friend bool operator==(verdict const&, verdict const&) = default;
};
static_assert(std::is_trivially_copyable_v<verdict>);

/// The score of a value whose boundary is `boundary`: 0 at 0, 0.5 exactly at the boundary, nearing 1 above it. Monotone.
constexpr double score_of(double value, double boundary) noexcept {
    return value <= 0 ? 0 : value > boundary * 1e15 ? 1 : value / (value + boundary);
}

} // namespace orfeas::inline v0::detect
