// SPDX-License-Identifier: MIT
#pragma once

#include "leak_suite.hpp"

#include <cstddef>
#include <vector>

/// How alerts about leaks are scored: by rule, without knowing how they were made.

namespace bench::forecast {

/// When a forecast becomes an alert: it says for `persistence` rows on end that the critical level is less than `lead` minutes
/// away. Alerts less than `apart` rows after the last such forecast belong to it.
struct alert_rule {
    double lead = 25;
    std::size_t persistence = 3;
    std::size_t apart = 60;
};

/// The rows at which alerts begin. `minutes` has what a forecaster said at each row, infinity for nothing.
inline std::vector<std::size_t> alerts_of(std::vector<double> const& minutes, alert_rule const& rule) {
    std::vector<std::size_t> begins;
    std::size_t run = 0;
    bool is_open = false;
    std::size_t quiet = 0;
    for (std::size_t i = 0; i < minutes.size(); ++i) {
        bool const is_close = minutes[i] < rule.lead;
        run = is_close ? run + 1 : 0;
        quiet = is_close ? 0 : quiet + 1;
        if (is_open && quiet >= rule.apart) {
            is_open = false;
        }
        if (!is_open && run >= rule.persistence) {
            is_open = true;
            begins.push_back(i);
        }
    }
    return begins;
}

/// Alerts and incidents of many series. An alert is right when the incident comes within 60 min; an incident is found when an
/// alert came 10 to 60 min before.
struct leak_score {
    std::size_t alerts = 0;
    std::size_t right = 0;
    std::size_t incidents = 0;
    std::size_t found = 0;
    double days = 0;

    void add(leak_series const& series, std::vector<std::size_t> const& begins) {
        std::size_t const end = series.values.size() - 1;
        bool is_found = false;
        for (std::size_t const begin : begins) {
            double const ahead = static_cast<double>(end - begin) * leak_interval / 60;
            bool const is_right = series.has_incident && ahead <= 60;
            ++alerts;
            right += is_right ? 1 : 0;
            is_found = is_found || (is_right && ahead >= 10);
        }
        incidents += series.has_incident ? 1 : 0;
        found += is_found ? 1 : 0;
        days += static_cast<double>(series.values.size()) * leak_interval / 86'400;
    }

    double precision() const { return alerts == 0 ? 0 : static_cast<double>(right) / static_cast<double>(alerts); }
    double recall() const { return incidents == 0 ? 0 : static_cast<double>(found) / static_cast<double>(incidents); }
    double f1() const {
        double const sum = precision() + recall();
        return sum > 0 ? 2 * precision() * recall() / sum : 0;
    }
    double false_alerts_a_day() const { return static_cast<double>(alerts - right) / days; }
};

} // namespace bench::forecast
