// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/entry_list.hpp>
#include <orfeas/cache/detail/reserved_array.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace orfeas::inline v0::cache::detail {

/// One cache line of an index: eleven slots, each a byte of hash and the entry's number, and the version of the whole.
///
/// The version is odd while a writer changes an entry that one of the slots names, the slots themselves, or what the
/// entry holds. A reader takes what it read for true only if the version was even and the same before and after: a
/// sequence lock (Boehm, "Can seqlocks get along with programming language memory models?", 2012), with acquiring loads
/// of the data in place of a fence.
struct alignas(64) index_bucket {
    static constexpr unsigned slots = 11;

    std::atomic<std::uint64_t> low_tags{0};  // of the first eight slots; 0: empty
    std::atomic<std::uint32_t> high_tags{0}; // of the other three
    std::atomic<std::uint32_t> version{0};
    std::array<std::atomic<entry_id>, slots> ids{};
    std::atomic<std::uint32_t> overflow{0}; // entries of this bucket that lie in a later one

    /// The slots that may hold the tag, as bits; now and then one too many, above the first.
    [[gnu::always_inline]] std::uint32_t matches(std::uint8_t tag) const noexcept {
        auto const low = low_tags.load(std::memory_order_acquire);
        auto const high = high_tags.load(std::memory_order_acquire);
#if defined(__x86_64__) // which has SSE2
        using bytes [[gnu::vector_size(16)]] = char;
        using words [[gnu::vector_size(16)]] = long long;
        words const both{static_cast<long long>(low), static_cast<long long>(high)};
        auto const same = reinterpret_cast<bytes>(both) == (bytes{} + static_cast<char>(tag));
        return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(reinterpret_cast<bytes>(same))) & all_slots;
#else
        return match_bits(low, tag) | (match_bits(high, tag) << 8U & all_slots);
#endif
    }

    std::uint8_t tag(unsigned slot) const noexcept {
        return static_cast<std::uint8_t>(slot < 8 ? low_tags.load(std::memory_order_relaxed) >> slot * 8
                                                  : high_tags.load(std::memory_order_relaxed) >> (slot - 8) * 8);
    }

    void set(unsigned slot, std::uint8_t tag, entry_id id) noexcept {
        ids[slot].store(id, std::memory_order_release);
        if (slot < 8) {
            auto const others = low_tags.load(std::memory_order_relaxed) & ~(std::uint64_t{0xff} << slot * 8);
            low_tags.store(others | std::uint64_t{tag} << slot * 8, std::memory_order_release);
        } else {
            unsigned const at = (slot - 8) * 8;
            auto const others = high_tags.load(std::memory_order_relaxed) & ~(std::uint32_t{0xff} << at);
            high_tags.store(others | std::uint32_t{tag} << at, std::memory_order_release);
        }
    }

    /// An empty slot, or `slots` if there is none.
    unsigned free_slot() const noexcept {
        auto const empty = matches(0); // the first match is never one too many
        return empty == 0 ? slots : static_cast<unsigned>(std::countr_zero(empty));
    }

  private:
    static constexpr std::uint32_t all_slots = (1U << slots) - 1;

    /// The bytes of the word that are `tag`, as bits. (A byte after a match may be taken for one; Mycroft 1987.)
    static std::uint32_t match_bits(std::uint64_t word, std::uint8_t tag) noexcept {
        constexpr std::uint64_t ones = 0x0101'0101'0101'0101U;
        constexpr std::uint64_t tops = 0x8080'8080'8080'8080U;
        std::uint64_t const differs = word ^ ones * tag;
        std::uint64_t const zeros = (differs - ones) & ~differs & tops;
        return static_cast<std::uint32_t>(zeros * 0x0002'0408'1020'4081U >> 56U);
    }
};
static_assert(sizeof(index_bucket) == 64);

/// While one lives, readers of the bucket take nothing for true.
class bucket_change {
  public:
    explicit bucket_change(index_bucket& changed) noexcept : changed_{changed} {
        changed_.version.store(changed_.version.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    bucket_change(bucket_change const&) = delete;
    bucket_change& operator=(bucket_change const&) = delete;
    ~bucket_change() {
        changed_.version.store(changed_.version.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

  private:
    index_bucket& changed_;
};

/// Finds entries by the hash of their keys: buckets of a cache line each, one after the other where one is full. It grows
/// in place. One writer at a time changes it; readers need no lock, see `index_bucket`.
/// Thread-compatible (distinct objects), apart from readers.
class slot_index {
  public:
    /// For at most so many entries.
    explicit slot_index(std::size_t most_entries) : buckets_{buckets_for(most_entries) + 1} {
        buckets_.grow(1);
        count_.store(1, std::memory_order_release);
    }

    /// Where the search for a hash begins, and the way on.
    struct cursor {
        std::uint32_t at;
        std::uint32_t count;

        void advance() noexcept { at = at + 1 == count ? 0 : at + 1; }
    };

    /// Even, and changed whenever entries moved to other buckets: a reader that found nothing looks whether it is the same.
    std::uint32_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

    cursor begin(std::uint64_t hash) const noexcept {
        auto const count = count_.load(std::memory_order_acquire);
        return {static_cast<std::uint32_t>((hash & 0xffffffffU) * count >> 32U), count};
    }

    index_bucket& operator[](cursor const& at) const noexcept { return buckets_[at.at]; }

    static std::uint8_t tag_of(std::uint64_t hash) noexcept {
        auto const bits = static_cast<std::uint8_t>(hash >> 40U);
        return bits == 0 ? std::uint8_t{1} : bits;
    }

    /// Where an entry stands.
    struct position {
        index_bucket* bucket = nullptr;
        unsigned slot = 0;

        explicit operator bool() const noexcept { return bucket != nullptr; }
        entry_id id() const noexcept { return bucket->ids[slot].load(std::memory_order_relaxed); }
    };

    /// The entry of this hash for which `is_it(id)`. For the writer.
    template<class IsIt>
    position find(std::uint64_t hash, IsIt is_it) const {
        cursor at = begin(hash);
        for (std::uint32_t looked = 0; looked < at.count; ++looked, at.advance()) {
            index_bucket& bucket = buckets_[at.at];
            for (auto bits = bucket.matches(tag_of(hash)); bits != 0; bits &= bits - 1) {
                position const found{&bucket, static_cast<unsigned>(std::countr_zero(bits))};
                if (bucket.tag(found.slot) == tag_of(hash) && is_it(found.id())) {
                    return found;
                }
            }
            if (bucket.overflow.load(std::memory_order_relaxed) == 0) {
                break;
            }
        }
        return {};
    }

    /// Whether one more entry needs `grow` first.
    bool full(std::size_t entries) const noexcept {
        return entries + 1 > std::size_t{count_.load(std::memory_order_relaxed)} * index_bucket::slots * 5 / 6;
    }

    /// Makes room for half as many entries again. `for_each(add)` calls `add(hash, id)` for each entry. Linear.
    /// Throws std::bad_alloc; nothing has changed then.
    template<class ForEach>
    void grow(ForEach for_each) {
        std::size_t const before = buckets_.size();
        std::size_t const wanted = before + before / 2 + 1;
        buckets_.grow(wanted < limit() ? wanted : limit());
        generation_.fetch_add(1, std::memory_order_acq_rel);
        for (std::size_t i = 0; i < before; ++i) {
            bucket_change const changing{buckets_[i]};
            buckets_[i].low_tags.store(0, std::memory_order_release);
            buckets_[i].high_tags.store(0, std::memory_order_release);
            buckets_[i].overflow.store(0, std::memory_order_release);
        }
        count_.store(static_cast<std::uint32_t>(buckets_.size()), std::memory_order_release);
        for_each([this](std::uint64_t hash, entry_id id) { insert(hash, id); });
        generation_.fetch_add(1, std::memory_order_acq_rel);
    }

    /// Adds an entry, which is not there; there is room for it.
    void insert(std::uint64_t hash, entry_id id) noexcept {
        cursor at = begin(hash);
        for (;; at.advance()) {
            index_bucket& bucket = buckets_[at.at];
            if (unsigned const slot = bucket.free_slot(); slot != index_bucket::slots) {
                bucket_change const changing{bucket};
                bucket.set(slot, tag_of(hash), id);
                return;
            }
            bucket.overflow.store(bucket.overflow.load(std::memory_order_relaxed) + 1, std::memory_order_release);
        }
    }

    /// Removes an entry that stands at `found`.
    void erase(std::uint64_t hash, position const& found) noexcept {
        for (cursor at = begin(hash); &buckets_[at.at] != found.bucket; at.advance()) {
            auto& overflow = buckets_[at.at].overflow;
            overflow.store(overflow.load(std::memory_order_relaxed) - 1, std::memory_order_release);
        }
        bucket_change const changing{*found.bucket};
        found.bucket->set(found.slot, 0, no_entry);
    }

  private:
    /// Five sixths of the slots may be taken: fuller, many entries would lie outside their own bucket.
    static std::size_t buckets_for(std::size_t entries) noexcept { return entries * 6 / 5 / index_bucket::slots + 2; }

    std::size_t limit() const noexcept { return buckets_.limit(); }

    std::atomic<std::uint32_t> generation_{0};
    std::atomic<std::uint32_t> count_{0}; // of the buckets in use
    reserved_array<index_bucket> buckets_;
};

} // namespace orfeas::inline v0::cache::detail
