// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/forecast/detail/decay.hpp>
#include <orfeas/forecast/detail/stream_clock.hpp>
#include <orfeas/forecast/predictive_alert_options.hpp>
#include <orfeas/forecast/time_to_critical.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ratio>
#include <string_view>
#include <system_error>

namespace orfeas::inline v0::forecast {

/// Where in the life of an alert an answer stands.
enum class alert_phase : std::uint8_t { none, starts, continues, ends };

constexpr std::string_view to_string(alert_phase phase) noexcept {
    constexpr std::array<std::string_view, 4> names{"none", "starts", "continues", "ends"};
    return names[static_cast<std::size_t>(phase)];
}

/// What became of an alert.
enum class alert_outcome : std::uint8_t {
    open,    ///< it may still turn out right
    right,   ///< the level was reached within the grace
    wrong,   ///< it was not
    averted, ///< nobody knows: something was done about it
};

constexpr std::string_view to_string(alert_outcome outcome) noexcept {
    constexpr std::array<std::string_view, 4> names{"open", "right", "wrong", "averted"};
    return names[static_cast<std::size_t>(outcome)];
}

/// An alert that was raised, with what was said then and what became of it.
struct past_prediction {
    std::uint64_t id = 0;            ///< counts up from 1
    std::chrono::nanoseconds time{}; ///< when it was raised, in the caller's time
    double minutes = 0;              ///< that were said to be left
    double low = 0;
    double high = 0;
    double confidence = 0;
    alert_outcome outcome = alert_outcome::open;
    double lead_minutes = 0; ///< that were left indeed, where it was right

    static void state(auto& self, auto&& io) {
        io(self.id, self.time, self.minutes, self.low, self.high, self.confidence, self.outcome, self.lead_minutes);
    }
    friend bool operator==(past_prediction const&, past_prediction const&) = default;
};

/// What a predictive_alert answers to a forecast.
struct alert_answer {
    std::uint64_t id = 0; ///< of the alert; 0 is none
    alert_phase phase = alert_phase::none;
    double confidence = 0; ///< of the forecast, less for an alert that has been wrong before

    explicit operator bool() const noexcept { return id != 0; }
    friend bool operator==(alert_answer const&, alert_answer const&) = default;
};

/// How right the alerts have been.
struct alert_record {
    std::uint64_t raised = 0;
    std::uint64_t right = 0;
    std::uint64_t wrong = 0;
    std::uint64_t averted = 0;
    double precision = 0;         ///< share of the decided alerts that were right; 0 before there is one
    double mean_lead_minutes = 0; ///< of those that were right
};

/// Makes alerts of the forecasts of a time_to_critical, and keeps account of how right they were.
///
/// An alert starts when forecasts of enough confidence have said for the persistence that less than the lead is left, and ends
/// when they have not for the hold, or when the level is reached. It is right when the level is reached within the grace.
/// Alerts that ended without it lower the confidence of further ones by trust / (trust + their number), where one counts half
/// after a day: who has cried wolf needs a clearer case.
///
/// The last 64 alerts are kept with their outcome. Constant time; no allocation after construction; about 5 KB.
/// Thread-compatible (distinct objects).
class predictive_alert {
  public:
    static constexpr state_kind kind{"predictive_alert", 2};
    static constexpr std::size_t kept = 64;

    /// Throws option_error.
    explicit predictive_alert(predictive_alert_options const& options = {})
        : options_{checked(options)}, doubt_decay_{86'400} {}

    predictive_alert_options const& options() const noexcept { return options_; }

    /// Takes in the forecast made at that time. Times that do not advance count as none passed.
    alert_answer update(std::chrono::nanoseconds time, critical_estimate const& said) noexcept {
        double const passed = clock_.admit(time, 0).value_or(0);
        doubts_ *= doubt_decay_.after(passed);
        decide(said.reached);
        double const confidence = said.confidence * options_.trust / (options_.trust + doubts_);
        bool const is_close =
            said && !said.reached && said.minutes < minutes(options_.lead) && confidence >= options_.confidence;
        close_for_ = is_close ? (was_close_ ? close_for_ + passed : 0) : 0;
        quiet_for_ = is_close ? 0 : quiet_for_ + passed;
        was_close_ = is_close;
        auto made = open_ ? go_on(said.reached) : begin(time, said, confidence);
        made.confidence = confidence;
        return made;
    }

    alert_record record() const noexcept {
        std::uint64_t const decided = right_ + wrong_;
        return {raised_,
                right_,
                wrong_,
                averted_,
                decided > 0 ? static_cast<double>(right_) / static_cast<double>(decided) : 0,
                right_ > 0 ? leads_ / static_cast<double>(right_) : 0};
    }

    /// Ends an open alert because something was done about it: whether it, or one before it that is undecided, was right can
    /// no longer be known. Doubts neither grow nor shrink by it.
    void avert() noexcept {
        for (; undecided_ > 0; --undecided_) {
            ring_[(raised_ - undecided_) % kept].outcome = alert_outcome::averted;
            ++averted_;
        }
        open_ = 0;
        was_close_ = false;
        close_for_ = 0;
    }

    /// How many past alerts are kept.
    std::size_t size() const noexcept { return raised_ < kept ? raised_ : kept; }

    /// A past alert, 0 being the newest. `index` is below `size()`.
    past_prediction const& past(std::size_t index) const noexcept { return ring_[(raised_ - 1 - index) % kept]; }

    /// Forgets all but the options.
    void reset() { *this = predictive_alert{options_}; }

    void save(state_writer& out) const { save_state(out, kind, fingerprint(options_), *this); }
    std::error_code load(state_reader& in) { return load_state(in, kind, fingerprint(options_), *this); }

    static void state(auto& self, auto&& io) {
        io(self.clock_, self.doubt_decay_, self.doubts_, self.close_for_, self.quiet_for_, self.was_close_, self.open_,
           self.raised_, self.right_, self.wrong_, self.averted_, self.leads_, self.ring_, self.raised_at_,
           self.undecided_);
    }
    bool valid() const noexcept {
        bool sound = clock_.valid() && doubt_decay_.valid() && doubts_ >= 0 && is_finite(doubts_ + leads_) &&
                     open_ <= raised_ && undecided_ <= size() && right_ + wrong_ + averted_ <= raised_;
        for (auto const& each : ring_) {
            sound = sound && each.outcome <= alert_outcome::averted;
        }
        return sound;
    }

  private:
    static predictive_alert_options const& checked(predictive_alert_options const& options) {
        validate(options);
        return options;
    }
    template<class Duration>
    static double minutes(Duration of) noexcept {
        return std::chrono::duration<double, std::ratio<60>>{of}.count();
    }
    static double seconds(std::chrono::seconds of) noexcept { return static_cast<double>(of.count()); }

    alert_answer begin(std::chrono::nanoseconds time, critical_estimate const& said, double confidence) noexcept {
        if (!was_close_ || close_for_ < seconds(options_.persistence)) {
            return {};
        }
        ++raised_;
        open_ = raised_;
        quiet_for_ = 0;
        if (undecided_ == kept) { // an alert a minute under a long grace: the oldest stays open
            --undecided_;
        }
        ++undecided_;
        ring_[(raised_ - 1) % kept] = {raised_, time, said.minutes, said.low, said.high, confidence};
        raised_at_[(raised_ - 1) % kept] = clock_.seconds();
        return {open_, alert_phase::starts};
    }

    alert_answer go_on(bool reached) noexcept {
        alert_answer made{open_, alert_phase::continues};
        if (reached || quiet_for_ >= seconds(options_.hold)) {
            made.phase = alert_phase::ends;
            doubts_ += reached ? 0 : 1;
            open_ = 0;
        }
        return made;
    }

    /// Judges the alerts that are old enough, or all when the level is reached.
    void decide(bool reached) noexcept {
        for (; undecided_ > 0; --undecided_) {
            std::size_t const at = (raised_ - undecided_) % kept;
            double const age = (clock_.seconds() - raised_at_[at]) / 60;
            bool const is_right = reached && age <= minutes(options_.grace);
            if (!is_right && age <= minutes(options_.grace)) {
                return; // and so are those after it
            }
            ring_[at].outcome = is_right ? alert_outcome::right : alert_outcome::wrong;
            right_ += is_right ? 1U : 0U;
            wrong_ += is_right ? 0U : 1U;
            if (is_right) {
                ring_[at].lead_minutes = age;
                leads_ += age;
                doubts_ -= ring_[at].id != open_ && doubts_ >= 1 ? 1 : 0; // it was not so wrong
            }
        }
    }

    predictive_alert_options options_;
    detail::stream_clock clock_;
    detail::decay doubt_decay_;
    double doubts_ = 0;
    double close_for_ = 0;
    double quiet_for_ = 0;
    bool was_close_ = false;
    std::uint64_t open_ = 0;
    std::uint64_t raised_ = 0;
    std::uint64_t right_ = 0;
    std::uint64_t wrong_ = 0;
    std::uint64_t averted_ = 0;
    double leads_ = 0;
    std::array<past_prediction, kept> ring_{};
    std::array<double, kept> raised_at_{}; // in seconds of the stream
    std::uint64_t undecided_ = 0;          // the newest ones
};
static_assert(saves_state<predictive_alert>);

} // namespace orfeas::inline v0::forecast
