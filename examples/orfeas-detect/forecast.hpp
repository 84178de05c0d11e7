// SPDX-License-Identifier: MIT
#pragma once

#include "csv_reader.hpp"
#include "row_writer.hpp"

#include <orfeas/forecast/predictive_alert.hpp>
#include <orfeas/forecast/time_to_critical.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace detect_tool {

inline constexpr std::string_view forecast_header = "timestamp,value,state,minutes,low,high,confidence,alert\n";

/// Tells after each row how long one column takes to a critical level. The level is approached from the side on which the first
/// value is; the half-life of the estimators is 30 times the first interval, at least five minutes.
class forecast_writer {
  public:
    explicit forecast_writer(double critical) : critical_{critical} {}

    /// Appends the row of the output for one of the input.
    void append(std::string& to, csv_row const& row) {
        double const value = row.values[0];
        judge(row.time, value);
        auto const said = judge_ ? judge_->estimate() : orfeas::forecast::critical_estimate{};
        auto const alert = alert_.update(row.time, said);
        append_field(to, row.timestamp);
        to.push_back(',');
        if (std::isfinite(value)) {
            append_number(to, value, 9);
        }
        to.append(said.reached ? ",reached" : said ? ",approaching" : ",");
        to.append(said ? "" : to_string(said.reason));
        for (double const each : {said.minutes, said.low, said.high, said.confidence}) {
            to.push_back(',');
            if (said) {
                append_number(to, each, 6);
            }
        }
        to.append(alert && alert.phase != orfeas::forecast::alert_phase::ends ? ",1\n" : ",0\n");
    }

  private:
    void judge(std::chrono::nanoseconds time, double value) {
        if (!judge_ && std::isfinite(value)) {
            begin(time, value);
        }
        if (judge_) {
            judge_->update(time, value);
        }
    }

    /// Knows its options once there are two values; takes in the first one then.
    void begin(std::chrono::nanoseconds time, double value) {
        if (!first_) {
            first_ = {time, value};
            return;
        }
        auto const [then, before] = *first_;
        if (time <= then) {
            return;
        }
        orfeas::forecast::time_to_critical_options options;
        options.critical = critical_;
        options.polarity = before > critical_ ? "higher_is_better" : "lower_is_better";
        auto const interval = std::chrono::ceil<std::chrono::milliseconds>(time - then);
        options.half_life = std::clamp(30 * interval, options.half_life, std::chrono::milliseconds{604'800'000});
        judge_.emplace(options);
        judge_->update(then, before);
    }

    double critical_;
    std::optional<std::pair<std::chrono::nanoseconds, double>> first_{};
    std::optional<orfeas::forecast::time_to_critical> judge_{};
    orfeas::forecast::predictive_alert alert_{};
};

} // namespace detect_tool
