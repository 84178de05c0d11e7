// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/detail/saved_alerts.hpp>
#include <orfeas/alert/evaluator.hpp>
#include <orfeas/alert/event.hpp>
#include <orfeas/alert/frame.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/alert/notifier.hpp>
#include <orfeas/alert/notifier_options.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/rule_error.hpp>
#include <orfeas/alert/severity.hpp>
#include <orfeas/alert/silence.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/records.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// Alerts, from frames to notifications: rules are applied to each frame, what happens to alerts is kept as history, and who is
/// to be told finds a notification in an outbox. A state machine without a clock, a file or a thread: time comes with the
/// frames.
///
///     alert::engine alerts;
///     alerts.set_rules({{.name = "queue_long", .expr = "queue_length > 100", .pending_for = 30s}});
///     alerts.add(alert::route{.name = "people"});
///     alerts.step(frame);
///     while (auto const* told = alerts.next("people")) { page(*told); alerts.delivered("people", told->id); }
///
/// What must outlive the process is what `save` writes. Written whenever `step` or an action says that something has changed, and
/// before notifications are handed over, no notification is lost by a crash, and one that was handed over is repeated at most
/// once, with the same id.
/// Thread-compatible (distinct objects).
class engine {
  public:
    /// Throws option_error.
    explicit engine(notifier_options options = {}) : notifier_{std::move(options)} {}

    notifier_options const& options() const noexcept { return notifier_.options(); }

    /// Puts rules in place of all before; alerts of those that are there again (by name and labels) go on, those of others end with
    /// the next frame. Throws rule_error, and changes nothing, when one cannot be used.
    void set_rules(std::vector<rule> rules) { rules_.set_rules(std::move(rules)); }

    /// Adds a rule. Throws rule_error when it cannot be used, or is there already.
    void add(rule made) {
        auto all = rules_.rules();
        all.push_back(std::move(made));
        rules_.set_rules(std::move(all));
    }

    /// Takes away all rules of a name; false when there is none.
    bool remove_rule(std::string_view name) {
        auto all = rules_.rules();
        bool const is_there = std::erase_if(all, [&](rule const& each) { return each.name == name; }) > 0;
        if (is_there) {
            rules_.set_rules(std::move(all));
        }
        return is_there;
    }

    std::vector<rule> rules() const { return rules_.rules(); }
    std::vector<rule_status> status() const { return rules_.status(); }

    void set_inhibitions(std::vector<inhibition> all) { notifier_.set_inhibitions(std::move(all)); }
    std::vector<inhibition> const& inhibitions() const noexcept { return notifier_.inhibitions(); }

    /// Takes in a frame, of the same object each time: rules look for their series anew when it is another one. Whether something
    /// has changed that is to be saved.
    bool step(frame const& in) {
        bool const was_set = follow_clock(in);
        now_ = in.time();
        events_.clear();
        rules_.step(in, events_);
        bool const changed = notifier_.step(rules_, now_, events_) || was_set;
        for (auto& each : events_) {
            keep(std::move(each));
        }
        count_states();
        return changed;
    }

    /// The alerts that are pending or firing, the worst first, then the oldest.
    std::vector<active_alert> alerts() const {
        auto made = rules_.alerts();
        std::sort(made.begin(), made.end(), [](active_alert const& a, active_alert const& b) {
            auto const rank = [](active_alert const& of) {
                return std::tuple{of.state != alert_state::firing, severity::critical > of.at,
                                  severity::warning > of.at, of.active_at, of.fingerprint};
            };
            return rank(a) < rank(b);
        });
        return made;
    }

    /// What happened, oldest first, up to `kept_events`.
    std::deque<alert_event> const& history() const noexcept { return history_; }

    /// Adds a silence from now on or from its beginning; returns its id. Throws std::invalid_argument when it cannot be used.
    std::uint64_t add(silence made) { return notifier_.add(std::move(made), now_); }
    bool remove_silence(std::uint64_t id) { return notifier_.remove_silence(id); }
    std::vector<silence> const& silences() const noexcept { return notifier_.silences(); }

    /// Says that somebody is at an alert that fires, until a time. Throws std::invalid_argument when nobody says so or that time
    /// has passed. False when no such alert fires.
    bool acknowledge(std::uint64_t fingerprint, std::string author, std::string comment, wall_time until) {
        if (author.empty()) {
            throw std::invalid_argument{"an acknowledgement needs an author"};
        }
        if (until <= now_) {
            throw std::invalid_argument{"an acknowledgement ends after now"};
        }
        auto* const found = rules_.find(fingerprint);
        if (found == nullptr || found->state != alert_state::firing) {
            return false;
        }
        auto const reason = author + (comment.empty() ? " acknowledged it" : " acknowledged it: " + comment);
        found->acknowledged = {std::move(author), std::move(comment), now_, until, found->at};
        keep({0, now_, event_kind::acknowledged, reason, *found});
        notifier_.note_change();
        return true;
    }

    /// Takes an acknowledgement back; false when there is none.
    bool unacknowledge(std::uint64_t fingerprint, std::string_view author) {
        auto* const found = rules_.find(fingerprint);
        if (found == nullptr || !found->acknowledged) {
            return false;
        }
        found->acknowledged.reset();
        keep({0, now_, event_kind::acknowledgement_over, std::string{author} + " took the acknowledgement back",
              *found});
        notifier_.note_change();
        return true;
    }

    /// Adds a receiver; false when there is one of this name.
    bool add(route made) { return notifier_.add(std::move(made)); }

    /// Forgets a receiver and what waits for it; false when there is none.
    bool remove_route(std::string_view name) { return notifier_.remove_route(name); }

    /// The oldest notification that waits for a receiver; null where none does. Valid until the next call that changes anything
    /// (`delivered` takes its own id); handed over again until `delivered`.
    notification const* next(std::string_view route_name) const { return notifier_.next(route_name); }

    /// A receiver has a notification; false when that does not wait for it.
    bool delivered(std::string_view route_name, std::string_view id) { return notifier_.delivered(route_name, id); }

    /// The moment of the last frame.
    wall_time now() const noexcept { return now_; }

    void measure(measurement_sink sink) const {
        for (auto const at : {severity::info, severity::warning, severity::critical}) {
            label const labels[] = {{"severity", to_string(at)}};
            sink({"alerts_firing", measurement_kind::gauge, unit::none, firing_[static_cast<std::size_t>(at)], labels,
                  "alerts that fire"});
        }
        auto const tell = [&](std::string_view name, measurement_kind kind, double value, std::string_view help) {
            sink({name, kind, unit::none, value, {}, help});
        };
        using enum measurement_kind;
        tell("alerts_pending", gauge, pending_, "alerts that hold, but not for long enough yet");
        tell("alert_events_total", counter, static_cast<double>(last_event_), "what happened to alerts");
        tell("alert_notifications_total", counter, static_cast<double>(notifier_.notifications()),
             "notifications that were made");
        tell("alert_notifications_waiting", gauge, static_cast<double>(notifier_.waiting()),
             "notifications that a receiver has not taken yet");
        tell("alert_notifications_dropped_total", counter, static_cast<double>(notifier_.dropped()),
             "notifications that were thrown away because too many waited for a receiver");
        tell("alert_silences", gauge, static_cast<double>(notifier_.silences().size()), "silences");
    }

    /// Appends all that must outlive the process: alerts with their times and acknowledgements, what was told, silences, history,
    /// notifications that wait. Rules, inhibitions and receivers are not among it.
    void save(std::vector<std::byte>& to) const {
        record_writer out{to};
        out.number(layout);
        detail::put_time(out, now_);
        out.number(last_event_);
        out.number(static_cast<std::uint64_t>(history_.size()));
        for (auto const& each : history_) {
            detail::put_event(out, each);
        }
        rules_.save(out);
        notifier_.save(out);
    }

    /// Takes up what was saved, in place of all that is there but rules, inhibitions and receivers; alerts of rules that are not
    /// set by then end with the next frame. False, and nothing is changed, when the bytes are not what `save` wrote.
    bool load(std::span<std::byte const> from) {
        record_reader in{from};
        if (in.number<std::uint32_t>() != layout) {
            return false;
        }
        auto const now = detail::take_time(in);
        auto const last_event = in.number<std::uint64_t>();
        std::deque<alert_event> history;
        for (auto count = in.number<std::uint64_t>(); count > 0 && in.good(); --count) {
            history.push_back(detail::take_event(in));
        }
        auto rules = rules_.saved_alerts(in);
        auto notified = notifier_;
        try {
            notified.load(in);
        } catch (std::invalid_argument const&) { // a matcher
            return false;
        }
        if (!in.good() || !in.at_end()) {
            return false;
        }
        rules_.set_alerts(std::move(rules));
        notifier_ = std::move(notified);
        history_ = std::move(history);
        bound_history();
        last_event_ = last_event;
        now_ = now;
        steady_.reset();
        count_states();
        return true;
    }

  private:
    static constexpr std::uint32_t layout = 2;

    /// Where the clock was set since the last frame, all times go with it, so that what lasts has lasted for as long as it had.
    bool follow_clock(frame const& in) {
        auto const by = clock_step(in);
        steady_ = in.steady_time();
        if (by.count() == 0) {
            return false;
        }
        rules_.clock_was_set(by);
        notifier_.clock_was_set(by);
        for (auto& each : history_) { // what happened by a clock that was ahead
            each.time += each.time > in.time() ? by : wall_time::duration{0};
        }
        return true;
    }

    /// By how much the clock was set since the last frame; 0 if it was not. Before the first frame, and after a restart, time may
    /// have passed that nobody has measured.
    wall_time::duration clock_step(frame const& in) const noexcept {
        if (now_ == wall_time{}) {
            return {};
        }
        auto step = in.time() - now_;
        if (steady_ && in.steady_time()) {
            step -= std::chrono::duration_cast<wall_time::duration>(*in.steady_time() - *steady_);
        } else {
            step = std::min(step, wall_time::duration{0});
        }
        bool const is_set = step > frame::clock_tolerance || step < -frame::clock_tolerance;
        return is_set ? step : wall_time::duration{0};
    }

    void keep(alert_event made) {
        made.number = ++last_event_;
        history_.push_back(std::move(made));
        bound_history();
    }

    void bound_history() {
        while (history_.size() > options().kept_events) {
            history_.pop_front();
        }
    }

    void count_states() {
        firing_ = {};
        pending_ = 0;
        rules_.for_each([&](active_alert const& each) {
            if (each.state == alert_state::firing) {
                ++firing_[static_cast<std::size_t>(each.at)];
            } else {
                ++pending_;
            }
        });
    }

    evaluator rules_;
    notifier notifier_;
    std::vector<alert_event> events_; // of the frame
    std::deque<alert_event> history_;
    std::uint64_t last_event_ = 0;
    wall_time now_{};
    std::optional<monotonic_time> steady_; // of the last frame of this run, if it told it
    std::array<double, 3> firing_{};
    double pending_ = 0;
};

} // namespace orfeas::inline v0::alert
