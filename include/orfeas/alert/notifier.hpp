// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/detail/outbox.hpp>
#include <orfeas/alert/detail/saved_alerts.hpp>
#include <orfeas/alert/detail/telling.hpp>
#include <orfeas/alert/evaluator.hpp>
#include <orfeas/alert/event.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/alert/notifier_options.hpp>
#include <orfeas/alert/silence.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/records.hpp>
#include <orfeas/core/stable_hash.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert {

/// Decides who is told of which alert, and when.
///
/// * An alert that fires is told of once, and that it is over once; then a reminder every `repeat_interval`.
/// * When it gets worse, that is told at once. When it gets better, or comes back after it was over, that is told when its
///   severity's cooldown is over; each time that it comes back, or gets worse again, within the flap window the cooldown is longer.
/// * A silence, an inhibition or an acknowledgement keeps an alert quiet; when none does any more and it still fires, it is told
///   of at once, but after an inhibition alone only if nobody was told of it before. That an alert is over is told wherever it was told that it fires.
/// * An acknowledgement ends with the alert, at its time, and when the alert gets worse than it was.
/// * News of alerts of one group are one notification.
///
/// Thread-compatible (distinct objects).
class notifier {
  public:
    /// Throws option_error.
    explicit notifier(notifier_options options = {})
        : options_{checked(std::move(options))}, outbox_{options_.most_waiting, options_.most_waiting_bytes} {}

    notifier_options const& options() const noexcept { return options_; }

    void set_inhibitions(std::vector<inhibition> all) {
        inhibitions_ = std::move(all);
        has_changed_ = true;
    }
    std::vector<inhibition> const& inhibitions() const noexcept { return inhibitions_; }

    /// Adds a silence; returns its id. Throws std::invalid_argument when it has no matcher, no author, ends before it begins or
    /// has ended, or there are too many.
    std::uint64_t add(silence made, wall_time now) {
        if (made.matchers.empty()) {
            throw std::invalid_argument{"a silence needs a matcher: without one it would silence all alerts"};
        }
        if (made.author.empty()) {
            throw std::invalid_argument{"a silence needs an author"};
        }
        if (made.end <= made.begin || made.end <= now) {
            throw std::invalid_argument{"a silence ends after it begins, and after now"};
        }
        if (silences_.size() >= options_.most_silences) {
            throw std::invalid_argument{"there are " + std::to_string(silences_.size()) +
                                        " silences: end some of them"};
        }
        made.id = ++last_silence_;
        silences_.push_back(std::move(made));
        has_changed_ = true;
        return last_silence_;
    }

    /// Ends a silence; false when there is none of this id.
    bool remove_silence(std::uint64_t id) {
        bool const was_there = std::erase_if(silences_, [&](silence const& each) { return each.id == id; }) > 0;
        has_changed_ = has_changed_ || was_there;
        return was_there;
    }

    /// Those that have not ended.
    std::vector<silence> const& silences() const noexcept { return silences_; }

    /// False when there is a receiver of this name.
    bool add(route made) { return outbox_.add(std::move(made)); }
    bool remove_route(std::string_view name) { return outbox_.remove(name); }

    /// The oldest notification that waits for a receiver; null where none does. It is handed over again until `delivered`.
    notification const* next(std::string_view route_name) const { return outbox_.next(route_name); }
    bool delivered(std::string_view route_name, std::string_view id) { return outbox_.take_away(route_name, id); }

    std::size_t waiting() const noexcept { return outbox_.waiting(); }
    std::uint64_t dropped() const noexcept { return outbox_.dropped(); }  ///< because too many waited
    std::uint64_t notifications() const noexcept { return last_number_; } ///< that were made

    /// To be called when an alert is acknowledged or no longer: what keeps it quiet is looked at anew.
    void note_change() noexcept { has_changed_ = true; }

    /// After the rules have taken in a frame: what happened by it is in `events`, to which what happens by the notifier is added.
    /// Returns whether anything was made or has changed that is to be saved.
    bool step(evaluator& rules, wall_time now, std::vector<alert_event>& events) {
        bool const has_ended = std::erase_if(silences_, [&](silence const& each) { return each.end <= now; }) > 0;
        bool const has_begun = std::any_of(silences_.begin(), silences_.end(), [&](silence const& each) {
            return each.applies(now) != each.applies(last_step_);
        });
        has_changed_ = has_changed_ || has_ended || has_begun;
        last_step_ = now;
        bool changed = has_changed_ || !events.empty();
        std::size_t const happened = events.size();
        for (auto const& each : events) {
            take(each, now);
        }
        end_acknowledgements(rules, now, events);
        if (changed || events.size() > happened) {
            look_at_quiet(rules, now, events);
        }
        has_changed_ = false;
        changed = tell_firing(rules, now) || changed || events.size() > happened;
        changed = flush(now) || changed;
        std::erase_if(tellings_, [&](auto const& each) { return each.second.is_forgotten(now, options_); });
        return changed;
    }

    /// The clock was set by so much between the last frame and the next: cooldowns, reminders and groups go on for as long as they
    /// would have. Silences and acknowledgements end when the clock says so.
    void clock_was_set(wall_time::duration by) noexcept {
        for (auto& [fingerprint, each] : tellings_) {
            each.shift(by);
        }
        for (auto& [labels, each] : groups_) {
            each.first += by;
            if (each.last_told) {
                *each.last_told += by;
            }
        }
    }

    void save(record_writer& out) const {
        out.number(last_number_);
        out.number(last_silence_);
        out.number(static_cast<std::uint64_t>(silences_.size()));
        for (auto const& each : silences_) {
            save(out, each);
        }
        out.number(static_cast<std::uint64_t>(tellings_.size()));
        for (auto const& [fingerprint, each] : tellings_) {
            out.number(fingerprint);
            each.save(out);
        }
        out.number(static_cast<std::uint64_t>(quiet_.size()));
        for (auto const fingerprint : quiet_) {
            out.number(fingerprint);
        }
        out.number(static_cast<std::uint64_t>(groups_.size()));
        for (auto const& [labels, each] : groups_) {
            detail::put_labels(out, labels);
            detail::put_time(out, each.first);
            detail::put_time(out, each.last_told);
            out.number(static_cast<std::uint64_t>(each.news.size()));
            for (auto const& news : each.news) {
                detail::put_news(out, news);
            }
        }
        outbox_.save(out);
    }

    /// The reader fails when the bytes are not what `save` wrote; what was taken up until then is to be thrown away.
    void load(record_reader& in) {
        last_number_ = in.number<std::uint64_t>();
        last_silence_ = in.number<std::uint64_t>();
        silences_.clear();
        for (auto count = in.number<std::uint64_t>(); count > 0 && in.good(); --count) {
            silences_.push_back(load_silence(in));
        }
        tellings_.clear();
        for (auto count = in.number<std::uint64_t>(); count > 0 && in.good(); --count) {
            tellings_[in.number<std::uint64_t>()].load(in);
        }
        quiet_.clear();
        for (auto count = in.number<std::uint64_t>(); count > 0 && in.good(); --count) {
            quiet_.insert(in.number<std::uint64_t>());
        }
        groups_.clear();
        for (auto count = in.number<std::uint64_t>(); count > 0 && in.good(); --count) {
            auto& into = groups_[detail::take_labels(in)];
            into.first = detail::take_time(in);
            into.last_told = detail::take_optional_time(in);
            for (auto news = in.number<std::uint64_t>(); news > 0 && in.good(); --news) {
                into.news.push_back(detail::take_news(in));
            }
        }
        outbox_.load(in);
        has_changed_ = true;
    }

  private:
    /// News of a group that are yet to be told.
    struct group {
        wall_time first{}; // of the news
        std::optional<wall_time> last_told{};
        std::vector<alert_news> news{};
    };

    static notifier_options checked(notifier_options options) {
        validate(options);
        return options;
    }

    /// What happened by the rules.
    void take(alert_event const& happened, wall_time now) {
        if (happened.kind != event_kind::resolved) {
            return;
        }
        quiet_.erase(happened.alert.fingerprint);
        auto const at = tellings_.find(happened.alert.fingerprint);
        if (at != tellings_.end()) {
            auto const worst = at->second.worst();
            if (at->second.resolve(now)) {
                put({news_kind::resolved, worst, happened.reason, happened.alert}, now);
            }
        }
    }

    void end_acknowledgements(evaluator& rules, wall_time now, std::vector<alert_event>& events) {
        rules.for_each([&](active_alert& each) {
            if (!each.acknowledged) {
                return;
            }
            bool const is_worse = each.at > each.acknowledged->up_to;
            if (is_worse || now >= each.acknowledged->until) {
                auto reason = is_worse
                                  ? "it got worse than it was when " + each.acknowledged->author + " acknowledged it"
                                  : "the acknowledgement by " + each.acknowledged->author + " has run out";
                each.acknowledged.reset();
                events.push_back({0, now, event_kind::acknowledgement_over, std::move(reason), each});
            }
        });
    }

    bool is_silenced(active_alert const& of, wall_time now) const noexcept {
        return std::any_of(silences_.begin(), silences_.end(), [&](silence const& each) {
            return each.applies(now) && all_match(each.matchers, of.labels);
        });
    }

    static std::string key_of(inhibition const& by, label_set const& labels) {
        std::string made;
        for (auto const& name : by.equal) {
            made.append(value_of(labels, name)).append(1, '\xff');
        }
        return made;
    }

    /// What keeps alerts quiet: silences and inhibitions.
    void look_at_quiet(evaluator& rules, wall_time now, std::vector<alert_event>& events) {
        std::vector<std::multimap<std::string, std::uint64_t>> sources(inhibitions_.size());
        rules.for_each([&](active_alert const& each) {
            for (std::size_t i = 0; i < inhibitions_.size(); ++i) {
                if (each.state == alert_state::firing && all_match(inhibitions_[i].source, each.labels)) {
                    sources[i].emplace(key_of(inhibitions_[i], each.labels), each.fingerprint);
                }
            }
        });
        rules.for_each([&](active_alert& each) {
            bool const was_silenced = each.is_silenced;
            each.is_silenced = is_silenced(each, now);
            each.is_inhibited = false;
            for (std::size_t i = 0; i < inhibitions_.size(); ++i) {
                if (all_match(inhibitions_[i].target, each.labels)) {
                    auto const [first, last] = sources[i].equal_range(key_of(inhibitions_[i], each.labels));
                    each.is_inhibited = each.is_inhibited || std::any_of(first, last, [&](auto const& source) {
                                            return source.second != each.fingerprint;
                                        });
                }
            }
            if (each.is_silenced != was_silenced) {
                events.push_back({0, now, each.is_silenced ? event_kind::silenced : event_kind::silence_over,
                                  each.is_silenced ? "a silence applies to it" : "no silence applies to it any more",
                                  each});
            }
        });
    }

    bool tell_firing(evaluator const& rules, wall_time now) {
        bool changed = false;
        rules.for_each_described([&](active_alert const& each, auto const& described) {
            if (each.state != alert_state::firing) {
                return;
            }
            if (each.is_silenced || each.acknowledged) {
                changed = quiet_.insert(each.fingerprint).second || changed;
                return;
            }
            if (each.is_inhibited) {
                return;
            }
            auto& known = tellings_[each.fingerprint];
            bool const was_quiet = quiet_.erase(each.fingerprint) > 0;
            if (auto const kind = known.news(each, was_quiet, now, options_)) {
                known.tell(each, now, options_);
                put({*kind, known.worst(), reason_of(each, *kind, was_quiet), described()}, now);
                changed = true;
            }
        });
        return changed;
    }

    static std::string reason_of(active_alert const& of, news_kind kind, bool was_quiet) {
        std::string_view const more = was_quiet                     ? ", and nothing keeps it quiet any more"
                                      : kind == news_kind::reminder ? ", and it goes on"
                                                                    : "";
        return of.reason + std::string{more};
    }

    /// Adds news to its group, in place of what was to be told of the same alert. But that it was over is told before that it is
    /// back: who does not match the one may match the other.
    void put(alert_news made, wall_time now) {
        auto const same = [&](alert_news const& each) { return each.alert.fingerprint == made.alert.fingerprint; };
        auto& into = group_of(made.alert, same);
        auto const last = std::find_if(into.news.rbegin(), into.news.rend(), same);
        if (last != into.news.rend() && last->kind != news_kind::resolved) {
            bool const never_told = last->kind == news_kind::fired;
            into.news.erase(std::next(last).base());
            if (never_told && made.kind == news_kind::resolved) {
                return;
            }
            made.kind = never_told ? news_kind::fired : made.kind;
        }
        into.first = into.news.empty() ? now : into.first;
        into.news.push_back(std::move(made));
    }

    /// Where news of the same alert wait already, so that they are told in order, else by its labels.
    template<class Same>
    group& group_of(active_alert const& of, Same const& same) {
        for (auto& [labels, each] : groups_) {
            if (std::any_of(each.news.begin(), each.news.end(), same)) {
                return each;
            }
        }
        label_set labels;
        for (auto const& name : options_.group_by) {
            set_label(labels, name, value_of(of.labels, name));
        }
        return groups_[labels];
    }

    /// Makes notifications of the groups that are due.
    bool flush(wall_time now) {
        bool made_any = false;
        for (auto& [labels, each] : groups_) {
            bool const has_waited = now - each.first >= options_.group_wait;
            bool const may_again = !each.last_told || now - *each.last_told >= options_.group_interval;
            if (each.news.empty() || !has_waited || !may_again) {
                continue;
            }
            outbox_.put({next_id(labels, now), now, labels, std::move(each.news)});
            each.news.clear();
            each.last_told = now;
            made_any = true;
        }
        std::erase_if(groups_, [&](auto const& each) {
            return each.second.news.empty() &&
                   (!each.second.last_told || now - *each.second.last_told >= options_.group_interval);
        });
        return made_any;
    }

    /// Differs between notifications of all runs, since the number is saved and the time goes on.
    std::string next_id(label_set const& labels, wall_time now) {
        ++last_number_;
        std::string const text = std::to_string(last_number_) + ' ' + std::to_string(now.time_since_epoch().count()) +
                                 ' ' + std::to_string(fingerprint(labels));
        return alert_id(stable_hash64(text));
    }

    static void save(record_writer& out, silence const& of) {
        out.number(of.id);
        out.text(of.author);
        out.text(of.comment);
        detail::put_time(out, of.begin);
        detail::put_time(out, of.end);
        out.number(static_cast<std::uint32_t>(of.matchers.size()));
        for (auto const& each : of.matchers) {
            out.text(each.name());
            out.number(each.kind());
            out.text(each.value());
        }
    }

    static silence load_silence(record_reader& in) {
        silence made;
        made.id = in.number<std::uint64_t>();
        made.author = in.text();
        made.comment = in.text();
        made.begin = detail::take_time(in);
        made.end = detail::take_time(in);
        for (auto count = in.number<std::uint32_t>(); count > 0 && in.good(); --count) {
            auto name = in.text();
            auto const kind = detail::take_enum(in, match_kind::not_pattern);
            auto value = in.text();
            if (in.good()) {
                made.matchers.emplace_back(std::move(name), kind, std::move(value));
            }
        }
        return made;
    }

    notifier_options options_;
    std::vector<inhibition> inhibitions_;
    std::vector<silence> silences_;
    std::map<std::uint64_t, detail::telling> tellings_; // of alerts, by fingerprint
    std::set<std::uint64_t> quiet_;                     // that a silence or an acknowledgement keeps so
    std::map<label_set, group> groups_;
    detail::outbox outbox_;
    std::uint64_t last_number_ = 0;
    std::uint64_t last_silence_ = 0;
    wall_time last_step_{};
    bool has_changed_ = false;
};

} // namespace orfeas::inline v0::alert
