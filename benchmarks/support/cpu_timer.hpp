// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

/// Times contenders in turns, by the CPU time of the calling thread, so that whatever else the machine does falls on all of
/// them alike. Needs nothing but a compiler.

namespace bench {

inline double cpu_nanoseconds() {
    std::timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Something to time: `run` does `operations` of them.
struct contender {
    std::string name;
    double operations;
    std::function<void()> run;
};

/// Nanoseconds of CPU an operation, the median of `rounds` turns after one to warm up, in the order of the contenders.
inline std::vector<double> race(std::vector<contender> const& all, int rounds) {
    std::vector<std::vector<double>> times(all.size());
    for (int round = -1; round < rounds; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto const begin = cpu_nanoseconds();
            all[i].run();
            if (round >= 0) {
                times[i].push_back((cpu_nanoseconds() - begin) / all[i].operations);
            }
        }
    }
    std::vector<double> medians;
    for (auto& each : times) {
        auto const middle = each.begin() + static_cast<std::ptrdiff_t>(each.size() / 2);
        std::nth_element(each.begin(), middle, each.end());
        medians.push_back(*middle);
    }
    return medians;
}

} // namespace bench
