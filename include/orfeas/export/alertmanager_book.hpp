// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/active_alert.hpp>
#include <orfeas/alert/label_set.hpp>
#include <orfeas/core/assert.hpp>
#include <orfeas/core/backoff.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/rfc3339.hpp>
#include <orfeas/export/alertmanager_labels.hpp>
#include <orfeas/export/alertmanager_options.hpp>
#include <orfeas/export/alertmanager_stats.hpp>
#include <orfeas/export/detail/endpoint.hpp>
#include <orfeas/export/detail/name_values.hpp>
#include <orfeas/export/outlet_step.hpp>
#include <orfeas/export/verdict.hpp>
#include <orfeas/http/client_request.hpp>
#include <orfeas/http/url.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0::exporting {

/// The alerts of a moment, those that are most worth telling of first.
template<class R>
concept alert_range =
    std::ranges::forward_range<R> && std::convertible_to<std::ranges::range_reference_t<R>, alert::active_alert const&>;

/// What one Alertmanager is told: a state machine over snapshots of the alerts, as its API asks for. Sans-I/O: who sends hands in
/// the alerts when `wants_alerts`, asks `next` what to do and reports how it went.
///
/// * An alert that fires is sent at once, again each `resend_interval`, and to end by itself three intervals later: so it ends
///   there though this process dies. What changes in its annotations goes with the next sending.
/// * An alert that is over, or whose labels have changed (its severity is one), is sent as over, and again for `resolved_for`.
/// * Alertmanager has silences and inhibitions of its own. An alert that is silenced here is over there; one that is inhibited
///   here is sent, as one that is acknowledged is. Both are options.
/// * What fails is tried again with a wait that grows, and always with the alerts of then. What is refused is tried again with the
///   next sending.
///
/// Thread-compatible (distinct objects).
class alertmanager_book {
  public:
    /// For the Alertmanager at one of the URLs of the options. Throws option_error for options out of range. Equal seeds give
    /// equal waits.
    alertmanager_book(alertmanager_options options, http::url const& where, std::uint64_t seed)
        : options_{checked(std::move(options))},
          more_labels_{detail::name_values(options_.labels, "labels")},
          backoff_{options_.retry_first, options_.retry_most, seed},
          request_{"POST", detail::below(where, "/api/v2/alerts")} {
        for (auto const& [name, value] : detail::name_values(options_.headers, "headers")) {
            request_.set(name, value);
        }
        request_.set("content-type", "application/json");
    }

    alertmanager_options const& options() const noexcept { return options_; }

    /// Whether it is time to look at the alerts.
    bool wants_alerts(moment at) const noexcept { return is_woken_ || at.now >= look_at_; }

    /// Look at the alerts at the next opportunity.
    void wake() noexcept { is_woken_ = true; }

    /// All alerts, as they are now.
    void take(alert_range auto const& alerts, moment at) {
        is_woken_ = false;
        now_ = at.now;
        look_at_ = at.now + options_.poll_interval;
        ++snapshot_;
        stats_.left_out = 0;
        for (alert::active_alert const& each : alerts) {
            if (is_sent(each)) {
                take_firing(each, at);
            }
        }
        for (alert::active_alert const& each : alerts) {
            if (each.state == alert::alert_state::resolved) {
                take_resolved(each, at);
            }
        }
        for (auto& [key, each] : entries_) {
            if (each.seen_in != snapshot_ && !each.ended_at) {
                end(each, at.wall, at);
            }
        }
        std::erase_if(entries_, [&](auto const& each) { return is_forgotten(each.second, at); });
    }

    outlet_step next(moment at) const noexcept {
        auto due = monotonic_time::max();
        for (auto const& [key, each] : entries_) {
            due = std::min(due, each.send_at);
        }
        if (due <= at.now && retry_at_ <= at.now) {
            return {outlet_step::what::send};
        }
        auto const ready = std::max(due, retry_at_);
        return {due <= at.now ? outlet_step::what::hold : outlet_step::what::idle, std::min(ready, look_at_), ready};
    }

    /// Begins an attempt with what is due, as far as a request has room. Valid, like all that it refers to, until `settle`.
    http::client_request const& request(moment at) {
        in_flight_.clear();
        body_.clear();
        json_writer out{body_};
        out.begin_array();
        for (auto& [key, each] : entries_) {
            if (each.send_at > at.now) {
                continue;
            }
            auto const text = json_of(each, at);
            bool const has_room =
                in_flight_.size() < options_.batch_alerts && body_.size() + text.size() + 2 <= options_.batch_bytes;
            if (!has_room && !in_flight_.empty()) {
                break;
            }
            out.raw(text);
            each.may_be_known = true;
            in_flight_.push_back({key, each.version});
        }
        out.end_array();
        // borrowed: the body is neither touched nor freed before the answer
        request_.body = http::shared_bytes{std::as_bytes(std::span{body_.data(), body_.size()}), nullptr};
        now_ = at.now;
        ++stats_.requests_total;
        return request_;
    }

    /// How the attempt went.
    outlet_result settle(verdict const& found, moment at) {
        stats_.works = found.meaning == verdict::kind::accepted;
        if (stats_.works) {
            backoff_.reset();
            retry_at_ = {};
            stats_.sent_total += in_flight_.size();
        } else {
            ++stats_.failures_total;
            auto const wait = backoff_.next();
            retry_at_ = at.now + found.retry_after.value_or(wait);
        }
        bool const is_refused = found.meaning == verdict::kind::refused;
        stats_.refused_total += is_refused ? in_flight_.size() : 0U;
        if (stats_.works || is_refused) {
            for (auto const& [key, version] : in_flight_) {
                auto const at_key = entries_.find(key);
                if (at_key != entries_.end() && at_key->second.version == version) {
                    at_key->second.send_at = now_ + options_.resend_interval;
                    at_key->second.told_version = version;
                }
            }
        }
        outlet_result const result{stats_.works, is_refused ? in_flight_.size() : 0U};
        in_flight_.clear();
        return result;
    }

    alertmanager_stats stats() const {
        auto made = stats_;
        for (auto const& [key, each] : entries_) {
            ++(each.ended_at ? made.resolved : made.firing);
            made.waiting += each.send_at <= now_ ? 1U : 0U;
        }
        return made;
    }

  private:
    struct entry {
        alert::label_set labels; // valid
        alert::label_set annotations;
        wall_time started_at{};
        std::optional<wall_time> ended_at;
        monotonic_time send_at{};
        monotonic_time forget_at = monotonic_time::max();
        std::uint64_t version = 0;      // counts up with what is sent at once
        std::uint64_t told_version = 0; // the last that was taken or refused
        std::uint64_t seen_in = 0;      // the last snapshot with it
        bool may_be_known = false;      // it was sent, and perhaps arrived
        bool is_counted = false;        // its annotations' repairs
    };

    struct sent {
        std::uint64_t key;
        std::uint64_t version;
    };

    // by far more than people read; an escaped byte takes six, so that every alert fits into the smallest request
    static constexpr std::size_t most_label_bytes = 8192;
    static constexpr std::size_t most_alert_bytes = 57'344;

    static alertmanager_options checked(alertmanager_options options) {
        validate(options);
        return options;
    }

    bool is_sent(alert::active_alert const& of) const noexcept {
        return of.state == alert::alert_state::firing && (options_.send_silenced || !of.is_silenced) &&
               (options_.send_inhibited || !of.is_inhibited);
    }

    alert::label_set labels_of(alert::active_alert const& of, label_repairs& repairs) const {
        auto all = of.labels;
        for (auto const& [name, value] : more_labels_) {
            if (alert::value_of(all, name).empty()) {
                alert::set_label(all, name, value);
            }
        }
        return valid_labels(all, repairs);
    }

    void take_firing(alert::active_alert const& of, moment at) {
        label_repairs repairs;
        auto labels = labels_of(of, repairs);
        auto const key = alert::fingerprint(labels);
        auto found = entries_.find(key);
        bool const is_new = found == entries_.end();
        bool const is_taken = !is_new && found->second.seen_in == snapshot_;
        if (is_taken || (is_new && !has_room_for(labels))) {
            ++stats_.left_out;
            return;
        }
        if (is_new) {
            count(repairs);
            found = entries_.emplace(key, entry{}).first;
            found->second.labels = std::move(labels);
        }
        auto& into = found->second;
        auto const started_at = of.fired_at.value_or(of.active_at);
        if (is_new || into.ended_at || into.started_at != started_at) {
            into.send_at = at.now;
            ++into.version;
        }
        into.seen_in = snapshot_;
        into.started_at = started_at;
        into.ended_at.reset();
        into.forget_at = monotonic_time::max();
        into.annotations = of.annotations;
    }

    bool has_room_for(alert::label_set const& labels) const {
        std::size_t bytes = 0;
        for (auto const& [name, value] : labels) {
            bytes += name.size() + value.size();
        }
        return !labels.empty() && bytes <= most_label_bytes && entries_.size() < options_.most_alerts;
    }

    /// Says when it ended; that it has, its absence says as well.
    void take_resolved(alert::active_alert const& of, moment at) {
        label_repairs ignored;
        auto const found = entries_.find(alert::fingerprint(labels_of(of, ignored)));
        if (found != entries_.end() && found->second.seen_in != snapshot_ && !found->second.ended_at) {
            end(found->second, std::min(of.ended_at.value_or(at.wall), at.wall), at);
        }
    }

    void end(entry& which, wall_time ended_at, moment at) const {
        which.ended_at = std::max(ended_at, which.started_at);
        which.send_at = at.now;
        which.forget_at = at.now + options_.resolved_for;
        ++which.version;
    }

    /// That an alert is over is sent once at least, to who may know of it.
    bool is_forgotten(entry const& which, moment at) const noexcept {
        bool const is_told = which.told_version == which.version;
        bool const is_late = at.now >= which.forget_at && (is_told || is_stale(which, at));
        return which.ended_at && (!which.may_be_known || is_late);
    }

    /// By then it has ended there by itself.
    bool is_stale(entry const& which, moment at) const noexcept {
        return at.now >= which.forget_at + 3 * options_.resend_interval;
    }

    std::string json_of(entry& of, moment at) {
        label_repairs repairs;
        auto const annotations = valid_labels(of.annotations, repairs);
        auto text = json_of(of, annotations, at);
        if (text.size() > most_alert_bytes) {
            repairs.dropped += annotations.size();
            text = json_of(of, {}, at);
        }
        if (!std::exchange(of.is_counted, true)) {
            count(repairs);
        }
        return text;
    }

    std::string json_of(entry const& of, alert::label_set const& annotations, moment at) const {
        std::string text;
        json_writer out{text};
        auto const put = [&out](std::string_view name, alert::label_set const& all) {
            out.key(name).begin_object();
            for (auto const& [each, value] : all) {
                out.member(each, value);
            }
            out.end_object();
        };
        out.begin_object();
        put("labels", of.labels);
        put("annotations", annotations);
        out.member("startsAt", rfc3339(of.started_at));
        out.member("endsAt",
                   rfc3339(of.ended_at.value_or(std::max(at.wall, of.started_at) + 3 * options_.resend_interval)));
        if (!options_.generator_url.empty()) {
            out.member("generatorURL", options_.generator_url);
        }
        out.end_object();
        return text;
    }

    void count(label_repairs const& repairs) noexcept {
        stats_.changed_texts_total += repairs.changed;
        stats_.dropped_texts_total += repairs.dropped;
    }

    alertmanager_options options_;
    std::vector<std::pair<std::string, std::string>> more_labels_;
    backoff backoff_;
    http::client_request request_;
    std::map<std::uint64_t, entry> entries_; // by the fingerprint of their labels
    std::vector<sent> in_flight_;
    std::string body_;
    std::uint64_t snapshot_ = 0;
    monotonic_time look_at_{};
    monotonic_time retry_at_{};
    monotonic_time now_{}; // of the last snapshot or request
    bool is_woken_ = true;
    alertmanager_stats stats_;
};

} // namespace orfeas::inline v0::exporting
