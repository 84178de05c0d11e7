// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace orfeas::inline v0::forecast {

/// Configures a seasonal_forecaster. Prefix ORFEAS_SEASONAL_.
struct seasonal_options {
    std::string scale = "identity";               ///< identity, log (values above 0) or logit (values from 0 to 1)
    std::chrono::milliseconds period{86'400'000}; ///< that comes again; begins at multiples of itself
    std::chrono::milliseconds step{300'000};      ///< over which values are averaged; the period is a multiple of it

    static constexpr std::string_view environment_prefix = "ORFEAS_SEASONAL_";

    static void fields(auto& self, auto&& field) {
        using std::chrono::milliseconds;
        field("scale", self.scale, one_of("identity", "log", "logit"), "the scale on which errors are alike");
        field("period", self.period, in_range(milliseconds{2}, milliseconds{31'622'400'000}), "that comes again");
        field("step", self.step, in_range(milliseconds{1}, milliseconds{86'400'000}), "over which values are averaged");
    }
    void check() const {
        auto const steps = period / step;
        if (period % step != std::chrono::milliseconds{0} || steps < 2 || steps > 10'080) {
            throw option_error{"step", v0::detail::option_text(step),
                               "a part of the period, from a half to a 10,080th"};
        }
    }
};
static_assert(options<seasonal_options>);

} // namespace orfeas::inline v0::forecast
