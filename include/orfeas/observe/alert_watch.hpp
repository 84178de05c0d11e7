// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/engine.hpp>
#include <orfeas/alert/event.hpp>
#include <orfeas/alert/frame.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/alert/notifier_options.hpp>
#include <orfeas/alert/rule.hpp>
#include <orfeas/alert/silence.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/series.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// Applies alert rules to each frame, and tells those who subscribed.
///
///     watch.add({.name = "queue_long", .expr = "queue_length > 100", .pending_for = 30s});
///     watch.subscribe({.name = "pager", .at_least = alert::severity::critical}, [](alert::notification const& told) { … });
///
/// Rules see the series of the frames, and each counter under its own name, too, so that `rate` and `increase` mean what they
/// mean to Prometheus.
///
/// A subscriber is called by the thread that takes the frame; one that throws is called again with the next frame. Receivers
/// that take notifications at their own pace ask for `next` and say `delivered`.
/// Thread-safe.
class alert_watch {
  public:
    using subscriber = std::function<void(alert::notification const&)>;
    /// Writes what `save` gives to where it outlives the process.
    using saver = std::function<void()>;

    /// Throws option_error.
    explicit alert_watch(alert::notifier_options options = {}) : engine_{std::move(options)} {}

    /// Puts rules in place of all before. Throws alert::rule_error, and changes nothing, when one cannot be used.
    void set_rules(std::vector<alert::rule> rules) {
        std::scoped_lock const lock{mutex_};
        engine_.set_rules(std::move(rules));
    }

    /// Adds a rule. Throws alert::rule_error when it cannot be used, or is there already.
    void add(alert::rule made) {
        std::scoped_lock const lock{mutex_};
        engine_.add(std::move(made));
    }

    /// Takes away all rules of a name; false when there is none.
    bool remove_rule(std::string_view name) {
        std::scoped_lock const lock{mutex_};
        return engine_.remove_rule(name);
    }

    void set_inhibitions(std::vector<alert::inhibition> all) {
        std::scoped_lock const lock{mutex_};
        engine_.set_inhibitions(std::move(all));
    }

    /// Calls `call` with each notification of a route. False when there is a receiver of this name.
    bool subscribe(alert::route to, subscriber call) {
        std::scoped_lock const lock{mutex_};
        auto name = to.name;
        bool const is_new = engine_.add(std::move(to));
        if (is_new) {
            subscribers_.emplace_back(std::move(name), std::move(call));
        }
        return is_new;
    }

    /// Adds a receiver that asks for its notifications; false when there is one of this name.
    bool add(alert::route to) {
        std::scoped_lock const lock{mutex_};
        return engine_.add(std::move(to));
    }

    /// Forgets a receiver or subscriber and what waits for it; false when there is none. A call that is under way ends.
    bool unsubscribe(std::string_view name) {
        std::scoped_lock const telling{telling_mutex_};
        std::scoped_lock const lock{mutex_};
        std::erase_if(subscribers_, [&](auto const& each) { return each.first == name; });
        return engine_.remove_route(name);
    }

    /// The oldest notification that waits for a receiver; none while it is being saved for the first time, so that nobody is told
    /// of what a crash would undo.
    std::optional<alert::notification> next(std::string_view name) const {
        std::scoped_lock const lock{mutex_};
        auto const* const found = engine_.next(name);
        bool const is_saved =
            found != nullptr && std::find(unsaved_.begin(), unsaved_.end(), found->time) == unsaved_.end();
        return is_saved ? std::optional{*found} : std::nullopt;
    }

    /// A receiver has a notification; false when that does not wait for it.
    bool delivered(std::string_view name, std::string_view id) {
        bool was_waiting = false;
        {
            std::scoped_lock const lock{mutex_};
            was_waiting = engine_.delivered(name, id);
        }
        if (was_waiting) {
            save_now();
        }
        return was_waiting;
    }

    /// The alerts that are pending or firing, the worst first.
    std::vector<alert::active_alert> alerts() const {
        std::scoped_lock const lock{mutex_};
        return engine_.alerts();
    }

    /// What happened after the event of a number, oldest first; of more than `most` events the newest.
    std::vector<alert::alert_event> events(std::uint64_t after = 0, std::size_t most = 1'000) const {
        std::scoped_lock const lock{mutex_};
        auto const& all = engine_.history();
        auto const begin = std::find_if(all.begin(), all.end(), [&](auto const& each) { return each.number > after; });
        auto const count = std::min(most, static_cast<std::size_t>(all.end() - begin));
        return {all.end() - static_cast<std::ptrdiff_t>(count), all.end()};
    }

    std::vector<alert::rule_status> status() const {
        std::scoped_lock const lock{mutex_};
        return engine_.status();
    }

    std::vector<alert::silence> silences() const {
        std::scoped_lock const lock{mutex_};
        return engine_.silences();
    }

    /// See alert::engine.
    std::uint64_t add(alert::silence made) {
        return changed([&] { return engine_.add(std::move(made)); });
    }
    bool remove_silence(std::uint64_t id) {
        return changed([&] { return engine_.remove_silence(id); });
    }
    bool acknowledge(std::uint64_t fingerprint, std::string author, std::string comment, wall_time until) {
        return changed([&] { return engine_.acknowledge(fingerprint, std::move(author), std::move(comment), until); });
    }
    bool unacknowledge(std::uint64_t fingerprint, std::string_view author) {
        return changed([&] { return engine_.unacknowledge(fingerprint, author); });
    }

    /// When the last frame was taken.
    wall_time now() const {
        std::scoped_lock const lock{mutex_};
        return engine_.now();
    }

    /// `write` is called whenever something has changed that must outlive the process, before anybody is told of it. Set before
    /// the first frame.
    void on_change(saver write) {
        std::scoped_lock const lock{mutex_};
        save_ = std::move(write);
    }

    /// Is told of each measurement of the frame to come.
    void note(measurement const& each) {
        if (each.kind != measurement_kind::counter) {
            return;
        }
        std::scoped_lock const lock{counter_mutex_};
        key_.clear();
        append_series_key(key_, each.name, each.labels);
        auto at = counters_.find(key_);
        if (at == counters_.end()) {
            at = counters_.emplace(key_, counter{each}).first;
            has_new_counter_ = true;
        }
        at->second.value = each.value;
        at->second.frames_ago = 0;
    }

    /// Applies the rules to the newest frame, and tells who subscribed.
    void take(history const& frames) {
        if (frames.empty()) {
            return;
        }
        bool has_changed = false;
        wall_time now;
        {
            std::scoped_lock const lock{mutex_, counter_mutex_};
            bind(frames);
            fill(frames);
            has_changed = engine_.step(frame_);
            now = engine_.now();
            if (has_changed) {
                unsaved_.push_back(now);
            }
        }
        if (has_changed) {
            saving const under_way{*this, now};
            save_now();
        }
        tell();
    }

    void measure(measurement_sink sink) const {
        std::scoped_lock const lock{mutex_};
        engine_.measure(sink);
    }

    /// Appends what must outlive the process; see alert::engine.
    void save(std::vector<std::byte>& to) const {
        std::scoped_lock const lock{mutex_};
        engine_.save(to);
    }

    /// Takes it up; rules may be set before or after, until the first frame. False when the bytes are not what `save` wrote; nothing
    /// is changed then.
    bool load(std::span<std::byte const> from) {
        std::scoped_lock const lock{mutex_};
        return engine_.load(from);
    }

  private:
    /// The saving of a frame that stands in `unsaved_`: until it is over, also by an exception of the saver's.
    struct saving {
        saving(alert_watch& of, wall_time when) : watch{of}, time{when} {}
        saving(saving const&) = delete;
        ~saving() {
            std::scoped_lock const lock{watch.mutex_};
            watch.unsaved_.erase(std::find(watch.unsaved_.begin(), watch.unsaved_.end(), time));
        }

        alert_watch& watch;
        wall_time time;
    };

    /// What an operator does is saved at once.
    template<class Action>
    std::invoke_result_t<Action&> changed(Action&& action) {
        auto const made = [&] {
            std::scoped_lock const lock{mutex_};
            return action();
        }();
        if (made) { // a silence's id, or that it was done
            save_now();
        }
        return made;
    }

    /// A counter, as its source reads it.
    struct counter {
        explicit counter(measurement const& of) : name{of.name}, labels{labels_of(of)} {}

        std::string name;
        alert::label_set labels;
        double value = history::absent;
        std::uint64_t frames_ago = 0;
        alert::frame::index at = 0;
    };

    static alert::label_set labels_of(measurement const& of) {
        alert::label_set made;
        for (auto const& each : of.labels) {
            alert::set_label(made, each.name, each.value);
        }
        return made;
    }

    /// Lays the frame out anew where the series have changed: those of the frames in their order, then counters.
    void bind(history const& frames) {
        for (auto& [key, each] : counters_) {
            ++each.frames_ago;
        }
        auto const is_gone = [&](auto const& each) { return each.second.frames_ago > frames.capacity() + 1; };
        has_new_counter_ = std::erase_if(counters_, is_gone) > 0 || has_new_counter_;
        std::size_t i = 0;
        bool is_same = !has_new_counter_;
        frames.for_each([&](series const& about, auto const&) {
            is_same = is_same && i < keys_.size() && keys_[i] == about.key;
            ++i;
        });
        if (is_same && i == keys_.size()) {
            return;
        }
        has_new_counter_ = false;
        frame_.clear();
        keys_.clear();
        frames.for_each([&](series const& about, auto const&) {
            keys_.push_back(about.key);
            frame_.add(about.name, about.labels);
        });
        for (auto& [key, each] : counters_) {
            each.at = frame_.add(each.name, each.labels);
        }
    }

    void fill(history const& frames) {
        frame_.begin(frames.time(frames.last_seq()), frames.steady_time(frames.last_seq()));
        alert::frame::index at = 0;
        frames.for_each([&](series const&, auto const& value_at) { frame_.set(at++, value_at(frames.last_seq())); });
        for (auto const& [key, each] : counters_) {
            frame_.set(each.at, each.frames_ago == 1 ? each.value : history::absent);
        }
    }

    void save_now() const {
        saver write;
        {
            std::scoped_lock const lock{mutex_};
            write = save_;
        }
        if (write) {
            write();
        }
    }

    /// Calls the subscribers for all that waits for them.
    void tell() {
        std::scoped_lock const telling{telling_mutex_};
        std::vector<std::pair<std::string, subscriber>> all;
        {
            std::scoped_lock const lock{mutex_};
            auto const waits = [&](auto const& each) { return engine_.next(each.first) != nullptr; };
            if (std::any_of(subscribers_.begin(), subscribers_.end(), waits)) {
                all = subscribers_;
            }
        }
        for (auto const& [name, call] : all) {
            while (auto const told = next(name)) {
                try {
                    call(*told);
                } catch (...) { // it is not delivered: again with the next frame
                    break;
                }
                delivered(name, told->id); // saved each time: a crash repeats one at most
            }
        }
    }

    mutable std::mutex mutex_;
    std::recursive_mutex telling_mutex_; // held while subscribers are called, who may unsubscribe themselves
    alert::engine engine_;
    std::vector<wall_time> unsaved_; // frames whose notifications are being saved
    alert::frame frame_;
    std::vector<std::string> keys_; // of the frames, in their order
    std::mutex counter_mutex_;      // of the next three; `measure`, which holds the other, leads to `note`
    std::unordered_map<std::string, counter> counters_;
    bool has_new_counter_ = true;
    std::string key_;
    std::vector<std::pair<std::string, subscriber>> subscribers_;
    saver save_;
};

} // namespace orfeas::inline v0::observe
