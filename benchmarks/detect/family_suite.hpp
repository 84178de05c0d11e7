// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <vector>

/// The suite of the five families: made streams with injected anomalies, and the rule by which a detector is scored on them.
///
/// **Streams.** Each family has 20 streams of 14 days, one sample a minute. A stream is a level, plus a daily profile of two
/// harmonics (amplitudes 3 to 6 and 1 to 3 sigma, any phase), plus AR(1) noise, times a factor of 1e-3 to 1e3. Sigma is the
/// standard deviation of the noise, which is stationary. Streams 4 i and 4 i + 1 have phi = 0.3, 4 i + 2 and 4 i + 3 phi = 0.8; the
/// odd ones have heavy tails: their innovations are of a Student's t distribution with 8 degrees of freedom, so that at phi = 0.3 a
/// sample beyond 6 sigma comes about twice in 14 days by itself. The others are Gaussian.
///
/// **Injections.** None on the first three days, then one a day, 11 a stream, each at a random time so that it and its aftermath
/// lie within the day:
///
/// | family | what | easy | hard |
/// | --- | --- | --- | --- |
/// | spike | 2 to 6 samples moved, up or down | 6 sigma Gaussian, 8 sigma heavy | 5, 6 |
/// | outlier | one sample moved, up or down | 6 sigma Gaussian, 8 sigma heavy | 5, 6 |
/// | gradual | a straight ramp of 3 to 8 h, up or down, that falls back at its end | 3 sigma at phi 0.3, 6 sigma at 0.8 | 2, 4 |
/// | periodic | the profile runs 1 to 3 h early or late for 6 to 10 h | amplitudes as above | half of them |
/// | correlated | for 45 to 90 min one of six metrics follows another factor | 0.95 of its noise's variance, one profile | 0.8, own profiles |
///
/// A correlated stream has six metrics; the share given above of the variance of their noise comes from a factor common to all,
/// as from the load of a server. They have one profile in common, or each has its own, of other amplitudes and phases. In an
/// injection one metric takes its share from an independent factor of the same kind: its marginal distribution is the same at any
/// time.
///
/// **Score.** An alert counts where it starts. It finds an injection if it starts within it, from its first sample to its last.
/// It is an aftermath, and counts for nothing, within 5 samples after a spike or outlier, or 60 after any other. Any other alert
/// is false, those of the first three days included. Recall is the share of the injections that were found, by any number of alerts;
/// the share of false alerts is that among the false alerts and the found injections. The delay is that of the first alert that
/// found the injection, in samples from its first; of a ramp as a share of its length. All of it is over the 20 streams of a family
/// together. A detector has its default options, the same for all streams, and no labels.

namespace bench::detect {

enum class family { spike, outlier, gradual, periodic, correlated };
enum class family_level { easy, hard };

constexpr std::string_view to_string(family which) noexcept {
    constexpr std::array<std::string_view, 5> names{"spike", "outlier", "gradual", "periodic", "correlated"};
    return names[static_cast<std::size_t>(which)];
}
constexpr std::string_view to_string(family_level level) noexcept {
    return level == family_level::easy ? "easy" : "hard";
}

/// Samples from `begin` to before `end`.
struct injection {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// One stream: a column for each metric.
struct family_stream {
    std::vector<std::vector<double>> metrics;
    std::vector<injection> injections;
};

namespace family_detail {

inline constexpr std::size_t day = 1'440;
inline constexpr std::size_t days = 14;
inline constexpr std::size_t clean_days = 3;
inline constexpr std::size_t correlated_metrics = 6;

using engine = std::mt19937_64;

inline double uniform(engine& random, double low, double high) {
    return std::uniform_real_distribution<>{low, high}(random);
}

/// What differs between the streams of a family.
struct stream_kind {
    double phi;
    bool is_heavy;
};

constexpr stream_kind kind_of(std::size_t stream) {
    return {stream % 4 < 2 ? 0.3 : 0.8, stream % 2 == 1};
}

/// AR(1) noise of standard deviation 1.
inline std::vector<double> noise(engine& random, stream_kind const& kind, std::size_t size) {
    constexpr double freedom = 8;
    std::student_t_distribution<> heavy{freedom};
    std::normal_distribution<> gaussian;
    double const step = std::sqrt(1 - kind.phi * kind.phi);
    double const heavy_step = step * std::sqrt((freedom - 2) / freedom);
    double now = gaussian(random);
    std::vector<double> made;
    for (std::size_t i = 0; i < size; ++i) {
        now = kind.phi * now + (kind.is_heavy ? heavy_step * heavy(random) : step * gaussian(random));
        made.push_back(now);
    }
    return made;
}

/// A daily course of two harmonics.
class profile {
  public:
    profile(engine& random, double amplitude)
        : first_{amplitude * uniform(random, 3, 6)},
          second_{amplitude * uniform(random, 1, 3)},
          first_phase_{uniform(random, 0, turn)},
          second_phase_{uniform(random, 0, turn)} {}

    double at(double minute) const {
        double const angle = turn * minute / day;
        return first_ * std::sin(angle + first_phase_) + second_ * std::sin(2 * angle + second_phase_);
    }

  private:
    static constexpr double turn = 6.283185307179586;

    double first_;
    double second_;
    double first_phase_;
    double second_phase_;
};

inline std::size_t aftermath_of(family which) {
    return which == family::spike || which == family::outlier ? 5 : 60;
}

/// The length of an injection in samples.
inline std::size_t draw_length(engine& random, family which) {
    auto const between = [&](std::size_t least, std::size_t most) {
        return std::uniform_int_distribution<std::size_t>{least, most}(random);
    };
    switch (which) {
    case family::spike:
        return between(2, 6);
    case family::outlier:
        return 1;
    case family::gradual:
        return between(180, 480);
    case family::periodic:
        return between(360, 600);
    case family::correlated:
        return between(45, 90);
    }
    return 1;
}

inline std::vector<injection> draw_injections(engine& random, family which) {
    std::vector<injection> made;
    for (std::size_t d = clean_days; d < days; ++d) {
        std::size_t const length = draw_length(random, which);
        std::size_t const last = day - length - aftermath_of(which);
        std::size_t const begin = d * day + std::uniform_int_distribution<std::size_t>{0, last}(random);
        made.push_back({begin, begin + length});
    }
    return made;
}

/// How far an injection moves values, in sigma.
inline double strength(family which, family_level level, stream_kind const& kind) {
    bool const is_easy = level == family_level::easy;
    if (which == family::gradual) {
        return kind.phi < 0.5 ? (is_easy ? 3 : 2) : (is_easy ? 6 : 4);
    }
    return kind.is_heavy ? (is_easy ? 8 : 6) : (is_easy ? 6 : 5);
}

/// Sigma, the factor of a stream, and its level.
struct placing {
    double factor;
    double level;

    explicit placing(engine& random) : factor{std::pow(10, uniform(random, -3, 3))}, level{uniform(random, -20, 20)} {}
    double operator()(double value) const { return factor * (level + value); }
};

inline family_stream single(engine& random, family which, family_level level, stream_kind const& kind) {
    bool const is_flatter = which == family::periodic && level == family_level::hard;
    profile const course{random, is_flatter ? 0.5 : 1};
    placing const placed{random};
    auto values = noise(random, kind, days * day);
    family_stream made;
    made.injections = draw_injections(random, which);
    std::vector<double> shift(values.size(), 0); // of the profile, in minutes
    double const move = strength(which, level, kind);
    for (auto const& each : made.injections) {
        double const sign = random() % 2 == 0 ? 1 : -1;
        double const minutes = uniform(random, 60, 180);
        for (std::size_t i = each.begin; i < each.end; ++i) {
            double const part = static_cast<double>(i - each.begin + 1) / static_cast<double>(each.end - each.begin);
            if (which == family::periodic) {
                shift[i] = sign * minutes;
            } else {
                values[i] += sign * move * (which == family::gradual ? part : 1);
            }
        }
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = placed(values[i] + course.at(static_cast<double>(i) + shift[i]));
    }
    made.metrics.push_back(std::move(values));
    return made;
}

inline family_stream several(engine& random, family_level level, stream_kind const& kind) {
    bool const is_easy = level == family_level::easy;
    double const share = is_easy ? 0.95 : 0.8;
    std::size_t const size = days * day;
    profile const load{random, 1};
    auto const common = noise(random, kind, size);
    auto const other = noise(random, kind, size);
    family_stream made;
    made.injections = draw_injections(random, family::correlated);
    std::vector<std::size_t> broken(size, correlated_metrics); // metric, or none
    for (auto const& each : made.injections) {
        std::size_t const metric = random() % correlated_metrics;
        std::fill(broken.begin() + static_cast<std::ptrdiff_t>(each.begin),
                  broken.begin() + static_cast<std::ptrdiff_t>(each.end), metric);
    }
    for (std::size_t m = 0; m < correlated_metrics; ++m) {
        profile const own{random, 1};
        profile const& course = is_easy ? load : own;
        placing const placed{random};
        auto values = noise(random, kind, size);
        for (std::size_t i = 0; i < size; ++i) {
            double const factor = broken[i] == m ? other[i] : common[i];
            values[i] = placed(std::sqrt(share) * factor + std::sqrt(1 - share) * values[i] +
                               course.at(static_cast<double>(i)));
        }
        made.metrics.push_back(std::move(values));
    }
    return made;
}

} // namespace family_detail

/// The streams of a family; the same for the same seed.
inline std::vector<family_stream> family_streams(family which, family_level level, std::uint64_t seed,
                                                 std::size_t streams = 20) {
    std::vector<family_stream> made;
    for (std::size_t s = 0; s < streams; ++s) {
        std::seed_seq mixed{seed, static_cast<std::uint64_t>(which), static_cast<std::uint64_t>(s)};
        family_detail::engine random{mixed};
        auto const kind = family_detail::kind_of(s);
        made.push_back(which == family::correlated ? family_detail::several(random, level, kind)
                                                   : family_detail::single(random, which, level, kind));
    }
    return made;
}

/// What a detector reached on the streams of a family.
class family_score {
  public:
    explicit family_score(family which) : family_{which} {}

    /// Counts a stream by the samples at which alerts start, in their order.
    void add(std::span<injection const> injections, std::span<std::size_t const> starts) {
        injections_ += injections.size();
        for (std::size_t const at : starts) {
            bool const is_explained = std::any_of(injections.begin(), injections.end(), [&](injection const& each) {
                return at >= each.begin && at < each.end + family_detail::aftermath_of(family_);
            });
            false_ += is_explained ? 0U : 1U;
        }
        for (auto const& each : injections) {
            auto const first = std::lower_bound(starts.begin(), starts.end(), each.begin);
            if (first != starts.end() && *first < each.end) {
                auto const delay = static_cast<double>(*first - each.begin);
                delays_.push_back(family_ == family::gradual ? delay / static_cast<double>(each.end - each.begin)
                                                             : delay);
            }
        }
    }

    double recall() const { return share(delays_.size(), injections_); }
    double false_share() const { return share(false_, false_ + delays_.size()); }
    std::size_t false_alerts() const { return false_; }

    /// The median; 0 where nothing was found.
    double delay() const {
        if (delays_.empty()) {
            return 0;
        }
        auto sorted = delays_;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() / 2];
    }

  private:
    static double share(std::size_t part, std::size_t of) {
        return of == 0 ? 0 : static_cast<double>(part) / static_cast<double>(of);
    }

    family family_;
    std::size_t injections_ = 0;
    std::size_t false_ = 0;
    std::vector<double> delays_;
};

/// The time of a sample.
inline std::chrono::nanoseconds family_time(std::size_t sample) {
    return std::chrono::minutes{static_cast<std::int64_t>(sample)};
}

} // namespace bench::detect
