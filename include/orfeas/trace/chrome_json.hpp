// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/trace/json.hpp>
#include <orfeas/trace/stored_trace.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

/// A trace in the form of Chrome's trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing open.

namespace orfeas::inline v0::trace {
namespace detail {

/// A lane for each span, numbered from 0, so that spans of one lane nest or follow one another: a span is in its parent's lane
/// as long as no sibling is in its way, else in a lane that is free. O(n log n).
class span_lanes {
  public:
    explicit span_lanes(std::vector<stored_span> const& spans) : spans_{spans}, lanes_(spans.size()) {
        std::vector<std::size_t> order(spans.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            if (spans[a].start != spans[b].start) {
                return spans[a].start < spans[b].start;
            }
            return end_of(a) != end_of(b) ? end_of(a) > end_of(b) : a < b;
        });
        std::unordered_map<std::uint64_t, std::size_t> lane_of; // by the ids of the spans that have one
        for (std::size_t const each : order) {
            auto const parent = lane_of.find(spans[each].parent.value);
            bool const beside = parent != lane_of.end() && fits(parent->second, each);
            lanes_[each] = beside ? parent->second : free_lane(each);
            open_[lanes_[each]].push_back(each);
            lane_of[spans[each].id.value] = lanes_[each];
        }
    }

    std::size_t operator[](std::size_t span) const noexcept { return lanes_[span]; }
    std::size_t count() const noexcept { return open_.size(); }

  private:
    using time = std::chrono::nanoseconds;

    time end_of(std::size_t span) const noexcept { return spans_[span].start + spans_[span].duration; }

    /// Whether the innermost open span of the lane is the parent of `span`, and outlives it.
    bool fits(std::size_t lane, std::size_t span) {
        auto& open = open_[lane];
        while (!open.empty() && end_of(open.back()) <= spans_[span].start) {
            open.pop_back();
        }
        return !open.empty() && spans_[open.back()].id == spans_[span].parent && end_of(open.back()) >= end_of(span);
    }

    /// The lane that has been free for longest, else a new one. It is taken until the span ends.
    std::size_t free_lane(std::size_t span) {
        std::size_t lane = open_.size();
        if (!busy_.empty() && busy_.front().first <= spans_[span].start) {
            std::pop_heap(busy_.begin(), busy_.end(), later);
            lane = busy_.back().second;
            busy_.pop_back();
            open_[lane].clear();
        } else {
            open_.emplace_back();
        }
        busy_.emplace_back(end_of(span), lane);
        std::push_heap(busy_.begin(), busy_.end(), later);
        return lane;
    }

    static bool later(std::pair<time, std::size_t> const& a, std::pair<time, std::size_t> const& b) noexcept {
        return a > b;
    }

    std::vector<stored_span> const& spans_;
    std::vector<std::size_t> lanes_;
    std::vector<std::vector<std::size_t>> open_; // by lane: spans that are not known to have ended, the innermost last
    std::vector<std::pair<time, std::size_t>> busy_; // a heap: when each lane is free, the earliest first
};

inline void write_members(json_writer& out, attribute_list const& attributes) {
    for (auto const& [key, value] : attributes) {
        out.key(key);
        std::visit([&](auto const& held) { out.value(held); }, value);
    }
}

/// What says where an event belongs: {"ph", "pid", "tid", "name"; the object stays open.
inline void begin_chrome_event(json_writer& out, std::string_view phase, std::size_t lane, std::string_view name) {
    out.begin_object();
    out.member("ph", phase).member("pid", 1).member("tid", lane + 1).member("name", name);
}

inline void write_chrome_name(json_writer& out, std::string_view what, std::size_t lane, std::string_view name) {
    begin_chrome_event(out, "M", lane, what);
    out.key("args").begin_object().member("name", name).end_object().end_object();
}

/// A complete event, and an instant one for each event of the span.
inline void write_chrome_span(json_writer& out, stored_span const& span, std::size_t lane) {
    begin_chrome_event(out, "X", lane, span.name);
    out.member("cat", span.scope.empty() ? to_string(span.kind) : std::string_view{span.scope});
    out.member("ts", count_of<std::micro>(span.start)).member("dur", count_of<std::micro>(span.duration));
    out.key("args").begin_object();
    write_members(out, span.attributes);
    out.key("span").begin_object();
    out.member("id", to_string(span.id)).member("parent", to_string(span.parent));
    out.member("kind", to_string(span.kind)).member("status", to_string(span.status));
    if (!span.failure.empty()) {
        out.member("failure", span.failure);
    }
    out.end_object().end_object().end_object();
    for (auto const& each : span.events) {
        begin_chrome_event(out, "i", lane, each.name);
        out.member("s", "t").member("ts", count_of<std::micro>(each.time));
        out.key("args").begin_object();
        write_members(out, each.attributes);
        out.end_object().end_object();
    }
}

} // namespace detail

/// Writes a trace as an object of Chrome's trace events (Trace Event Format, Google, 2016): a complete event ("X") for each
/// span with its attributes as arguments, an instant one ("i") for each of its events, times in microseconds since the trace
/// began. Threads are lanes: spans that ran side by side are in different ones.
inline void write_chrome_json(json_writer& out, stored_trace const& trace) {
    detail::span_lanes const lanes{trace.spans};
    out.begin_object();
    out.member("displayTimeUnit", "ns");
    out.key("otherData").begin_object();
    out.member("trace_id", to_string(trace.summary.id)).member("start", unix_seconds(trace.summary.start));
    out.end_object();
    out.key("traceEvents").begin_array();
    detail::write_chrome_name(out, "process_name", 0, trace.summary.service);
    for (std::size_t lane = 0; lane < lanes.count(); ++lane) {
        detail::write_chrome_name(out, "thread_name", lane, "lane " + std::to_string(lane + 1));
    }
    for (std::size_t i = 0; i < trace.spans.size(); ++i) {
        detail::write_chrome_span(out, trace.spans[i], lanes[i]);
    }
    out.end_array().end_object();
}

/// The same as a string of its own.
inline std::string chrome_json(stored_trace const& trace) {
    std::string text;
    json_writer out{text};
    write_chrome_json(out, trace);
    return text;
}

} // namespace orfeas::inline v0::trace
