// SPDX-License-Identifier: MIT
#include <orfeas/forecast.hpp>

#include <chrono>
#include <iostream>

int main() {
    using namespace std::chrono_literals;
    orfeas::forecast::time_to_critical memory; // critical at 0.9 of the memory
    orfeas::forecast::predictive_alert alert;  // less than 25 min left, with a confidence of 0.75
    for (int i = 0; i < 1'000; ++i) {          // one value in 10 s: from the first hour on it leaks 0.5 % a minute
        double const share = 0.4 + 0.001 * (i * 7 % 5) + (i > 360 ? 0.005 * (i - 360) / 6 : 0);
        memory.update(i * 10s, share);
        auto const left = memory.estimate();
        if (alert.update(i * 10s, left).phase == orfeas::forecast::alert_phase::starts) {
            std::cout << "at " << share << ": " << left.minutes << " min left (" << left.low << " to " << left.high
                      << "), confidence " << left.confidence << "\n";
        }
    }
    std::cout << "came true with " << alert.past(0).lead_minutes << " min to spare\n";
}
