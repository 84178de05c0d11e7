// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Streams of a device that does no work: what was submitted has finished when somebody says so, in the order that the
/// streams' waits for each other allow. Not for several threads.
///
/// A stream is a count of things submitted, how many of them may run, and how many have finished.
class null_streams {
  public:
    /// With `manual`, work finishes when `complete` says so; without, at once.
    explicit null_streams(bool manual) noexcept : manual_{manual} {}

    /// A place in the work of a stream.
    struct point {
        stream_ref stream;
        std::uint64_t position = 0;
    };

    /// Submits something, which stands at the point that is answered.
    point submit(stream_ref to) {
        auto& s = streams_[to];
        ++s.submitted;
        if (!manual_) {
            s.allowed = s.done = s.submitted;
        }
        return {to, s.submitted};
    }

    bool reached(point const& p) const { return streams_.at(p.stream).done >= p.position; }

    /// Whether what is submitted to `later` from now on cannot begin before the point is reached.
    bool is_after(stream_ref later, point const& p) const {
        auto const found = streams_.find(later);
        if (found == streams_.end() || later == p.stream || reached(p)) {
            return later == p.stream || reached(p);
        }
        bool after = false;
        each_dependency({later, found->second.submitted}, [&](point const& each) {
            after = after || (each.stream == p.stream && each.position >= p.position);
        });
        return after;
    }

    fence record(stream_ref on) {
        fence const f{++last_fence_};
        fences_.emplace(f.value, submit(on));
        return f;
    }

    /// False when it was never recorded, or has been forgotten.
    bool known(fence f) const { return !f || fences_.contains(f.value); }

    bool passed(fence f) const { return !f || reached(fences_.at(f.value)); }

    /// The stream of a fence; empty for one that is not known, and for `fence{}`.
    std::optional<stream_ref> stream_of(fence f) const {
        auto const found = fences_.find(f.value);
        return found == fences_.end() ? std::nullopt : std::optional{found->second.stream};
    }

    void make_wait(stream_ref later, fence f) {
        if (passed(f)) {
            return;
        }
        auto& s = streams_[later];
        s.waits.push_back({++s.submitted, fences_.at(f.value)});
    }

    /// What a waiting host sees: the work up to the fence runs, and the work that it waits for.
    void run_to(fence f) {
        if (f) {
            auto const& p = fences_.at(f.value);
            allow(p);
            each_dependency(p, [this](point const& each) { allow(each); });
            advance();
        }
    }

    bool forget(fence f) { return !f || fences_.erase(f.value) == 1; }

    /// All that was submitted to the stream so far may run.
    void complete(stream_ref on) {
        auto& s = streams_[on];
        s.allowed = s.submitted;
        advance();
    }

    void complete_all() {
        for (auto& [ref, s] : streams_) {
            s.allowed = s.submitted;
        }
        advance();
    }

    std::uint64_t live_fences() const noexcept { return fences_.size(); }

    void set_capturing(stream_ref on, bool yes) {
        if (yes) {
            capturing_.insert(on);
        } else {
            capturing_.erase(on);
        }
    }
    bool capturing(stream_ref on) const { return capturing_.contains(on); }

  private:
    struct wait {
        std::uint64_t position; // of the wait in its own stream
        point for_what;
    };

    struct stream {
        std::uint64_t submitted = 0;
        std::uint64_t allowed = 0;
        std::uint64_t done = 0;
        std::deque<wait> waits; // not yet over, in order
    };

    /// Calls `visit(point)` for what must be reached before `from` can be: the waits in its stream, and theirs.
    template<class Visit>
    void each_dependency(point const& from, Visit visit) const {
        std::unordered_map<stream_ref, std::uint64_t> seen;
        std::vector<point> open{from};
        while (!open.empty()) {
            auto const p = open.back();
            open.pop_back();
            auto& before = seen[p.stream];
            if (before >= p.position) {
                continue;
            }
            before = p.position;
            for (auto const& each : streams_.at(p.stream).waits) {
                if (each.position <= p.position) {
                    visit(each.for_what);
                    open.push_back(each.for_what);
                }
            }
        }
    }

    void allow(point const& p) {
        auto& allowed = streams_.at(p.stream).allowed;
        allowed = std::max(allowed, p.position);
    }

    void advance() {
        for (bool moved = true; moved;) {
            moved = false;
            for (auto& [ref, s] : streams_) {
                moved |= advance(s);
            }
        }
    }

    bool advance(stream& s) {
        while (!s.waits.empty() && reached(s.waits.front().for_what)) {
            s.waits.pop_front();
        }
        auto const blocked = s.waits.empty() ? s.submitted : s.waits.front().position - 1;
        auto const before = s.done;
        s.done = std::max(before, std::min(s.allowed, blocked));
        return s.done != before;
    }

    bool manual_;
    std::uint64_t last_fence_ = 0;
    std::unordered_map<stream_ref, stream> streams_;
    std::unordered_map<std::uint64_t, point> fences_;
    std::unordered_set<stream_ref> capturing_;
};

} // namespace orfeas::inline v0::memory::detail
