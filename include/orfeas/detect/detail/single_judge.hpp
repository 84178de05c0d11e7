// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/detail/alert_identities.hpp>
#include <orfeas/detect/detail/finding.hpp>
#include <orfeas/detect/detail/gap_keeper.hpp>
#include <orfeas/detect/detail/within_reach.hpp>
#include <orfeas/detect/gap_policy.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>

#include <chrono>
#include <cstdint>
#include <system_error>

namespace orfeas::inline v0::detect::detail {

/// What a detector of one metric is around a judge of its values: options, missing values, silence, the saved state.
///
/// A judge has `options_type` and `kind`, is made of its options, and has `take(finding, value, time, interval)`, which judges a
/// value, `pass_over(finding)` for where there is none, `alerts()`, and
/// `warm()`. Thread-compatible (distinct objects).
template<class Judge, anomaly_family Family>
class single_judge {
  public:
    using options_type = typename Judge::options_type;
    static constexpr state_kind kind = Judge::kind;

    options_type const& options() const noexcept { return options_; }

    verdict update(sample const& each) {
        auto const step = keeper_.admit(each);
        auto const interval = static_cast<double>(keeper_.interval().count());
        for (std::uint32_t i = 0; i < step.fill; ++i) {
            finding unseen;
            judge_.take(unseen, within_reach(step.fill_value), each.time, interval);
        }
        finding found;
        if (step.has_value) {
            judge_.take(found, within_reach(step.value), each.time, interval);
        } else {
            judge_.pass_over(found);
        }
        verdict made;
        found.write_to(made);
        if (made.raw_score > 0) {
            made.family = Family;
            made.blame.add(0, 1);
        }
        if (step.is_silent || !made.alert) {
            detail::tell_silence(made, judge_.alerts(), step.is_silent);
        }
        return made;
    }

    /// Whether enough was seen to raise an alert.
    bool warm() const noexcept { return judge_.warm(); }

    /// Forgets the stream; alerts keep counting up.
    void reset() {
        auto alerts = judge_.alerts();
        alerts.reset();
        judge_ = Judge{options_};
        judge_.alerts() = alerts;
        keeper_.reset();
    }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) { io(self.keeper_, self.judge_); }
    bool valid() const noexcept { return keeper_.valid() && judge_.valid(); }

  protected:
    /// Throws option_error.
    explicit single_judge(options_type const& options)
        : options_{checked(options)},
          keeper_{gap_policy_of(options.gaps), options.interval, options.gap_intervals},
          judge_{options} {}

    Judge const& judge() const noexcept { return judge_; }

  private:
    static options_type const& checked(options_type const& options) {
        validate(options);
        return options;
    }

    options_type options_;
    gap_keeper keeper_;
    Judge judge_;
};

} // namespace orfeas::inline v0::detect::detail
