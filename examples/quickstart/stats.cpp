// SPDX-License-Identifier: MIT
#include <orfeas/stats.hpp>

#include <iostream>
#include <random>

int main() {
    orfeas::stats::histogram latencies{orfeas::stats::bucket_layout{{.lowest = 1e-6, .highest = 60}}};
    std::mt19937 random{42};
    std::lognormal_distribution<double> seconds{-5.0, 0.8};
    for (int i = 0; i < 100'000; ++i) {
        latencies.record(seconds(random));
    }
    for (double const q : {0.50, 0.95, 0.99, 0.999}) {
        std::cout << "p" << q * 100 << " = " << latencies.quantile(q) * 1e3 << " ms\n";
    }
    std::cout << latencies.count() << " values, mean " << latencies.sum() / 100'000 * 1e3 << " ms\n";
}
