// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/log.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/memory_spaces.hpp>
#include <orfeas/memory/detail/stream_ledger.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <vector>

namespace orfeas::inline v0::memory::detail {

/// Which memory of a pool belongs to which stream, and until when: records fences behind deallocations, one for many, and
/// gives memory to everyone, or to another stream, when work has passed them.
///
/// Locks as for granule_space: calls marked (m) need the pool's mutex, the others take it themselves and never call the
/// backend under it; those that ask for it must be serialised by the caller, too.
template<class Backend>
class stream_order {
  public:
    stream_order(Backend const& backend, memory_spaces<Backend>& spaces, std::mutex& mutex, logger const& log)
        : backend_{backend}, spaces_{spaces}, mutex_{mutex}, log_{log} {}

    stream_order(stream_order const&) = delete;
    stream_order& operator=(stream_order const&) = delete;

    /// Waits for the work that may use freed memory.
    ~stream_order() {
        for (auto const& each : ledger_.entries()) {
            for (std::size_t i = 0; i < each.mark_count; ++i) {
                finish(each.marks[i].passed_after);
            }
            if (each.active && each.needs_fence()) {
                finish(recorded(each.stream));
            }
        }
    }

    /// What a stream is called in the heaps; 0 if it freed nothing yet (m).
    extent_owner owner_of(stream_ref stream) noexcept {
        auto const* const known = ledger_.find(stream);
        return known == nullptr ? extent_owner{0} : known->owner;
    }

    /// Bytes that were freed on streams and are not everyone's yet (m).
    std::uint64_t pending_bytes() const noexcept { return pending_; }

    /// Takes note that a stream took back what it had freed (m).
    void on_reuse(std::uint64_t bytes) noexcept { pending_ -= bytes; }

    /// The entry of a stream, made if need be; null when there are more streams than owners, or no memory for it.
    stream_ledger::entry* entry_of(stream_ref stream) noexcept {
        if (auto* const known = ledger_.find(stream)) [[likely]] {
            return known;
        }
        if (auto* const reused = ledger_.reuse(stream)) {
            return reused;
        }
        try {
            auto const owner = spaces_.add_owner();
            return owner ? &ledger_.add(stream, *owner) : nullptr;
        } catch (std::bad_alloc const&) {
            return nullptr;
        }
    }

    /// Takes note of memory that was freed on a stream. True when the epoch is full: close it then (m).
    bool on_free(stream_ledger::entry& on, std::uint64_t bytes) noexcept {
        pending_ += bytes;
        return ++on.frees >= stream_ledger::epoch_frees;
    }

    /// The entry of an owner (m).
    stream_ledger::entry* entry_of_owner(extent_owner owner) noexcept {
        for (auto& each : ledger_.entries()) {
            if (each.owner == owner) {
                return &each;
            }
        }
        return nullptr;
    }

    /// Puts a fence behind an epoch that has ended; called without the mutex. Should the backend refuse, the next closing
    /// tries again.
    void close(stream_ref stream, extent_owner owner, std::uint32_t epoch) noexcept {
        auto const passed_after = recorded(stream);
        if (!passed_after) {
            return;
        }
        stream_ledger::dropped_fences dropped;
        {
            std::scoped_lock const lock{mutex_};
            if (auto* const entry = entry_of_owner(owner)) {
                entry->keep({epoch, *passed_after}, dropped);
            }
        }
        forget_all(dropped);
    }

    /// Waits for a stream's work, gives everyone what it freed, and forgets the stream. To be serialised.
    void forget(stream_ref stream) {
        close_epochs();
        for (auto const& each : latest_questions()) {
            if (each.stream == stream && waited(each.passed_after)) {
                settle(each);
            }
        }
        std::scoped_lock const lock{mutex_};
        if (auto* const entry = ledger_.find(stream); entry != nullptr && !entry->needs_fence()) {
            entry->active = entry->mark_count != 0;
        }
    }

    /// From now on no work runs any more: fences are neither recorded nor waited for.
    void on_device_lost() noexcept { lost_.store(true, std::memory_order_relaxed); }

    /// Whether the device answered as one that is lost since the last call.
    bool take_suspicion() noexcept { return suspected_.exchange(false, std::memory_order_relaxed); }

    /// Waits for all work of a stream so far. False when the backend refuses that.
    bool finish_now(stream_ref stream) noexcept { return finish(recorded(stream)); }

    /// Closes every stream's epoch, and gives everyone what was freed before points that have passed. To be serialised.
    void settle_passed() {
        close_epochs();
        extent_owner settled = 0;
        for (auto const& each : open_questions()) {
            if (each.owner != settled && passed(each.passed_after)) {
                settle(each);
                settled = each.owner; // its earlier fences are forgotten
            }
        }
    }

    /// Lets `stream` have what other streams freed: its later work waits for theirs. True when there was something. To be
    /// serialised.
    bool borrow(stream_ref stream) {
        if constexpr (fence_backend<Backend>) {
            {
                std::scoped_lock const lock{mutex_};
                if (entry_of(stream) == nullptr) {
                    return false;
                }
            }
            bool any = false;
            for (auto const& each : latest_questions()) {
                any = borrow_one(stream, each) || any;
            }
            return any;
        } else {
            return false;
        }
    }

    /// Waits until all work that may use freed memory is done. True when that freed something. To be serialised.
    bool wait_for_all() {
        if constexpr (fence_backend<Backend>) {
            close_epochs(); // also what was borrowed meanwhile
            bool any = false;
            for (auto const& each : latest_questions()) {
                if (waited(each.passed_after)) {
                    settle(each);
                    any = true;
                }
            }
            return any;
        } else {
            return false;
        }
    }

  private:
    /// A fence to ask about without the lock.
    struct question {
        stream_ref stream;
        extent_owner owner;
        std::uint32_t epoch;
        fence passed_after;
    };

    /// A fence after all work of the stream so far; one that has passed if the backend knows no fences. Should the
    /// backend refuse, the work is taken to be running for ever: its memory is given back with the pool.
    std::optional<fence> recorded(stream_ref stream) noexcept {
        if constexpr (fence_backend<Backend>) {
            if (lost()) {
                return fence{};
            }
            try {
                return backend_.record(stream);
            } catch (std::exception const& e) {
                complain(e);
                return std::nullopt;
            }
        } else {
            return fence{};
        }
    }

    /// Waits for a fence and gives it back. True when it has passed.
    bool finish(std::optional<fence> f) noexcept {
        if (!f) {
            return false;
        }
        bool const done = waited(*f);
        forget_fence(*f);
        return done;
    }

    bool passed(fence f) noexcept {
        if constexpr (fence_backend<Backend>) {
            if (lost()) {
                return true;
            }
            try {
                return backend_.passed(f);
            } catch (std::exception const& e) {
                complain(e);
                return false;
            }
        } else {
            return true;
        }
    }

    /// Waits for the work behind a fence, which stays known. False when the backend refuses that.
    bool waited(fence f) noexcept {
        if constexpr (fence_backend<Backend>) {
            if (lost()) {
                return true;
            }
            try {
                backend_.wait(f);
            } catch (std::exception const& e) {
                complain(e);
                return false;
            }
        }
        return true;
    }

    void forget_all(stream_ledger::dropped_fences const& dropped) noexcept {
        for (std::size_t i = 0; i < dropped.count; ++i) {
            forget_fence(dropped.all[i]);
        }
    }

    void forget_fence(fence f) noexcept {
        if constexpr (fence_backend<Backend>) {
            if (f) {
                backend_.forget(f);
            }
        }
    }

    void close_epochs() {
        struct closing {
            stream_ref stream;
            extent_owner owner;
            std::uint32_t epoch;
        };
        std::vector<closing> all;
        {
            std::scoped_lock const lock{mutex_};
            all.reserve(ledger_.entries().size()); // before anything is closed
            for (auto& each : ledger_.entries()) {
                if (each.active && each.needs_fence()) {
                    all.push_back({each.stream, each.owner, each.epoch_to_fence()});
                }
            }
        }
        for (auto const& each : all) {
            close(each.stream, each.owner, each.epoch);
        }
    }

    /// The fences that were not seen to pass, of each stream the latest first: when it has passed, so have the others.
    std::vector<question> open_questions() {
        std::scoped_lock const lock{mutex_};
        std::vector<question> all;
        for (auto const& each : ledger_.entries()) {
            for (auto i = each.mark_count; i-- > 0;) {
                all.push_back({each.stream, each.owner, each.marks[i].epoch, each.marks[i].passed_after});
            }
        }
        return all;
    }

    /// The latest fence of each stream.
    std::vector<question> latest_questions() {
        auto all = open_questions();
        std::size_t kept = 0;
        for (auto const& each : all) {
            if (kept == 0 || all[kept - 1].owner != each.owner) {
                all[kept++] = each;
            }
        }
        all.resize(kept);
        return all;
    }

    /// Gives everyone what was freed up to a point that has passed, and forgets the fences up to it.
    void settle(question const& at) noexcept {
        stream_ledger::dropped_fences dropped;
        {
            std::scoped_lock const lock{mutex_};
            if (auto* const entry = entry_of_owner(at.owner)) {
                entry->drop_up_to(at.epoch, dropped);
            }
            pending_ -= spaces_.transfer(at.owner, at.epoch, 0, 0);
        }
        forget_all(dropped);
    }

    bool borrow_one(stream_ref stream, question const& from) {
        extent_owner to = 0;
        {
            std::scoped_lock const lock{mutex_};
            to = ledger_.find(stream)->owner;
        }
        if (to == from.owner) {
            return false;
        }
        try {
            backend_.make_wait(stream, from.passed_after);
        } catch (std::exception const& e) {
            complain(e);
            return false;
        }
        std::scoped_lock const lock{mutex_};
        auto* const entry = ledger_.find(stream);
        auto const bytes = spaces_.transfer(from.owner, from.epoch, to, entry->epoch);
        entry->frees += bytes != 0; // so that the epoch is closed by a fence even if nothing else is freed in it
        return bytes != 0;
    }

    bool lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

    void complain(std::exception const& e) noexcept {
        if (auto const* const of_backend = dynamic_cast<backend_error const*>(&e);
            of_backend != nullptr && of_backend->reason() == error::device_lost) {
            suspected_.store(true, std::memory_order_relaxed);
        }
        log_(severity::error, "memory", "fence_refused", {{"device", backend_.name()}, {"failure", e.what()}});
    }

    Backend const& backend_;
    memory_spaces<Backend>& spaces_;
    std::mutex& mutex_;
    logger const& log_;
    stream_ledger ledger_;
    std::uint64_t pending_ = 0;
    std::atomic<bool> lost_{false};
    std::atomic<bool> suspected_{false};
};

} // namespace orfeas::inline v0::memory::detail
