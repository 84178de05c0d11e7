// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/alert_gate.hpp>
#include <orfeas/detect/detail/alert_identities.hpp>
#include <orfeas/detect/detail/exponential_tail.hpp>
#include <orfeas/detect/verdict.hpp>

namespace orfeas::inline v0::detect::detail {

/// Makes alerts of how easily samples are told apart from all others, as trees say it: what is up to `usual` is no surprise, the
/// rest goes to an alert_gate. Thread-compatible (distinct objects).
class isolation_alerts {
  public:
    isolation_alerts(double threshold, double usual) : usual_{usual}, gate_{gate_options(threshold)} {}

    /// Judges the raw score of a verdict.
    void judge(verdict& made) {
        double const surprise = made.raw_score > usual_ ? made.raw_score - usual_ : 0;
        auto const gated = gate_.update(surprise);
        made.state = gated.state;
        made.alert = gated.alert;
        made.score = gated.score;
        made.tail_probability = tail_.take(surprise, gated.state != verdict_state::anomalous);
        made.family = made.score > 0 ? anomaly_family::isolation : anomaly_family::none;
    }

    /// What is said of a sample without values: an open alert continues.
    void pass_over(verdict& made) const noexcept {
        made.alert = gate_.ongoing();
        made.state = made.alert ? verdict_state::anomalous : made.state;
    }

    void tell_silence(verdict& made, bool is_silent) noexcept { detail::tell_silence(made, gate_, is_silent); }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        gate_.reset();
        tail_ = {};
    }

    static void state(auto& self, auto&& io) { io(self.gate_, self.tail_); }
    bool valid() const noexcept { return gate_.valid() && tail_.valid(); }

  private:
    static alert_gate_options gate_options(double threshold) {
        alert_gate_options made;
        made.threshold = threshold;
        return made;
    }

    double usual_;
    alert_gate gate_;
    exponential_tail tail_;
};

} // namespace orfeas::inline v0::detect::detail
