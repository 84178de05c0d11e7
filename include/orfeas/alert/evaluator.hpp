// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/detail/compiled_rule.hpp>
#include <orfeas/alert/detail/expression_binder.hpp>
#include <orfeas/alert/detail/expression_plan.hpp>
#include <orfeas/alert/detail/level_lives.hpp>
#include <orfeas/alert/detail/reason_text.hpp>
#include <orfeas/alert/detail/saved_alerts.hpp>
#include <orfeas/alert/detail/window_store.hpp>
#include <orfeas/alert/event.hpp>
#include <orfeas/alert/frame.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/rule_error.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/records.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// How a rule fares.
struct rule_status {
    alert::rule rule;
    std::size_t series = 0;  ///< that its expression gives
    std::size_t pending = 0; ///< alerts
    std::size_t firing = 0;
    std::string problem; ///< why it cannot be applied to the present series, or not to all; empty if it can
};

/// Applies rules to frames: finds which alerts begin, fire, change and end. It knows nothing of who is told.
///
/// A frame costs some 20 ns a step of an expression, and allocates nothing where no alert changes and no series comes or goes.
/// Thread-compatible (distinct objects).
class evaluator {
  public:
    /// No more alerts of one rule at a time than `most_alerts`: what is beyond is left out and said in the rule's status.
    explicit evaluator(std::size_t most_alerts = 1'000) : most_alerts_{most_alerts} {}

    /// Puts rules in place of those before. Alerts of rules that stay (by name and labels) go on, and so do those that were
    /// taken up for them; those of others end with the next frame. Throws rule_error, and changes nothing, when a rule cannot be used or two are not told apart.
    void set_rules(std::vector<rule> rules) {
        std::vector<entry> made;
        std::set<std::string> keys;
        for (auto& each : rules) {
            made.emplace_back(std::move(each));
            if (!keys.insert(made.back().compiled.key()).second) {
                throw rule_error{made.back().compiled.rule().name, "alert",
                                 "another rule has the same name and labels"};
            }
        }
        for (auto& old : rules_) {
            auto const same = [&](entry const& each) { return each.compiled.key() == old.compiled.key(); };
            auto const at = std::find_if(made.begin(), made.end(), same);
            (at == made.end() ? orphans_ : at->alerts).merge(old.alerts);
        }
        rules_ = std::move(made);
        adopt_orphans();
        bound_ = 0;
    }

    /// Takes in a frame; appends what happened.
    void step(frame const& in, std::vector<alert_event>& events) {
        if (bound_ != in.generation() + 1 || bound_to_ != &in) {
            bind(in);
        }
        windows_.take(in);
        end_all(orphans_, "its rule was taken away", in.time(), events);
        for (auto& each : rules_) {
            step(each, in, events);
        }
    }

    /// The clock was set by so much between the last frame and the next: alerts have held for as long as they had, and windows
    /// reach as far back as they did.
    void clock_was_set(wall_time::duration by) noexcept {
        windows_.shift(by);
        shift(orphans_, by);
        for (auto& each : rules_) {
            shift(each.alerts, by);
        }
    }

    /// The alerts that are pending or firing, with texts for their present values.
    std::vector<active_alert> alerts() const {
        std::vector<active_alert> made;
        for (auto const& each : rules_) {
            for (auto const& [fingerprint, at] : each.alerts) {
                made.push_back(at->told);
                describe(each, *at, made.back());
            }
        }
        return made;
    }

    /// Calls `visit(alert)` for each of them; its texts are of when it last changed.
    template<class Visit>
    void for_each(Visit&& visit) const {
        for (auto const& each : rules_) {
            for (auto const& [fingerprint, at] : each.alerts) {
                visit(std::as_const(at->told));
            }
        }
    }

    /// Calls `visit(alert, described)` for each of them; `described()` is the alert with texts for its present value.
    template<class Visit>
    void for_each_described(Visit&& visit) const {
        for (auto const& each : rules_) {
            for (auto const& [fingerprint, at] : each.alerts) {
                live_alert const& of = *at;
                visit(of.told, [&each, &of] {
                    auto made = of.told;
                    describe(each, of, made);
                    return made;
                });
            }
        }
    }

    template<class Visit>
    void for_each(Visit&& visit) {
        for (auto& each : rules_) {
            for (auto& [fingerprint, at] : each.alerts) {
                visit(at->told);
            }
        }
    }

    /// An alert that is pending or firing; null when there is none.
    active_alert* find(std::uint64_t fingerprint) noexcept {
        for (auto& each : rules_) {
            if (auto const at = each.alerts.find(fingerprint); at != each.alerts.end()) {
                return &at->second->told;
            }
        }
        return nullptr;
    }

    std::vector<rule_status> status() const {
        std::vector<rule_status> made;
        for (auto const& each : rules_) {
            rule_status of{each.compiled.rule(), each.plan.results().size(), 0, 0, each.problem};
            if (each.left_out > 0) {
                of.problem = "more than " + std::to_string(most_alerts_) +
                             " alerts at a time: " + std::to_string(each.left_out) +
                             " are left out; aggregate, or choose by matchers";
            }
            for (auto const& [fingerprint, at] : each.alerts) {
                ++(at->told.state == alert_state::firing ? of.firing : of.pending);
            }
            made.push_back(std::move(of));
        }
        return made;
    }

    std::vector<rule> rules() const {
        std::vector<rule> made;
        for (auto const& each : rules_) {
            made.push_back(each.compiled.rule());
        }
        return made;
    }

    /// Appends the alerts with all that lies behind them; the rules are not among it.
    void save(record_writer& out) const;

    class saved;

    /// Reads alerts that `save` wrote. The reader fails when they are not.
    saved saved_alerts(record_reader& in) const;

    /// Takes them up, in place of those that are there; those of rules that are not set end with the next frame.
    void set_alerts(saved all);

  private:
    struct live_alert {
        active_alert told;
        detail::level_lives lives;
        label_set series; // without the rule's labels
        std::uint64_t last_step = 0;
    };
    using live_alerts = std::map<std::uint64_t, std::unique_ptr<live_alert>>;

    struct entry {
        explicit entry(alert::rule made) : compiled{std::move(made)} {}

        detail::compiled_rule compiled;
        detail::expression_plan plan;
        std::vector<std::uint64_t> fingerprints; // of the plan's results
        std::vector<live_alert*> live;           // likewise, those that are alerts
        live_alerts alerts;
        std::string problem;
        std::size_t left_out = 0; // series of the last frame that are no alerts because there are too many
    };

    static void shift(live_alerts& all, wall_time::duration by) noexcept {
        for (auto& [fingerprint, each] : all) {
            each->lives.shift(by);
            each->told.active_at += by;
            if (each->told.fired_at) {
                *each->told.fired_at += by;
            }
            if (each->told.acknowledged) {
                each->told.acknowledged->at += by;
            }
        }
    }

    /// Alerts without a rule may have one again: it was put back before a frame was taken, or set after `set_alerts`.
    void adopt_orphans() {
        for (auto& each : rules_) {
            for (auto at = orphans_.begin(); at != orphans_.end();) {
                auto const orphan = at++;
                live_alert const& of = *orphan->second;
                if (of.told.rule == each.compiled.rule().name &&
                    alert::fingerprint(each.compiled.identity(of.series)) == orphan->first) {
                    each.alerts.insert(orphans_.extract(orphan));
                }
            }
        }
    }

    void bind(frame const& in) {
        bound_ = in.generation() + 1;
        bound_to_ = &in;
        windows_.begin_binding();
        for (auto& each : rules_) {
            bind(each, in);
        }
        windows_.sweep();
    }

    void bind(entry& each, frame const& in) {
        each.plan = {};
        each.fingerprints.clear();
        each.live.clear();
        each.problem.clear();
        if (!each.compiled.rule().is_enabled) {
            return;
        }
        try {
            each.plan = detail::expression_binder{in, windows_}.bind(each.compiled.expression().root());
        } catch (detail::ambiguous_series const& problem) {
            each.problem = problem.what();
            return;
        }
        std::set<std::uint64_t> seen;
        for (auto const& result : each.plan.results()) {
            auto const fingerprint = alert::fingerprint(each.compiled.identity(result.labels));
            if (!seen.insert(fingerprint).second) {
                each.problem = "the rule's labels hide what tells its series apart";
                each.plan = {};
                each.fingerprints.clear();
                each.live.clear();
                return;
            }
            auto const at = each.alerts.find(fingerprint);
            each.fingerprints.push_back(fingerprint);
            each.live.push_back(at == each.alerts.end() ? nullptr : at->second.get());
        }
    }

    void step(entry& each, frame const& in, std::vector<alert_event>& events) {
        if (!each.compiled.rule().is_enabled) {
            end_all(each.alerts, "its rule is switched off", in.time(), events);
            return;
        }
        ++steps_;
        each.left_out = 0;
        each.plan.run(in);
        auto const& results = each.plan.results();
        for (std::size_t i = 0; i < results.size(); ++i) {
            auto const value = each.plan.value(results[i]);
            auto*& live = each.live[i];
            if (live == nullptr && detail::level_lives::begins(each.compiled.rule(), value)) {
                live = begin(each, i);
            }
            if (live != nullptr) {
                live->last_step = steps_;
                if (!step(each, *live, value, in.time(), events)) {
                    each.alerts.erase(each.fingerprints[i]);
                    live = nullptr;
                }
            }
        }
        if (!each.alerts.empty()) {
            step_unseen(each, in.time(), events);
        }
    }

    /// Alerts of series that are no more.
    void step_unseen(entry& each, wall_time now, std::vector<alert_event>& events) {
        std::erase_if(each.alerts, [&](auto const& at) {
            return at.second->last_step != steps_ && !step(each, *at.second, std::nullopt, now, events);
        });
    }

    live_alert* begin(entry& each, std::size_t result) {
        if (each.alerts.size() >= most_alerts_) {
            ++each.left_out;
            return nullptr;
        }
        auto made = std::make_unique<live_alert>();
        made->series = each.plan.results()[result].labels;
        made->told.fingerprint = each.fingerprints[result];
        made->told.rule = each.compiled.rule().name;
        auto* const at = made.get();
        each.alerts.emplace(each.fingerprints[result], std::move(made));
        return at;
    }

    /// False when the alert is over.
    bool step(entry const& each, live_alert& of, std::optional<double> value, wall_time now,
              std::vector<alert_event>& events) {
        auto const& by = each.compiled.rule();
        bool const is_new = of.told.active_at == wall_time{} && of.lives.is_over();
        auto const state_before = of.told.state;
        auto const severity_before = of.told.at;
        of.lives.step(by, value, now);
        if (of.lives.is_over()) {
            if (!is_new) {
                describe(each, of, of.told);
                tell(of, state_before == alert_state::firing ? event_kind::resolved : event_kind::withdrawn,
                     each.problem.empty() ? detail::ended_reason(by, value)
                                          : "its rule cannot be applied: " + each.problem,
                     now, events);
            }
            return false;
        }
        of.told.value = value.value_or(of.told.value);
        of.lives.tell(by, of.told);
        bool const has_changed = is_new || of.told.state != state_before || of.told.at != severity_before;
        if (has_changed) {
            describe(each, of, of.told);
            bool const has_fired =
                of.told.state == alert_state::firing && (is_new || state_before != alert_state::firing);
            auto const kind = has_fired                               ? event_kind::fired
                              : of.told.state == alert_state::pending ? event_kind::pending
                              : of.told.at > severity_before          ? event_kind::worsened
                                                                      : event_kind::eased;
            if (is_new || kind != event_kind::pending) { // what is pending only became more or less severe
                tell(of, kind, detail::holds_reason(by, of.told), now, events);
            }
        }
        return true;
    }

    /// The labels and texts of an alert, for its value and severity.
    static void describe(entry const& each, live_alert const& of, active_alert& to) {
        to.labels = each.compiled.identity(of.series);
        if (value_of(to.labels, detail::severity_label).empty()) {
            set_label(to.labels, detail::severity_label, to_string(to.at));
        }
        to.annotations = each.compiled.texts(to.labels, to.value, to.threshold);
    }

    static void tell(live_alert& of, event_kind kind, std::string reason, wall_time now,
                     std::vector<alert_event>& events) {
        if (kind == event_kind::resolved || kind == event_kind::withdrawn) {
            of.told.ended_at = now;
            of.told.is_recovering = false;
            of.told.state = alert_state::resolved;
        }
        of.told.reason = reason;
        events.push_back({0, now, kind, std::move(reason), of.told});
    }

    static void end_all(live_alerts& all, std::string_view reason, wall_time now, std::vector<alert_event>& events) {
        for (auto& [fingerprint, each] : all) {
            bool const was_firing = each->told.state == alert_state::firing;
            tell(*each, was_firing ? event_kind::resolved : event_kind::withdrawn, std::string{reason}, now, events);
        }
        all.clear();
    }

    std::size_t most_alerts_;
    std::vector<entry> rules_;
    live_alerts orphans_; // of rules that are no more
    detail::window_store windows_;
    std::uint64_t bound_ = 0; // the frame's generation and one
    frame const* bound_to_ = nullptr;
    std::uint64_t steps_ = 0;
};

inline void evaluator::save(record_writer& out) const {
    std::uint64_t count = orphans_.size();
    for (auto const& each : rules_) {
        count += each.alerts.size();
    }
    out.number(count);
    auto const put = [&](std::string_view key, live_alert const& of) {
        out.text(key);
        detail::put_labels(out, of.series);
        detail::put_alert(out, of.told);
        of.lives.save(out);
    };
    for (auto const& each : rules_) {
        for (auto const& [fingerprint, of] : each.alerts) {
            put(each.compiled.key(), *of);
        }
    }
    for (auto const& [fingerprint, of] : orphans_) {
        put({}, *of);
    }
}

/// Alerts that were read, for the rules that were set then.
/// Thread-compatible (distinct objects).
class evaluator::saved {
    friend evaluator;
    std::vector<live_alerts> of_rules;
    live_alerts orphans;
};

inline evaluator::saved evaluator::saved_alerts(record_reader& in) const {
    saved made;
    made.of_rules.resize(rules_.size());
    for (auto count = in.number<std::uint64_t>(); count > 0 && in.good(); --count) {
        auto const key = in.text();
        auto each = std::make_unique<live_alert>();
        each->series = detail::take_labels(in);
        each->told = detail::take_alert(in);
        each->lives.load(in);
        auto const same = [&](entry const& rule) { return rule.compiled.key() == key; };
        auto const at = std::find_if(rules_.begin(), rules_.end(), same);
        auto& into = at == rules_.end() ? made.orphans : made.of_rules[static_cast<std::size_t>(at - rules_.begin())];
        into.insert_or_assign(each->told.fingerprint, std::move(each));
    }
    return made;
}

inline void evaluator::set_alerts(saved all) {
    for (std::size_t i = 0; i < rules_.size() && i < all.of_rules.size(); ++i) {
        rules_[i].alerts = std::move(all.of_rules[i]);
    }
    orphans_ = std::move(all.orphans);
    bound_ = 0;
}

} // namespace orfeas::inline v0::alert
