// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/entry_list.hpp>
#include <orfeas/cache/detail/entry_marks.hpp>
#include <orfeas/cache/detail/frequency_sketch.hpp>
#include <orfeas/cache/detail/ghost_set.hpp>

#include <cstdint>
#include <new>

namespace orfeas::inline v0::cache::detail {

/// How `two_queues` treats what comes in.
enum class admission : std::uint8_t {
    s3_fifo,  ///< a tenth for newcomers, who stay if they were hit twice there or come back soon after
    tiny_lfu, ///< a hundredth for newcomers, who then replace an entry that was seen less often
    clock,    ///< all are admitted at once, and a hit gives one more round, however many there were
};

/// The order in which entries leave: a small queue of newcomers, a main queue in which an entry that was hit gets another
/// round, and a memory of who left the small queue a short while ago.
///
/// `s3_fifo` is Yang et al., "FIFO queues are all you need for cache eviction" (SOSP 2023); `tiny_lfu` admits by Einziger,
/// Friedman and Manes (2017); `clock` is the second-chance clock, close to LRU. The admission may change at any time: all
/// three use the same queues.
/// Thread-compatible (distinct objects).
class two_queues {
  public:
    enum queue : std::uint8_t { none, newcomers, residents };

    explicit two_queues(std::uint64_t capacity) : capacity_{capacity} {}

    void admit_by(admission how) noexcept { admission_ = how; }

    template<class Table>
    void insert(Table& table, entry_id id) {
        std::uint64_t const hash = table.hash(id);
        bool const known = ghosts_.take(hash);
        if (keeps_sketch_) {
            sketch_.add(hash);
        }
        table.marks(id).frequency.store(0, std::memory_order_relaxed);
        put_into(known || admission_ == admission::clock ? residents : newcomers, table, id);
    }

    template<class Table>
    void erase(Table& table, entry_id id) noexcept {
        list_of(table, id).remove(table, id);
    }

    template<class Table>
    void reweigh(Table& table, entry_id id, std::uint32_t before, std::uint32_t after) noexcept {
        list_of(table, id).reweigh(before, after);
    }

    /// Takes out the entry that has to leave. There is one.
    template<class Table>
    entry_id victim(Table& table) {
        remember_enough();
        // As many looks as the hits of all entries can last for: readers who go on hitting them must not hold this up.
        for (std::uint64_t left = size() * (entry_marks::most_frequency + 1U); left != 0; --left) {
            entry_id const leaving = newcomers_due() ? from_newcomers(table) : from_residents(table);
            if (leaving != no_entry) {
                return leaving;
            }
        }
        entry_list& list = residents_.size() != 0 ? residents_ : newcomers_;
        entry_id const next = list.oldest();
        list.remove(table, next);
        return next;
    }

    /// A key will soon be inserted: fetches what is remembered of it.
    void expect(std::uint64_t hash) const noexcept {
        ghosts_.prefetch(hash);
        sketch_.prefetch(hash);
    }

    void keep_sketch() noexcept { keeps_sketch_ = true; }

    std::uint64_t size() const noexcept { return std::uint64_t{newcomers_.size()} + residents_.size(); }

  private:
    std::uint64_t newcomers_share() const noexcept {
        switch (admission_) {
        case admission::s3_fifo:
            return capacity_ / 10;
        case admission::tiny_lfu:
            return capacity_ / 100;
        case admission::clock:
            break;
        }
        return 0;
    }

    bool newcomers_due() const noexcept {
        return newcomers_.size() != 0 && (newcomers_.weight() > newcomers_share() || residents_.size() == 0);
    }

    /// Nine tenths as many memories as entries. Without memory for them, it goes on with those that there are.
    void remember_enough() noexcept {
        try {
            fit_memories(size());
        } catch (std::bad_alloc const&) { // a poorer choice of who leaves, nothing worse
        }
    }

    void fit_memories(std::uint64_t entries) {
        auto const fits = [&](std::uint64_t memories) {
            return memories >= entries * 8 / 10 && memories <= entries * 4;
        };
        if (!fits(ghosts_.capacity())) {
            ghosts_.resize(static_cast<std::uint32_t>(entries * 9 / 10) + 1);
        }
        if (keeps_sketch_ && !fits(sketch_.keys())) {
            sketch_.resize(static_cast<std::uint32_t>(entries) + 1);
        }
    }

    template<class Table>
    void put_into(queue which, Table& table, entry_id id) noexcept {
        table.marks(id).queue.store(which, std::memory_order_relaxed);
        (which == residents ? residents_ : newcomers_).push(table, id);
    }

    template<class Table>
    entry_list& list_of(Table& table, entry_id id) noexcept {
        return table.marks(id).queue.load(std::memory_order_relaxed) == residents ? residents_ : newcomers_;
    }

    /// The newcomer that leaves, or none, after one of them has moved on.
    template<class Table>
    entry_id from_newcomers(Table& table) {
        entry_id const id = newcomers_.oldest();
        auto const hits = table.marks(id).frequency.load(std::memory_order_relaxed);
        if (admission_ == admission::tiny_lfu && residents_.size() != 0) {
            return by_frequency(table, id, hits);
        }
        newcomers_.remove(table, id);
        if (hits >= (admission_ == admission::s3_fifo ? 2 : 1)) {
            table.marks(id).frequency.store(0, std::memory_order_relaxed);
            put_into(residents, table, id);
            return no_entry;
        }
        ghosts_.add(table.hash(id));
        return id;
    }

    /// The newcomer takes the place of the next resident to leave, if it was seen more often.
    template<class Table>
    entry_id by_frequency(Table& table, entry_id newcomer, std::uint32_t hits) {
        entry_id const resident = residents_.oldest();
        if (give_another_round(table, resident)) {
            return no_entry;
        }
        newcomers_.remove(table, newcomer);
        if (sketch_.estimate(table.hash(newcomer)) + hits > sketch_.estimate(table.hash(resident))) {
            table.marks(newcomer).frequency.store(0, std::memory_order_relaxed);
            put_into(residents, table, newcomer);
            residents_.remove(table, resident);
            return resident;
        }
        ghosts_.add(table.hash(newcomer));
        return newcomer;
    }

    /// The resident that leaves, or none, after one of them got another round.
    template<class Table>
    entry_id from_residents(Table& table) {
        entry_id const id = residents_.oldest();
        if (give_another_round(table, id)) {
            return no_entry;
        }
        residents_.remove(table, id);
        return id;
    }

    template<class Table>
    bool give_another_round(Table& table, entry_id resident) {
        auto& frequency = table.marks(resident).frequency;
        auto const hits = frequency.load(std::memory_order_relaxed);
        if (hits == 0) {
            return false;
        }
        if (keeps_sketch_) {
            sketch_.add(table.hash(resident), hits);
        }
        int const left = admission_ == admission::clock ? 0 : hits - 1;
        frequency.store(static_cast<std::uint8_t>(left), std::memory_order_relaxed);
        residents_.renew(table, resident);
        return true;
    }

    std::uint64_t capacity_;
    admission admission_ = admission::s3_fifo;
    bool keeps_sketch_ = false;
    entry_list newcomers_;
    entry_list residents_;
    ghost_set ghosts_;
    frequency_sketch sketch_;
};

} // namespace orfeas::inline v0::cache::detail
