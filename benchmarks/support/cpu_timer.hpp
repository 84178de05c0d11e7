// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

/// Times contenders in turns, by CPU time, so that whatever else the machine does falls on all of them alike. Needs nothing
/// but a compiler.

namespace bench {

namespace detail {

inline double nanoseconds_of(clockid_t id) {
    std::timespec now{};
    clock_gettime(id, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

} // namespace detail

inline double median_of(std::vector<double> values) {
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// CPU time of the calling thread.
inline double cpu_nanoseconds() {
    return detail::nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
}

/// CPU time of all threads, those that have ended included.
inline double process_cpu_nanoseconds() {
    return detail::nanoseconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

/// Something to time: `run` does `operations` of them.
struct contender {
    std::string name;
    double operations;
    std::function<void()> run;
};

/// Nanoseconds an operation of each contender in each round.
class race_times {
  public:
    explicit race_times(std::vector<std::vector<double>> times) : times_{std::move(times)} {}

    double median(std::size_t contender) const { return median_of(times_[contender]); }

    /// How many times longer `contender` took than `other`: the median over the rounds, which both spent on the same machine
    /// as others left it to them at the time.
    double ratio(std::size_t contender, std::size_t other) const {
        std::vector<double> ratios;
        for (std::size_t round = 0; round < times_[contender].size(); ++round) {
            ratios.push_back(times_[contender][round] / times_[other][round]);
        }
        return median_of(std::move(ratios));
    }

  private:
    std::vector<std::vector<double>> times_;
};

/// Times `rounds` turns after one to warm up, in the order of the contenders, by what `clock` says.
inline race_times race_rounds(std::vector<contender> const& all, int rounds,
                              double (*clock)() = process_cpu_nanoseconds) {
    std::vector<std::vector<double>> times(all.size());
    for (int round = -1; round < rounds; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto const begin = clock();
            all[i].run();
            if (round >= 0) {
                times[i].push_back((clock() - begin) / all[i].operations);
            }
        }
    }
    return race_times{std::move(times)};
}

/// Nanoseconds of the calling thread's CPU an operation, the medians.
inline std::vector<double> race(std::vector<contender> const& all, int rounds) {
    auto const times = race_rounds(all, rounds, cpu_nanoseconds);
    std::vector<double> medians;
    for (std::size_t i = 0; i < all.size(); ++i) {
        medians.push_back(times.median(i));
    }
    return medians;
}

} // namespace bench
