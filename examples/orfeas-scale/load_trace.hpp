// SPDX-License-Identifier: MIT
#pragma once

#include "../orfeas-detect/csv_reader.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <limits>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace scale_tool {

/// A random number in (0, 1), the same on every machine.
inline double uniform(std::mt19937_64& random) {
    return (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53;
}

/// Requests a second over time: each value holds until the next one's time. Times begin at 0; `epoch` is what 0 was.
struct load_trace {
    std::vector<double> times;
    std::vector<double> rates;
    double end = 0;
    std::chrono::nanoseconds epoch{0};
};

/// Reads the columns `timestamp` and `column`, whose values times the factor are requests a second. A missing value holds the last
/// one. Throws std::runtime_error that says where it could not.
inline load_trace read_trace(std::istream& from, std::string const& name, std::string const& column, double factor) {
    detect_tool::csv_reader reader{from, name, {column}};
    load_trace made;
    detect_tool::csv_row row;
    while (reader.next(row)) {
        if (made.times.empty()) {
            made.epoch = row.time;
        }
        double const time = std::chrono::duration<double>{row.time - made.epoch}.count();
        if (!made.times.empty() && time <= made.times.back()) {
            throw std::runtime_error{name + ": the times do not advance at " + row.timestamp};
        }
        double const last = made.rates.empty() ? 0 : made.rates.back();
        double const rate = row.values[0] * factor;
        if (rate < 0 || rate > 1e5) {
            throw std::runtime_error{name + ": a load that is not 0 to 100000 requests a second at " + row.timestamp};
        }
        made.times.push_back(time);
        made.rates.push_back(std::isnan(rate) ? last : rate);
    }
    if (made.times.size() < 2) {
        throw std::runtime_error{name + ": fewer than two rows"};
    }
    made.end = made.times.back() + (made.times.back() - made.times[made.times.size() - 2]);
    return made;
}

/// A load as a service for people in one time zone has it: a steep morning, a dip at noon, a slow evening, days that differ, noise
/// that lasts for some minutes, and a burst of ten minutes on every second day that nothing announces. A value a minute.
inline load_trace make_trace(double days, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    auto const rise = [](double hour, double at, double width) { return 1 / (1 + std::exp((at - hour) / width)); };
    load_trace made;
    made.end = days * 86'400;
    double noise = 0;
    double of_day = 1;
    double burst = std::numeric_limits<double>::infinity();
    for (double time = 0; time < made.end; time += 60) {
        double const in_day = std::fmod(time, 86'400);
        if (in_day == 0) {
            of_day = 0.92 + 0.16 * uniform(random);
            burst = uniform(random) < 0.5 ? 3'600 * std::floor(9 + 9 * uniform(random)) : -1e9;
        }
        double const hour = in_day / 3'600;
        double const noon = 0.18 * std::exp(-0.5 * std::pow((hour - 12.5) / 0.6, 2));
        double const shape = 0.12 + rise(hour, 8, 0.12) - rise(hour, 18.5, 0.7) - noon + 0.12 * rise(hour, 20, 0.3) -
                             0.12 * rise(hour, 22.5, 0.4);
        noise = 0.9 * noise + 0.03 * (2 * uniform(random) - 1);
        double const bursting = in_day >= burst && in_day < burst + 600 ? 1.5 : 1;
        made.times.push_back(time);
        made.rates.push_back(8 * of_day * bursting * std::max(0.02, shape) * (1 + noise));
    }
    return made;
}

/// One request: when it comes, and how long a replica takes for it.
struct request {
    double time;
    float service_s;
};

/// Until when the rate at that index holds.
inline double end_of(load_trace const& of, std::size_t index) {
    return index + 1 < of.times.size() ? of.times[index + 1] : of.end;
}

/// Requests at random times at the rates of the trace, of a mean service time, give or take 30 %. Throws std::runtime_error for
/// more than memory should hold.
inline std::vector<request> draw_requests(load_trace const& of, double service_s, std::uint64_t seed) {
    constexpr double most = 5e7;
    double expected = 0;
    for (std::size_t i = 0; i < of.times.size(); ++i) {
        expected += of.rates[i] * (end_of(of, i) - of.times[i]);
    }
    if (expected > most) {
        throw std::runtime_error{"the load makes more than 50 million requests: replay a shorter part of it"};
    }
    std::mt19937_64 random{seed ^ 0x9E3779B97F4A7C15ULL};
    std::vector<request> made;
    made.reserve(static_cast<std::size_t>(expected));
    for (std::size_t i = 0; i < of.times.size(); ++i) {
        double const until = end_of(of, i);
        double time = of.times[i];
        while (of.rates[i] > 0 && (time -= std::log(uniform(random)) / of.rates[i]) < until) {
            made.push_back({time, static_cast<float>(service_s * (0.7 + 0.6 * uniform(random)))});
        }
    }
    return made;
}

} // namespace scale_tool
