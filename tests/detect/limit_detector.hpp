// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/detect/concepts.hpp>

#include <cstdint>
#include <system_error>

namespace orfeas_test {

/// The simplest detector: a value from the limit on is an alert, the first `warm_up` values are not judged. What is composed
/// of it can be told in advance.
class limit_detector {
  public:
    static constexpr orfeas::state_kind kind{"limit_detector", 1};

    explicit limit_detector(double limit = 10, std::uint64_t warm_up = 2,
                            orfeas::detect::anomaly_family family = orfeas::detect::anomaly_family::spike)
        : limit_{limit}, warm_up_{warm_up}, family_{family} {}

    orfeas::detect::verdict update(orfeas::detect::sample const& each) {
        using namespace orfeas::detect;
        verdict made;
        bool const is_value = each.value == each.value;
        seen_ += is_value ? 1U : 0U;
        made.score = is_value && warm() ? score_of(each.value, limit_) : 0;
        made.raw_score = made.score;
        made.tail_probability = 1 - made.score;
        made.family = made.score > 0 ? family_ : anomaly_family::none;
        bool const is_alert = made.score >= 0.5;
        if (is_alert || is_open_) {
            auto const phase = !is_alert ? alert_phase::ends : is_open_ ? alert_phase::continues : alert_phase::starts;
            ids_ += phase == alert_phase::starts ? 1U : 0U;
            made.alert = {ids_, phase};
        }
        made.state = is_alert    ? verdict_state::anomalous
                     : !is_value ? verdict_state::silent
                     : is_open_  ? verdict_state::recovering
                     : warm()    ? verdict_state::normal
                                 : verdict_state::warming;
        is_open_ = is_alert;
        return made;
    }
    bool warm() const noexcept { return seen_ > warm_up_; }
    void reset() {
        seen_ = 0;
        is_open_ = false;
    }
    void save(orfeas::state_writer& out) const { orfeas::save_state(out, kind, 0, *this); }
    std::error_code load(orfeas::state_reader& in) { return orfeas::load_state(in, kind, 0, *this); }

    static void state(auto& self, auto&& io) { io(self.seen_, self.ids_, self.is_open_); }
    bool valid() const noexcept { return true; }

  private:
    double limit_;
    std::uint64_t warm_up_;
    orfeas::detect::anomaly_family family_;
    std::uint64_t seen_ = 0;
    std::uint64_t ids_ = 0;
    bool is_open_ = false;
};
static_assert(orfeas::detect::detector<limit_detector>);

} // namespace orfeas_test
