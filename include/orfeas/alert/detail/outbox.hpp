// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/alert/detail/saved_alerts.hpp>
#include <orfeas/alert/label_matcher.hpp>
#include <orfeas/alert/notification.hpp>
#include <orfeas/core/records.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::alert::detail {

/// The notifications that wait for each receiver, oldest first, until it says that it has one. What waits for receivers that
/// are not there (yet, after a restart) waits, too. Each has so many notifications and so many bytes, as they are saved; beyond
/// either the oldest go, but never the newest.
/// Thread-compatible (distinct objects).
class outbox {
  public:
    outbox(std::size_t most, std::uint64_t most_bytes) : most_{most}, most_bytes_{most_bytes} {}

    /// False when there is one of this name.
    bool add(route made) {
        auto const name = made.name;
        return routes_.emplace(name, std::move(made)).second;
    }

    /// Forgets a receiver and what waits for it; false when there is none.
    bool remove(std::string_view name) {
        if (auto const at = waiting_.find(name); at != waiting_.end()) {
            waiting_.erase(at);
        }
        auto const at = routes_.find(name);
        bool const is_there = at != routes_.end();
        if (is_there) {
            routes_.erase(at);
        }
        return is_there;
    }

    /// Leaves a notification for each receiver that is told of any of its alerts, with those alone.
    void put(notification const& made) {
        for (auto const& [name, to] : routes_) {
            auto own = made;
            route const& receiver = to;
            std::erase_if(own.news, [&receiver](alert_news const& each) {
                return each.worst < receiver.at_least || !all_match(receiver.matchers, each.alert.labels);
            });
            if (own.news.empty()) {
                continue;
            }
            add(waiting_[name], std::move(own));
        }
    }

    /// The oldest that waits for a receiver; null where none does.
    notification const* next(std::string_view name) const {
        auto const at = waiting_.find(name);
        return at == waiting_.end() || at->second.all.empty() ? nullptr : &at->second.all.front().told;
    }

    /// A receiver has a notification. False when that does not wait for it.
    bool take_away(std::string_view name, std::string_view id) {
        auto const at = waiting_.find(name);
        if (at == waiting_.end()) {
            return false;
        }
        auto& all = at->second.all;
        auto const taken = std::find_if(all.begin(), all.end(), [&](held const& each) { return each.told.id == id; });
        bool const was_waiting = taken != all.end();
        if (was_waiting) {
            at->second.bytes -= taken->bytes;
            all.erase(taken); // what `id` refers to may be gone now
        }
        return was_waiting;
    }

    std::size_t waiting() const noexcept {
        std::size_t sum = 0;
        for (auto const& [name, queued] : waiting_) {
            sum += queued.all.size();
        }
        return sum;
    }
    std::uint64_t dropped() const noexcept { return dropped_; }

    void save(record_writer& out) const {
        out.number(dropped_);
        out.number(static_cast<std::uint64_t>(waiting_.size()));
        for (auto const& [name, queued] : waiting_) {
            out.text(name);
            out.number(static_cast<std::uint64_t>(queued.all.size()));
            for (auto const& each : queued.all) {
                save(out, each.told);
            }
        }
    }

    void load(record_reader& in) {
        dropped_ = in.number<std::uint64_t>();
        waiting_.clear();
        for (auto routes = in.number<std::uint64_t>(); routes > 0 && in.good(); --routes) {
            auto& into = waiting_[in.text()];
            for (auto count = in.number<std::uint64_t>(); count > 0 && in.good(); --count) {
                add(into, load_one(in));
            }
        }
    }

  private:
    struct held {
        notification told;
        std::size_t bytes;
    };
    struct queue {
        std::deque<held> all{};
        std::size_t bytes = 0;
    };

    void add(queue& to, notification made) {
        std::vector<std::byte> saved;
        record_writer out{saved};
        save(out, made);
        to.all.push_back({std::move(made), saved.size()});
        to.bytes += saved.size();
        while (to.all.size() > most_ || (to.bytes > most_bytes_ && to.all.size() > 1)) {
            to.bytes -= to.all.front().bytes;
            to.all.pop_front();
            ++dropped_;
        }
    }

    static void save(record_writer& out, notification const& of) {
        out.text(of.id);
        put_time(out, of.time);
        put_labels(out, of.group);
        out.number(static_cast<std::uint64_t>(of.news.size()));
        for (auto const& each : of.news) {
            put_news(out, each);
        }
    }

    static notification load_one(record_reader& in) {
        notification made;
        made.id = in.text();
        made.time = take_time(in);
        made.group = take_labels(in);
        for (auto count = in.number<std::uint64_t>(); count > 0 && in.good(); --count) {
            made.news.push_back(take_news(in));
        }
        return made;
    }

    std::size_t most_;
    std::uint64_t most_bytes_;
    std::map<std::string, route, std::less<>> routes_;
    std::map<std::string, queue, std::less<>> waiting_;
    std::uint64_t dropped_ = 0;
};

} // namespace orfeas::inline v0::alert::detail
