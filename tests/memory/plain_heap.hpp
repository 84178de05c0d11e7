// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace orfeas_test {

/// What an extent heap does, done by walking a sorted list of runs: used, free for an owner, absent or withdrawn. It does
/// not choose places: it is told what the heap chose, and says whether that was right.
class plain_heap {
  public:
    enum class state { used, free, absent, withdrawn };

    struct run {
        std::uint64_t bytes;
        state what = state::free;
        unsigned owner = 0;
        std::uint32_t epoch = 0;
    };

    plain_heap() = default;
    explicit plain_heap(std::map<std::uint64_t, std::uint64_t> const& regions) {
        for (auto const& [base, bytes] : regions) {
            add_region(base, bytes);
        }
    }

    void add_region(std::uint64_t base, std::uint64_t bytes, state what = state::free) {
        regions_[base] = bytes;
        runs_[base] = {bytes, what};
    }

    /// Whether all of a region is one run of this state, free for everyone.
    bool is_whole(std::uint64_t base, state what) const {
        auto const& first = runs_.at(base);
        return first.bytes == regions_.at(base) && first.what == what && first.owner == 0;
    }
    void set_whole(std::uint64_t base, state what) { runs_.at(base).what = what; }
    void remove_region(std::uint64_t base) {
        regions_.erase(base);
        runs_.erase(base);
    }
    std::map<std::uint64_t, std::uint64_t> const& regions() const { return regions_; }

    /// Whether these bytes lie in one free run of the owner.
    bool is_free(std::uint64_t address, std::uint64_t bytes, unsigned owner = 0) const {
        auto const found = containing(address, bytes);
        return found != runs_.end() && is_free(found->second, owner);
    }

    void insert(std::uint64_t address, std::uint64_t bytes) { cut(address, bytes)->second.what = state::used; }

    /// The run at `address`, which is in use, becomes free for an owner.
    void erase(std::uint64_t address, unsigned owner = 0, std::uint32_t epoch = 0) {
        auto const at = runs_.find(address);
        at->second = {at->second.bytes, state::free, owner, epoch};
        merge(at);
    }

    void supply(std::uint64_t address, std::uint64_t bytes) {
        cut(address, bytes)->second.what = state::used;
        erase(address);
    }
    void withdraw(std::uint64_t address, std::uint64_t bytes) {
        auto const at = cut(address, bytes);
        at->second = {bytes, state::absent};
        merge(at);
    }

    /// What `owner` freed up to `epoch` goes to owner `to`. Returns the bytes.
    std::uint64_t transfer(unsigned owner, std::uint32_t epoch, unsigned to, std::uint32_t to_epoch) {
        std::vector<std::uint64_t> ready;
        std::uint64_t sum = 0;
        for (auto& [address, each] : runs_) {
            if (is_free(each, owner) && !is_before(epoch, each.epoch)) {
                each.what = state::used;
                ready.push_back(address);
                sum += each.bytes;
            }
        }
        for (auto const address : ready) {
            erase(address, to, to_epoch);
        }
        return sum;
    }

    /// Calls visit(start, bytes) for each run that is free for the owner, the lowest first.
    template<class Visit>
    void gaps(Visit visit, unsigned owner = 0) const {
        for (auto const& [address, each] : runs_) {
            if (is_free(each, owner)) {
                visit(address, each.bytes);
            }
        }
    }

    bool has_place(std::uint64_t bytes, std::uint64_t alignment, unsigned owner = 0) const {
        bool found = false;
        gaps(
            [&](std::uint64_t start, std::uint64_t size) {
                auto const aligned = (start + alignment - 1) / alignment * alignment;
                found = found || (aligned - start <= size && size - (aligned - start) >= bytes);
            },
            owner);
        return found;
    }

    std::uint64_t largest_gap(unsigned owner = 0) const {
        std::uint64_t largest = 0;
        gaps([&](std::uint64_t, std::uint64_t size) { largest = std::max(largest, size); }, owner);
        return largest;
    }

    std::uint64_t gap_count() const {
        std::uint64_t count = 0;
        gaps([&](std::uint64_t, std::uint64_t) { ++count; });
        return count;
    }

    /// Of all owners.
    std::uint64_t free_bytes() const {
        std::uint64_t sum = 0;
        for (auto const& [address, each] : runs_) {
            sum += each.what == state::free ? each.bytes : 0;
        }
        return sum;
    }

    /// The `n`-th run of a state, counted around; null when there is none.
    std::pair<std::uint64_t const, run> const* pick(state what, std::uint64_t n, unsigned owner = 0) const {
        std::vector<std::pair<std::uint64_t const, run> const*> all;
        for (auto const& each : runs_) {
            if (each.second.what == what && (what != state::free || each.second.owner == owner)) {
                all.push_back(&each);
            }
        }
        return all.empty() ? nullptr : all[n % all.size()];
    }

    /// What a heap has otherwise, in words; empty when it has the same.
    template<class Heap>
    std::string difference(Heap const& heap) const {
        std::string wrong;
        std::uint64_t count = 0;
        heap.for_each_range([&](auto const& e, typename Heap::range_state what, unsigned owner) {
            ++count;
            auto const found = runs_.find(e.address);
            auto const same = found != runs_.end() && found->second.bytes == e.bytes &&
                              static_cast<int>(found->second.what) == static_cast<int>(what) &&
                              (found->second.what != state::free || found->second.owner == owner);
            if (!same && wrong.empty()) {
                wrong = "the range of " + std::to_string(e.bytes) + " bytes at " + std::to_string(e.address) +
                        ", state " + std::to_string(static_cast<int>(what)) + ", owner " + std::to_string(owner);
            }
        });
        auto const expected = std::count_if(runs_.begin(), runs_.end(),
                                            [](auto const& each) { return each.second.what != state::withdrawn; });
        if (wrong.empty() && count != static_cast<std::uint64_t>(expected)) {
            wrong = std::to_string(count) + " ranges for " + std::to_string(expected);
        }
        return wrong;
    }

    static bool is_before(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; }

  private:
    using runs = std::map<std::uint64_t, run>;

    static bool is_free(run const& each, unsigned owner) { return each.what == state::free && each.owner == owner; }

    runs::const_iterator containing(std::uint64_t address, std::uint64_t bytes) const {
        auto const after = runs_.upper_bound(address);
        if (after == runs_.begin()) {
            return runs_.end();
        }
        auto const found = std::prev(after);
        return address + bytes <= found->first + found->second.bytes ? found : runs_.end();
    }

    /// Cuts [address, address + bytes) out of the run that it lies in.
    runs::iterator cut(std::uint64_t address, std::uint64_t bytes) {
        auto at = std::prev(runs_.upper_bound(address));
        if (at->first < address) {
            auto rest = at->second;
            rest.bytes -= address - at->first;
            at->second.bytes = address - at->first;
            at = runs_.emplace_hint(std::next(at), address, rest);
        }
        if (at->second.bytes > bytes) {
            auto rest = at->second;
            rest.bytes -= bytes;
            at->second.bytes = bytes;
            runs_.emplace_hint(std::next(at), address + bytes, rest);
        }
        return at;
    }

    bool merges(runs::iterator left, runs::iterator right) const {
        return left->first + left->second.bytes == right->first && regions_.count(right->first) == 0 &&
               left->second.what == right->second.what && left->second.owner == right->second.owner;
    }

    void merge(runs::iterator at) {
        if (auto const after = std::next(at); after != runs_.end() && merges(at, after)) {
            absorb(at, after);
        }
        if (at != runs_.begin() && merges(std::prev(at), at)) {
            absorb(std::prev(at), at);
        }
    }

    void absorb(runs::iterator left, runs::iterator right) {
        left->second.bytes += right->second.bytes;
        if (is_before(left->second.epoch, right->second.epoch)) {
            left->second.epoch = right->second.epoch;
        }
        runs_.erase(right);
    }

    std::map<std::uint64_t, std::uint64_t> regions_;
    runs runs_;
};

} // namespace orfeas_test
