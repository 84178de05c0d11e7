// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/verdict.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace orfeas::inline v0::detect::detail {

/// Makes one verdict of several about the same sample: that with the highest score, with the alerts of all as one.
/// Thread-compatible (distinct objects).
class verdict_merger {
  public:
    /// There is at least one.
    verdict merge(std::span<verdict const> all) noexcept {
        verdict made = *std::max_element(all.begin(), all.end(),
                                         [](verdict const& a, verdict const& b) { return a.score < b.score; });
        for (auto const& each : all) {
            made.tail_probability = std::min(made.tail_probability, each.tail_probability);
        }
        // asked as many times, a rare answer is less rare (Bonferroni)
        made.tail_probability = std::min(1.0, made.tail_probability * static_cast<double>(all.size()));
        made.alert = follow(std::any_of(all.begin(), all.end(), [](verdict const& each) {
            return each.alert && each.alert.phase != alert_phase::ends;
        }));
        made.state = state_of(all, made.alert.phase);
        return made;
    }

    /// The alert of a sample: one that lasts from the first `is_alert` to the last.
    alert_ref follow(bool is_alert) noexcept {
        if (!is_alert && !is_open_) {
            return {};
        }
        auto const phase = !is_alert ? alert_phase::ends : is_open_ ? alert_phase::continues : alert_phase::starts;
        last_id_ += phase == alert_phase::starts ? 1U : 0U;
        is_open_ = is_alert;
        return {last_id_, phase};
    }

    /// Forgets an open alert; identities keep counting up.
    void reset() noexcept { is_open_ = false; }

    static void state(auto& self, auto&& io) { io(self.last_id_, self.is_open_); }
    bool valid() const noexcept { return !is_open_ || last_id_ > 0; }

  private:
    static verdict_state state_of(std::span<verdict const> all, alert_phase phase) noexcept {
        auto const any = [&](verdict_state wanted) {
            return std::any_of(all.begin(), all.end(), [&](verdict const& each) { return each.state == wanted; });
        };
        using enum verdict_state;
        if (any(anomalous)) {
            return anomalous;
        }
        if (any(silent)) {
            return silent;
        }
        if (phase == alert_phase::ends) {
            return recovering;
        }
        return any(normal) || any(recovering) ? normal : warming;
    }

    std::uint64_t last_id_ = 0;
    bool is_open_ = false;
};

} // namespace orfeas::inline v0::detect::detail
