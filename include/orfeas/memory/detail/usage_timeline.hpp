// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/detail/heap_sort.hpp>
#include <orfeas/memory/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// What was allocated and reserved over the time of a snapshot's events, in columns of equal length. The past follows from
/// the present by the events. Of each column that moment is kept when most was allocated, so that no peak is lost.
class usage_timeline {
  public:
    /// Tags with a series of their own, those with the highest peaks; one more series is of the rest.
    static constexpr std::size_t most_tags = 9;

    struct refusal {
        std::uint64_t time_ns;
        std::uint64_t bytes;
        std::uint64_t count; ///< of refusals in the same column; the bytes are the largest of them
    };

    /// Linear in the events and in columns times series. `columns` is at least 1.
    usage_timeline(memory_snapshot const& snapshot, std::size_t columns) : columns_{columns} {
        choose_tags(snapshot);
        begin_ns_ = snapshot.events.empty() ? snapshot.clock_ns : snapshot.events.front().time_ns;
        end_ns_ = snapshot.clock_ns > begin_ns_ ? snapshot.clock_ns : begin_ns_;
        for (auto const& each : snapshot.events) {
            end_ns_ = each.time_ns > end_ns_ ? each.time_ns : end_ns_;
        }
        go_back(snapshot);
        go_through(snapshot);
    }

    std::uint64_t begin_ns() const noexcept { return begin_ns_; }
    std::uint64_t end_ns() const noexcept { return end_ns_; }
    std::size_t columns() const noexcept { return columns_; }
    std::size_t series() const noexcept { return tags_.size() + 1; }

    /// The tag of a series, by its place in the snapshot's list; of all series but the last.
    std::size_t tag_at(std::size_t series) const noexcept { return tags_[series]; }

    std::uint64_t allocated(std::size_t column, std::size_t series) const noexcept {
        return not_negative(values_[column * this->series() + series]);
    }
    std::uint64_t reserved(std::size_t column) const noexcept { return not_negative(reserved_[column]); }
    std::vector<refusal> const& refusals() const noexcept { return refusals_; }

    std::uint64_t highest() const noexcept {
        std::uint64_t result = 0;
        for (std::size_t column = 0; column < columns_; ++column) {
            std::uint64_t sum = 0;
            for (std::size_t i = 0; i < series(); ++i) {
                sum += allocated(column, i);
            }
            sum = sum > reserved(column) ? sum : reserved(column);
            result = sum > result ? sum : result;
        }
        return result;
    }

    std::size_t column_of(std::uint64_t time_ns) const noexcept {
        if (time_ns <= begin_ns_ || end_ns_ == begin_ns_) {
            return 0;
        }
        auto const share = static_cast<double>(time_ns - begin_ns_) / static_cast<double>(end_ns_ - begin_ns_);
        auto const column = static_cast<std::size_t>(share * static_cast<double>(columns_));
        return column < columns_ ? column : columns_ - 1;
    }

  private:
    // sums modulo 2^64, the upper half of which is below zero: events that do not fit together show as nothing
    static std::uint64_t not_negative(std::uint64_t bytes) noexcept { return bytes >> 63U == 0 ? bytes : 0; }

    void choose_tags(memory_snapshot const& snapshot) {
        std::vector<std::pair<std::uint64_t, std::size_t>> peaks;
        for (std::size_t i = 0; i < snapshot.tags.size(); ++i) {
            peaks.emplace_back(snapshot.tags[i].peak_bytes, i);
        }
        heap_sort(peaks, [](auto const& a, auto const& b) {
            return a.first > b.first || (a.first == b.first && a.second < b.second);
        });
        for (std::size_t i = 0; i < peaks.size() && i < most_tags; ++i) {
            auto const tag = snapshot.tags[peaks[i].second].tag;
            series_of_.resize(tag < series_of_.size() ? series_of_.size() : tag + std::size_t{1}, most_tags);
            series_of_[tag] = i;
            tags_.push_back(peaks[i].second);
        }
    }

    std::size_t series_of(std::uint16_t tag) const noexcept {
        auto const found = tag < series_of_.size() ? series_of_[tag] : most_tags;
        return found < tags_.size() ? found : tags_.size();
    }

    /// The change that an event makes, to be added or taken back.
    template<class Add>
    void change(allocation_event const& event, Add&& add) {
        auto const bytes = event.bytes;
        switch (event.kind) {
        case event_kind::allocate:
            return add(state_[series_of(event.tag)], bytes);
        case event_kind::deallocate:
            return add(state_[series_of(event.tag)], 0 - bytes);
        case event_kind::reserve:
            return add(now_reserved_, bytes);
        case event_kind::release:
            return add(now_reserved_, 0 - bytes);
        default:
            return;
        }
    }

    void go_back(memory_snapshot const& snapshot) {
        state_.assign(series(), 0);
        for (auto const& tag : snapshot.tags) {
            state_[series_of(tag.tag)] += tag.current_bytes;
        }
        now_reserved_ = snapshot.profile.reserved_bytes;
        for (auto const& event : snapshot.events) {
            change(event, [](std::uint64_t& value, std::uint64_t bytes) { value -= bytes; });
        }
    }

    void go_through(memory_snapshot const& snapshot) {
        begin_column();
        for (auto const& event : snapshot.events) {
            auto const column = column_of(event.time_ns);
            fill_to(column);
            change(event, [](std::uint64_t& value, std::uint64_t bytes) { value += bytes; });
            keep_if_higher();
            if (event.kind == event_kind::refuse) {
                refuse(event, column);
            }
        }
        fill_to(columns_);
    }

    void begin_column() {
        best_ = state_;
        best_reserved_ = now_reserved_;
        best_total_ = total();
    }

    void fill_to(std::size_t column) {
        while (reserved_.size() < column) {
            values_.insert(values_.end(), best_.begin(), best_.end());
            reserved_.push_back(best_reserved_);
            begin_column();
        }
    }

    void keep_if_higher() {
        best_reserved_ = not_negative(now_reserved_) > not_negative(best_reserved_) ? now_reserved_ : best_reserved_;
        if (auto const sum = total(); sum > best_total_) {
            best_ = state_;
            best_total_ = sum;
        }
    }

    void refuse(allocation_event const& event, std::size_t column) {
        if (!refusals_.empty() && column_of(refusals_.back().time_ns) == column) {
            auto& last = refusals_.back();
            last.bytes = event.bytes > last.bytes ? event.bytes : last.bytes;
            ++last.count;
        } else {
            refusals_.push_back({event.time_ns, event.bytes, 1});
        }
    }

    std::uint64_t total() const noexcept {
        std::uint64_t sum = 0;
        for (auto const each : state_) {
            sum += not_negative(each);
        }
        return sum;
    }

    std::size_t columns_;
    std::uint64_t begin_ns_ = 0;
    std::uint64_t end_ns_ = 0;
    std::vector<std::size_t> tags_;       // places in the snapshot's list
    std::vector<std::size_t> series_of_;  // by tag
    std::vector<std::uint64_t> values_;   // by column, then series
    std::vector<std::uint64_t> reserved_; // by column
    std::vector<refusal> refusals_;
    std::vector<std::uint64_t> state_;
    std::vector<std::uint64_t> best_;
    std::uint64_t now_reserved_ = 0;
    std::uint64_t best_reserved_ = 0;
    std::uint64_t best_total_ = 0;
};

} // namespace orfeas::inline v0::memory::detail
