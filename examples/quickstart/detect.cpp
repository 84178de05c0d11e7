// SPDX-License-Identifier: MIT
// Alerts on a metric that nobody set a limit for: what is usual is learned, and an alert says what was expected.
#include <orfeas/detect.hpp>

#include <chrono>
#include <cmath>
#include <iostream>

int main() {
    orfeas::detect::metric_detector judge;
    for (int minute = 0; minute < 4'000; ++minute) {
        bool const is_broken = minute >= 3'000 && minute < 3'030;
        double const queue = 20 + 8 * std::sin(minute / 229.0) + (minute * 37 % 11) * 0.3 + (is_broken ? 60 : 0);
        auto const verdict = judge.update({std::chrono::minutes{minute}, queue});
        if (verdict.alert.phase == orfeas::detect::alert_phase::starts) {
            std::cout << "minute " << minute << ": " << to_string(verdict.family) << ", " << queue << " where "
                      << verdict.low << " to " << verdict.high << " is usual, score " << verdict.score << '\n';
        } else if (verdict.alert.phase == orfeas::detect::alert_phase::ends) {
            std::cout << "minute " << minute << ": over\n";
        }
    }
}
