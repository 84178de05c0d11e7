// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/detail/within_reach.hpp>
#include <orfeas/detect/verdict.hpp>

namespace orfeas::inline v0::detect::detail {

/// What a judge says of a value: the part of a verdict that differs between judges.
struct finding {
    verdict_state state = verdict_state::warming;
    alert_ref alert{};
    double score = 0;
    double raw_score = 0;
    double tail_probability = 1;
    double confidence = 0;
    double expected = 0;
    double deviation = 0;

    void write_to(verdict& made) const noexcept {
        made.state = state;
        made.alert = alert;
        made.score = score;
        made.raw_score = raw_score;
        made.tail_probability = tail_probability;
        made.confidence = confidence;
        expect(made);
    }

    /// Three deviations to either side of the expected value.
    void expect(verdict& made) const noexcept {
        double const centre = within_reach(expected);
        double const band = within_reach(3 * deviation);
        made.expected = centre;
        made.low = centre - band;
        made.high = centre + band;
    }
};

} // namespace orfeas::inline v0::detect::detail
