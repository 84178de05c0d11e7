// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/forecast/hit_ratio_forecast.hpp>
#include <orfeas/forecast/latency_forecast.hpp>
#include <orfeas/forecast/time_to_critical.hpp>
#include <orfeas/forecast/trend_estimator.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace orfeas::inline v0::forecast {

/// What is advised.
enum class advice : std::uint8_t {
    clean_up_memory, ///< memory will be critical soon: release what can be released
    enlarge_cache,   ///< the hit ratio will be poor
    add_capacity,    ///< the latency will exceed its limit
    investigate,     ///< a metric degrades
};

constexpr std::string_view to_string(advice what) noexcept {
    constexpr std::array<std::string_view, 4> names{"clean_up_memory", "enlarge_cache", "add_capacity", "investigate"};
    return names[static_cast<std::size_t>(what)];
}

/// A piece of advice with the evidence that it rests on: what was found, what it is held against, and how sure it is.
struct recommendation {
    advice what = advice::investigate;
    std::string_view metric{};   ///< the caller's name for it, which outlives this
    std::string_view evidence{}; ///< what `value` is, with its unit
    double value = 0;
    double low = 0; ///< the value lies in [low, high]; equal to it where no band is known
    double high = 0;
    double threshold = 0;  ///< that made it advice
    double confidence = 0; ///< that the threshold is passed, at least: 0.9 where the whole band is beyond it

    /// One sentence, as for a log or a page. Allocates.
    std::string sentence() const;

    friend bool operator==(recommendation const&, recommendation const&) = default;
};

/// Up to sixteen pieces of advice, in the order in which they were found; more are counted and left out. Each `consider` looks
/// at one finding and adds advice where there is reason. No allocation. Thread-compatible (distinct objects).
class recommendation_list {
  public:
    static constexpr std::size_t capacity = 16;

    std::span<recommendation const> list() const noexcept { return std::span{kept_}.first(count_); }
    std::uint64_t left_out() const noexcept { return left_out_; }
    void clear() noexcept { *this = {}; }

    /// Advises a cleanup when the estimate does; `lead_minutes` is the lead that it was held against.
    void consider(std::string_view metric, critical_estimate const& of, double lead_minutes) noexcept {
        if (of && of.cleanup_advised) {
            add({advice::clean_up_memory, metric, "minutes to the critical level", of.minutes, of.low, of.high,
                 lead_minutes, of.confidence});
        }
    }

    void consider(std::string_view metric, cache_outlook const& of) noexcept {
        if (of.enlarge_advised) {
            add({advice::enlarge_cache, metric, "hit ratio expected", of.expected.point, of.expected.low,
                 of.expected.high, 0.5, of.expected.high <= 0.5 ? 0.9 : 0.5});
        }
    }

    void consider(std::string_view metric, latency_outlook const& of) noexcept {
        if (of.rating == latency_rating::exceeding) {
            add({advice::add_capacity, metric, "latency expected", of.expected.point, of.expected.low, of.expected.high,
                 of.limit, of.expected.low > of.limit ? 0.9 : 0.5});
        }
    }

    void consider(std::string_view metric, trend const& of) noexcept {
        if (of.direction == trend_direction::degrading) {
            add({advice::investigate, metric, "per cent change", of.change_per_cent, of.change_per_cent,
                 of.change_per_cent, 0, of.confidence});
        }
    }

  private:
    void add(recommendation const& each) noexcept {
        if (count_ == capacity) {
            ++left_out_;
            return;
        }
        kept_[count_++] = each;
    }

    std::array<recommendation, capacity> kept_{};
    std::size_t count_ = 0;
    std::uint64_t left_out_ = 0;
};

namespace detail {

/// Three digits, as people read them.
inline std::string short_number(double value) {
    std::array<char, 32> text;
    auto const [end, error] =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 3);
    return {text.data(), end};
}

} // namespace detail

inline std::string recommendation::sentence() const {
    std::string text;
    text.append(metric).append(": ").append(evidence).append(" ").append(detail::short_number(value));
    if (low != high) {
        text.append(" (")
            .append(detail::short_number(low))
            .append(" to ")
            .append(detail::short_number(high))
            .append(")");
    }
    text.append(", against ").append(detail::short_number(threshold));
    text.append("; ").append(to_string(what)).append(" advised with confidence ");
    return text.append(detail::short_number(std::round(confidence * 100))).append(" %");
}

} // namespace orfeas::inline v0::forecast
