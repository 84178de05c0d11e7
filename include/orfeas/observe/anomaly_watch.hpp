// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/records.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/detect/concepts.hpp>
#include <orfeas/detect/sample.hpp>
#include <orfeas/detect/verdict.hpp>
#include <orfeas/observe/anomaly.hpp>
#include <orfeas/observe/anomaly_options.hpp>
#include <orfeas/observe/detail/name_list.hpp>
#include <orfeas/observe/history.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe {

/// Judges the series of each frame, each by a detector of its own, and remembers what was anomalous.
///
///     sampler.add_listener([&](observe::history const& frames) { watch.take(frames); });
///
/// A series begins to be judged with the first frame that has it, and is forgotten when the frames have forgotten it and it
/// has no open anomaly. In a frame without a value of its own, it has none (`gap_policy`).
/// Thread-safe.
template<detect::detector Judge>
class anomaly_watch {
  public:
    /// Each series is judged by a copy of `prototype`. Throws option_error.
    explicit anomaly_watch(anomaly_options const& options = {}, Judge prototype = Judge{})
        : options_{checked(options)}, wanted_{options.series}, prototype_{std::move(prototype)} {}

    anomaly_options const& options() const noexcept { return options_; }

    /// Judges a series, too, by its key or metric name.
    void watch(std::string_view name) {
        std::scoped_lock const lock{mutex_};
        wanted_.add(name);
    }

    /// Judges the newest frame. Linear in the series.
    void take(history const& frames) {
        if (frames.empty()) {
            return;
        }
        std::scoped_lock const lock{mutex_};
        now_ = frames.time(frames.last_seq());
        frames.for_each([&](series const& about, auto const& value_at) {
            if (auto* const judged = find(about)) {
                judge(about, *judged, value_at(frames.last_seq()));
                judged->last_seq = frames.last_seq();
            }
        });
        std::erase_if(judged_, [&](auto const& each) {
            return !each.second.open && each.second.last_seq + frames.capacity() < frames.last_seq();
        });
    }

    anomaly_report report() const {
        std::scoped_lock const lock{mutex_};
        anomaly_report made;
        made.anomalies.assign(kept_.rbegin(), kept_.rend());
        made.total = last_id_;
        made.active = count_active();
        made.series = static_cast<std::uint32_t>(judged_.size());
        for (auto const& [key, each] : judged_) {
            made.warm += each.by.warm() ? 1U : 0U;
        }
        made.series_refused = refused_.size();
        return made;
    }

    /// The anomalies that last.
    std::vector<anomaly> active() const {
        std::scoped_lock const lock{mutex_};
        std::vector<anomaly> made;
        std::copy_if(kept_.begin(), kept_.end(), std::back_inserter(made),
                     [](anomaly const& each) { return each.is_active; });
        return made;
    }

    /// The highest score of the anomalies that last; 0 where none does.
    double worst_score() const {
        std::scoped_lock const lock{mutex_};
        double worst = 0;
        for (auto const& each : kept_) {
            worst = each.is_active ? std::max(worst, each.score) : worst;
        }
        return worst;
    }

    void measure(measurement_sink sink) const {
        std::scoped_lock const lock{mutex_};
        auto const tell = [&](std::string_view name, measurement_kind kind, double value, std::string_view help) {
            sink({name, kind, unit::none, value, {}, help});
        };
        tell("anomalies_active", measurement_kind::gauge, count_active(), "anomalies that last");
        tell("anomalies_total", measurement_kind::counter, static_cast<double>(last_id_), "anomalies that were found");
        tell("anomaly_series", measurement_kind::gauge, static_cast<double>(judged_.size()), "series that are judged");
    }

    /// Appends what the detectors have learned and what was found, for `load` of a watch of the same detectors.
    void save(std::vector<std::byte>& to) const;

    /// Takes up what was saved, in place of what was learned of the same series. False when the bytes are not what `save`
    /// wrote; nothing is changed then. A series whose detector was of other options is learned anew.
    bool load(std::span<std::byte const> from);

  private:
    static constexpr std::uint32_t layout = 1;

    struct judged_series {
        Judge by;
        std::uint64_t alert = 0; // the detector's, that is open
        std::uint64_t open = 0;  // the anomaly made of it
        std::uint64_t last_seq = 0;
    };

    static anomaly_options const& checked(anomaly_options const& options) {
        validate(options);
        return options;
    }

    judged_series* find(series const& about) {
        auto at = judged_.find(about.key);
        if (at != judged_.end()) {
            return &at->second;
        }
        if (!wanted_.contains(about)) {
            return nullptr;
        }
        if (judged_.size() >= options_.most_series) {
            if (refused_.size() < 100'000) {
                refused_.insert(about.key);
            }
            return nullptr;
        }
        return &judged_.emplace(about.key, judged_series{prototype_}).first->second;
    }

    void judge(series const& about, judged_series& by, double value) {
        auto const said = by.by.update(detect::sample{now_.time_since_epoch(), value});
        using enum detect::alert_phase;
        if (!said.alert || (by.alert != 0 && by.alert != said.alert.id)) {
            close(by);
        }
        if (said.alert && said.alert.phase != ends) {
            if (by.open == 0) {
                begin(about, by, said);
            }
            worsen(by, said, value);
        } else if (said.alert) {
            close(by);
        }
    }

    void begin(series const& about, judged_series& by, detect::verdict const& said) {
        by.alert = said.alert.id;
        by.open = ++last_id_;
        if (kept_.size() >= options_.kept + count_active()) {
            auto const oldest =
                std::find_if(kept_.begin(), kept_.end(), [](anomaly const& each) { return !each.is_active; });
            if (oldest != kept_.end()) {
                kept_.erase(oldest);
            }
        }
        anomaly made;
        made.id = by.open;
        made.key = about.key;
        made.unit = about.unit;
        made.begin = now_;
        kept_.push_back(std::move(made));
    }

    void worsen(judged_series const& by, detect::verdict const& said, double value) {
        auto* const open = find_open(by.open);
        if (open == nullptr) {
            return;
        }
        bool const is_new = open->end == wall_time{};
        end_now(*open);
        if (said.score > open->score || is_new) {
            open->score = said.score;
            open->family = said.family;
            open->confidence = said.confidence;
            open->value = is_finite(value) ? value : said.expected;
            open->expected = said.expected;
            open->low = is_never_negative(open->unit) ? std::max(0.0, said.low) : said.low;
            open->high = said.high;
        }
    }

    /// A detector does not know what a number counts.
    static constexpr bool is_never_negative(orfeas::unit in) noexcept {
        return in != orfeas::unit::none && in != orfeas::unit::celsius;
    }

    /// Where the clock was set back since it began, it began no later than now.
    void end_now(anomaly& of) const noexcept {
        of.begin = std::min(of.begin, now_);
        of.end = now_;
    }

    void close(judged_series& by) {
        if (auto* const open = find_open(by.open)) {
            open->is_active = false;
            end_now(*open);
        }
        by.open = by.alert = 0;
    }

    anomaly* find_open(std::uint64_t id) {
        auto const at = std::find_if(kept_.rbegin(), kept_.rend(), [&](anomaly const& each) { return each.id == id; });
        return id == 0 || at == kept_.rend() ? nullptr : &*at;
    }

    std::uint32_t count_active() const {
        return static_cast<std::uint32_t>(
            std::count_if(kept_.begin(), kept_.end(), [](anomaly const& each) { return each.is_active; }));
    }

    anomaly_options options_;
    mutable std::mutex mutex_;
    detail::name_list wanted_;
    Judge prototype_;
    std::map<std::string, judged_series, std::less<>> judged_;
    std::set<std::string, std::less<>> refused_;
    std::vector<anomaly> kept_; // oldest first
    wall_time now_{};
    std::uint64_t last_id_ = 0;
};

template<detect::detector Judge>
void anomaly_watch<Judge>::save(std::vector<std::byte>& to) const {
    std::scoped_lock const lock{mutex_};
    record_writer out{to};
    out.number(layout);
    out.number(last_id_);
    out.number(static_cast<std::uint64_t>(kept_.size()));
    for (auto const& each : kept_) {
        out.number(each.id);
        out.text(each.key);
        out.number(each.unit);
        out.number(each.family);
        out.number(each.is_active);
        out.number(static_cast<std::int64_t>(each.begin.time_since_epoch().count()));
        out.number(static_cast<std::int64_t>(each.end.time_since_epoch().count()));
        for (double const figure : {each.score, each.confidence, each.value, each.expected, each.low, each.high}) {
            out.number(figure);
        }
    }
    out.number(static_cast<std::uint64_t>(judged_.size()));
    for (auto const& entry : judged_) {
        out.record(entry.first, [&](std::vector<std::byte>& bytes) {
            record_writer{bytes}.number(entry.second.alert);
            record_writer{bytes}.number(entry.second.open);
            state_writer state{bytes};
            entry.second.by.save(state);
        });
    }
}

template<detect::detector Judge>
bool anomaly_watch<Judge>::load(std::span<std::byte const> from) {
    record_reader in{from};
    if (in.number<std::uint32_t>() != layout) {
        return false;
    }
    auto const last_id = in.number<std::uint64_t>();
    std::vector<anomaly> kept;
    auto const count = in.number<std::uint64_t>();
    bool sound = true;
    for (std::uint64_t i = 0; i < count && in.good(); ++i) {
        anomaly each;
        each.id = in.number<std::uint64_t>();
        each.key = in.text();
        each.unit = in.number<orfeas::unit>();
        each.family = in.number<detect::anomaly_family>();
        each.is_active = in.number<std::uint8_t>() != 0;
        each.begin = wall_time{wall_time::duration{in.number<std::int64_t>()}};
        each.end = wall_time{wall_time::duration{in.number<std::int64_t>()}};
        for (double* const figure :
             {&each.score, &each.confidence, &each.value, &each.expected, &each.low, &each.high}) {
            *figure = in.number<double>();
            sound = sound && is_finite(*figure);
        }
        sound = sound && each.unit <= unit::watts && each.family <= detect::anomaly_family::isolation;
        kept.push_back(std::move(each));
    }
    std::map<std::string, judged_series, std::less<>> judged;
    auto const series = in.number<std::uint64_t>();
    for (std::uint64_t i = 0; i < series && in.good(); ++i) {
        auto key = in.text();
        auto const body = in.body();
        record_reader head{body};
        judged_series each{prototype_};
        each.alert = head.number<std::uint64_t>();
        each.open = head.number<std::uint64_t>();
        if (!head.good()) {
            return false;
        }
        state_reader state{body.subspan(2 * sizeof(std::uint64_t))};
        if (!each.by.load(state) && judged.size() < options_.most_series) { // else it is learned anew
            judged.emplace(std::move(key), std::move(each));
        }
    }
    if (!sound || !in.good() || !in.at_end()) {
        return false;
    }
    std::scoped_lock const lock{mutex_};
    for (auto& each : kept) { // what no detector is left to end, has ended
        each.is_active = each.is_active && std::any_of(judged.begin(), judged.end(),
                                                       [&](auto const& one) { return one.second.open == each.id; });
    }
    kept_ = std::move(kept);
    last_id_ = last_id;
    for (auto& [key, each] : judged) {
        judged_.insert_or_assign(key, std::move(each));
    }
    return true;
}

} // namespace orfeas::inline v0::observe
