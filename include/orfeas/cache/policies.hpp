// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/entry_list.hpp>
#include <orfeas/cache/detail/entry_marks.hpp>
#include <orfeas/cache/detail/policy_chooser.hpp>
#include <orfeas/cache/detail/two_queues.hpp>

#include <atomic>
#include <concepts>
#include <cstdint>

namespace orfeas::inline v0::cache {

namespace detail {

/// The state that the shards of a cache share, of a policy that has none.
struct nothing_shared {
    explicit nothing_shared(std::size_t /*shards*/) {}
    static bool samples(std::uint64_t) noexcept { return false; }
    static void access(std::uint64_t) noexcept {}
};

/// The entries of a policy that keeps them all in one queue.
class one_queue {
  public:
    using shared = nothing_shared;

    one_queue(std::uint64_t /*capacity*/, shared&) {}

    void insert(auto& table, entry_id id) {
        table.marks(id).queue.store(1, std::memory_order_relaxed);
        entries_.push(table, id);
    }
    void erase(auto& table, entry_id id) noexcept { entries_.remove(table, id); }
    void reweigh(auto&, entry_id, std::uint32_t before, std::uint32_t after) noexcept {
        entries_.reweigh(before, after);
    }

    entry_id victim(auto& table) {
        entry_id const oldest = entries_.oldest();
        entries_.remove(table, oldest);
        return oldest;
    }

    static void expect(std::uint64_t) noexcept {}

  protected:
    entry_list entries_;
};

} // namespace detail

/// Decides which entry of a shard leaves when room is needed. The policies are `adaptive`, `s3_fifo`, `lru`, `strict_lru`
/// and `fifo`; an application names one and needs nothing of what is inside.
template<class P>
concept eviction_policy = requires(P policy, typename P::shared& shared, detail::entry_marks& marks) {
    P{std::uint64_t{}, shared};
    typename P::shared;
    { P::hit(marks) } noexcept -> std::same_as<detail::hit_effect>;
    { P::locks_each_hit } -> std::convertible_to<bool>;
};

/// The oldest entry leaves, however often it was used.
/// Thread-compatible (distinct objects).
class fifo : public detail::one_queue {
  public:
    static constexpr bool locks_each_hit = false;
    using one_queue::one_queue;

    static detail::hit_effect hit(detail::entry_marks&) noexcept { return detail::hit_effect::none; }
    void renew(auto&, detail::entry_id) noexcept {}
    void promote(auto&, detail::entry_id) noexcept {}
};

/// The least recently used entry leaves. Exact; therefore each hit takes the shard's mutex, which `lru` avoids.
/// Thread-compatible (distinct objects).
class strict_lru : public detail::one_queue {
  public:
    static constexpr bool locks_each_hit = true;
    using one_queue::one_queue;

    static detail::hit_effect hit(detail::entry_marks&) noexcept { return detail::hit_effect::promote; }
    void renew(auto& table, detail::entry_id id) noexcept { entries_.renew(table, id); }
    void promote(auto& table, detail::entry_id id) noexcept { entries_.renew(table, id); }
};

/// About the least recently used entry leaves: an entry moves to the front when it is used, unless it is among the half
/// that was used last, where its place matters little and its use takes no lock.
/// Thread-compatible (distinct objects).
class lru {
  public:
    using shared = detail::nothing_shared;
    static constexpr bool locks_each_hit = false;

    lru(std::uint64_t /*capacity*/, shared&) {}

    static detail::hit_effect hit(detail::entry_marks& marks) noexcept {
        return marks.queue.load(std::memory_order_relaxed) == old ? detail::hit_effect::promote
                                                                  : detail::hit_effect::none;
    }

    void insert(auto& table, detail::entry_id id) {
        push(table, id, young);
        balance(table);
    }
    void erase(auto& table, detail::entry_id id) noexcept { list_of(table, id).remove(table, id); }
    void reweigh(auto& table, detail::entry_id id, std::uint32_t before, std::uint32_t after) noexcept {
        list_of(table, id).reweigh(before, after);
    }
    void renew(auto& table, detail::entry_id id) noexcept {
        erase(table, id);
        insert(table, id);
    }
    void promote(auto& table, detail::entry_id id) noexcept { renew(table, id); }

    detail::entry_id victim(auto& table) {
        detail::entry_id const oldest = old_.size() != 0 ? old_.oldest() : young_.oldest();
        erase(table, oldest);
        return oldest;
    }

    static void expect(std::uint64_t) noexcept {}

  private:
    enum queue : std::uint8_t { none, young, old };

    detail::entry_list& list_of(auto& table, detail::entry_id id) noexcept {
        return table.marks(id).queue.load(std::memory_order_relaxed) == old ? old_ : young_;
    }

    void push(auto& table, detail::entry_id id, queue which) noexcept {
        table.marks(id).queue.store(which, std::memory_order_relaxed);
        (which == old ? old_ : young_).push(table, id);
    }

    void balance(auto& table) noexcept {
        while (young_.size() > old_.size() + 1) {
            detail::entry_id const aged = young_.oldest();
            young_.remove(table, aged);
            push(table, aged, old);
        }
    }

    detail::entry_list young_;
    detail::entry_list old_;
};

/// S3-FIFO (Yang et al., SOSP 2023): newcomers have a tenth of the room and must be used twice to stay. Withstands scans.
/// Thread-compatible (distinct objects).
class s3_fifo {
  public:
    using shared = detail::nothing_shared;
    static constexpr bool locks_each_hit = false;

    s3_fifo(std::uint64_t capacity, shared&) : queues_{capacity} {}

    static detail::hit_effect hit(detail::entry_marks& marks) noexcept {
        marks.count_hit();
        return detail::hit_effect::none;
    }

    void insert(auto& table, detail::entry_id id) { queues_.insert(table, id); }
    void erase(auto& table, detail::entry_id id) noexcept { queues_.erase(table, id); }
    void reweigh(auto& table, detail::entry_id id, std::uint32_t before, std::uint32_t after) noexcept {
        queues_.reweigh(table, id, before, after);
    }
    void renew(auto& table, detail::entry_id id) noexcept { table.marks(id).count_hit(); }
    void promote(auto&, detail::entry_id) noexcept {}
    detail::entry_id victim(auto& table) { return queues_.victim(table); }

    void expect(std::uint64_t hash) const noexcept { queues_.expect(hash); }

  private:
    detail::two_queues queues_;
};

/// Watches a sample of the keys and follows, among S3-FIFO, TinyLFU's admission and a clock, the one that would have hit
/// most lately. The default: no single policy is good for scans, loops, bursts and stable favourites alike.
/// Thread-compatible (distinct objects).
class adaptive {
  public:
    /// Chooses for all shards of a cache.
    class shared : public detail::policy_chooser {
      public:
        explicit shared(std::size_t /*shards*/) {}
    };
    static constexpr bool locks_each_hit = false;

    adaptive(std::uint64_t capacity, shared& chooser) : chooser_{&chooser}, queues_{capacity} { queues_.keep_sketch(); }

    static detail::hit_effect hit(detail::entry_marks& marks) noexcept {
        return marks.count_hit() ? detail::hit_effect::told : detail::hit_effect::none;
    }

    void insert(auto& table, detail::entry_id id) {
        queues_.admit_by(chooser_->best());
        queues_.insert(table, id);
    }
    void erase(auto& table, detail::entry_id id) noexcept { queues_.erase(table, id); }
    void reweigh(auto& table, detail::entry_id id, std::uint32_t before, std::uint32_t after) noexcept {
        queues_.reweigh(table, id, before, after);
    }
    void renew(auto& table, detail::entry_id id) noexcept { table.marks(id).count_hit(); }
    void promote(auto&, detail::entry_id) noexcept {}

    detail::entry_id victim(auto& table) {
        tell_size();
        queues_.admit_by(chooser_->best());
        return queues_.victim(table);
    }

    void expect(std::uint64_t hash) const noexcept { queues_.expect(hash); }

  private:
    /// Shards differ in size where weights do, so that none can speak for the others.
    void tell_size() noexcept {
        std::uint64_t const size = queues_.size();
        if (size > told_ + told_ / 8 || size < told_ - told_ / 8) {
            chooser_->fit(told_, size);
            told_ = size;
        }
    }

    shared* chooser_;
    detail::two_queues queues_;
    std::uint64_t told_ = 0; // to the chooser
};

static_assert(eviction_policy<fifo> && eviction_policy<strict_lru> && eviction_policy<lru>);
static_assert(eviction_policy<s3_fifo> && eviction_policy<adaptive>);

} // namespace orfeas::inline v0::cache
