// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace orfeas::inline v0::forecast {

/// Configures a trend_estimator. Prefix ORFEAS_TREND_.
struct trend_options {
    std::string polarity = "lower_is_better"; ///< or higher_is_better
    std::chrono::seconds lookback{86'400};    ///< over which a trend is sought
    double false_trends = 0.05;               ///< share of trendless stretches that may be called a trend

    static constexpr std::string_view environment_prefix = "ORFEAS_TREND_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::seconds;
        field("polarity", self.polarity, one_of("lower_is_better", "higher_is_better"),
              "which way the metric is better");
        field("lookback", self.lookback, in_range(seconds{1}, seconds{31'622'400}), "over which a trend is sought");
        field("false_trends", self.false_trends, in_range(1e-9, 0.5), "share of trendless stretches called a trend");
    }
};
static_assert(options<trend_options>);

} // namespace orfeas::inline v0::forecast
