// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/memory/allocation_hint.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/allocation_journal.hpp>
#include <orfeas/memory/detail/allocation_table.hpp>
#include <orfeas/memory/detail/heap_sort.hpp>
#include <orfeas/memory/detail/memory_spaces.hpp>
#include <orfeas/memory/detail/note.hpp>
#include <orfeas/memory/detail/pool_measurements.hpp>
#include <orfeas/memory/detail/pressure_gauge.hpp>
#include <orfeas/memory/detail/reclaimer_list.hpp>
#include <orfeas/memory/detail/stream_order.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/memory_keeper.hpp>
#include <orfeas/memory/memory_waiter.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/pool_fwd.hpp>
#include <orfeas/memory/pool_options.hpp>
#include <orfeas/memory/stream_ref.hpp>
#include <orfeas/memory/tag_profile.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory {

struct memory_snapshot; // snapshot.hpp

/// Memory of a backend, taken in large pieces and handed out in small ones: an allocation costs tens of nanoseconds where
/// the backend's takes microseconds. What is freed stays reserved for the next allocation until `cleanup()`.
///
/// Where the backend has virtual memory management, allocations are packed tightly into granules, and a request that fits
/// in none of the free extents is served by mapping free granules side by side: memory does not fragment for good.
/// Elsewhere, and for exportable allocations, the pool takes plain segments.
///
/// Sizes are rounded up to extent_heap::unit_bytes (512), and every allocation is aligned to at least that; zero bytes
/// are answered with one unit. A deallocation that names no live allocation (freed twice, or of another resource) is a
/// caller's bug: ORFEAS_ASSERT reports it, and should that be defined away, the call changes nothing.
/// Destroying the pool gives everything back to the backend, also what was never deallocated.
///
/// In stream order: what is deallocated on a stream may be handed out to the same stream at once, and to others when the
/// stream's work has passed that point. One fence covers many deallocations. The forms without a stream are for memory
/// that no running work uses any more.
///
/// A request that finds no room goes up a ladder: memory whose streams have passed; under pressure, memory of other streams,
/// which this stream then waits for; new memory, or free granules moved together; unused memory of the other kind;
/// waiting for all streams; and the reclaimers, by priority. Caches of threads are asked to give back what they keep, which
/// they do soon, when memory is that scarce. Only then is it refused; `allocate_within` waits for others then.
///
/// Cleanups, refused requests and memory given back for want of it are events of `log`.
///
/// A device that is lost (its driver answers every call with a failure of a kernel or of the hardware) is one event of the
/// log. From then on requests are refused without asking it, deallocations wait for nothing, and `device_lost()` says so.
///
/// Thread-safe. One lock, held for tens of nanoseconds by allocations and deallocations, longer by what looks at all free
/// memory (profiles, snapshots, requests that found no room), and never during a backend's call. While a stream captures a
/// graph, deallocate nothing on it and keep requests from the ladder: fences must not be recorded then.
template<memory_backend Backend, clock Clock>
class basic_pool {
  public:
    /// Frees memory of the pool that its owner can do without: asked for bytes, it answers how many it deallocated. It
    /// runs on the thread whose request found no room, one at a time. It must not allocate from the pool, add reclaimers, or
    /// wait for a thread that may do so.
    using reclaimer = detail::reclaimer_list::reclaimer;

    /// Takes no memory yet. Throws option_error for options out of range, and backend_error if the backend does not
    /// answer how much memory it has.
    explicit basic_pool(Backend backend, pool_options options = {}, logger log = {}, Clock clock = {})
        : backend_{std::move(backend)},
          options_{checked(options)},
          log_{std::move(log)},
          clock_{std::move(clock)},
          total_{limit_of(backend_, options_)},
          pressure_{options_, total_},
          spaces_{backend_, total_, options_.segment_bytes, mutex_, mapping_writer()},
          journal_{options_},
          order_{backend_, spaces_, mutex_, log_} {}

    basic_pool(basic_pool const&) = delete;
    basic_pool& operator=(basic_pool const&) = delete;

    /// Memory for `bytes` bytes at a multiple of `alignment`, a power of two up to extent_heap::max_alignment.
    /// Throws out_of_memory when the limit or the device is exhausted.
    void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t), allocation_hint hint = {}) {
        return allocate_for(nullptr, {bytes, alignment, hint.exportable}, hint);
    }

    /// As above, for work of `stream` alone: it may be memory that the stream has just given up.
    void* allocate(stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t),
                   allocation_hint hint = {}) {
        return allocate_for(&stream, {bytes, alignment, hint.exportable}, hint);
    }

    /// As `allocate`, but null when there is no memory.
    void* try_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t),
                       allocation_hint hint = {}) noexcept {
        failure why;
        return acquire(nullptr, {bytes, alignment, hint.exportable}, hint, why);
    }
    void* try_allocate(stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t),
                       allocation_hint hint = {}) noexcept {
        failure why;
        return acquire(&stream, {bytes, alignment, hint.exportable}, hint, why);
    }

    /// As `try_allocate`, for those who ask again until there is memory: a refusal is neither counted nor logged.
    void* retry_allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t),
                         allocation_hint hint = {}) noexcept {
        std::string cause;
        return find(nullptr, {bytes, alignment, hint.exportable}, hint, cause);
    }
    void* retry_allocate(stream_ref stream, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t),
                         allocation_hint hint = {}) noexcept {
        std::string cause;
        return find(&stream, {bytes, alignment, hint.exportable}, hint, cause);
    }

    /// From now on, or no longer, the waiter is told when memory is deallocated: see allocate_within.
    void add_waiter(memory_waiter& waiter) noexcept { waiters_.add(waiter); }
    void remove_waiter(memory_waiter& waiter) noexcept { waiters_.remove(waiter); }

    /// From now on, or no longer, the keeper is told when memory is wanted: see thread_cache.
    void add_keeper(memory_keeper& keeper) noexcept { keepers_.add(keeper); }
    void remove_keeper(memory_keeper& keeper) noexcept { keepers_.remove(keeper); }

    /// Takes back what `allocate` returned for the same size and alignment; no running work uses it any more. Null is
    /// nothing to take back.
    void deallocate(void* p, std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (p == nullptr) {
            return;
        }
        ORFEAS_ASSERT(is_alignment(alignment), "alignments are powers of two up to extent_heap::max_alignment");
        {
            std::unique_lock lock{mutex_};
            auto const owner = owner_of(p);
            auto* const early = owner == 0 ? nullptr : order_.entry_of_owner(owner);
            if (early != nullptr &&
                early->active) { // it had it back early: earlier work of the stream may still use it
                give_to(*early, p, bytes, lock);
            } else if (auto const found = forget(p, bytes, 0)) {
                spaces_.deallocate(*found, 0, 0);
            }
        }
        tell_waiters();
    }

    /// Takes back what `allocate` returned, once the work that was submitted to `stream` so far is done. Memory that was
    /// allocated for another stream goes back in this one's order only if this one's work comes after that of the other up
    /// to the allocation.
    void deallocate(stream_ref stream, void* p, std::size_t bytes,
                    std::size_t alignment = alignof(std::max_align_t)) noexcept {
        if (p == nullptr) {
            return;
        }
        ORFEAS_ASSERT(is_alignment(alignment), "alignments are powers of two up to extent_heap::max_alignment");
        if (give_to(stream, p, bytes)) {
            tell_waiters();
        } else if (order_.finish_now(stream)) {
            deallocate(p, bytes, alignment);
        } // if even waiting is refused, the stream's work may run for ever
    }

    /// To be called before a stream is destroyed on which memory was deallocated: waits for its work. A pool tells up to
    /// 255 streams apart; those that come beyond are waited for at each deallocation.
    void forget_stream(stream_ref stream) {
        std::scoped_lock const only_one{growth_mutex_};
        order_.forget(stream);
    }

    /// Gives unused memory back to the backend. Other threads may allocate and deallocate meanwhile.
    /// When the backend refuses a part, the report says so and that part stays in use.
    cleanup_report cleanup() {
        std::scoped_lock const only_one{growth_mutex_};
        order_.settle_passed();
        cleanup_report report;
        report.reserved_before_bytes = reserved_bytes();
        spaces_.trim(~std::uint64_t{0}, report.failure);
        report.success = report.failure.empty();
        if (!report.success) {
            device_is_lost();
        }
        report.reserved_after_bytes = reserved_bytes();
        write_down_mappings();
        report.freed_bytes = report.reserved_before_bytes - report.reserved_after_bytes;
        count_cleanup(report);
        log_(report.success ? severity::info : severity::warning, "memory",
             report.success ? "cleanup_finished" : "cleanup_failed",
             {{"device", backend_.name()},
              {"freed_bytes", report.freed_bytes},
              {"reserved_bytes", report.reserved_after_bytes},
              {"failure", report.failure}});
        return report;
    }

    /// Asks those who hold memory of the pool to free `bytes` of it, ahead of need: the reclaimers, by priority, for what is
    /// still missing, and caches of threads for what they keep. The bytes that reclaimers freed. They run on this thread.
    std::uint64_t reclaim(std::uint64_t bytes) {
        tell_keepers();
        std::uint64_t const freed = reclaimers_.collect(bytes);
        log_(severity::info, "memory", "reclaimed_ahead",
             {{"device", backend_.name()}, {"freed_bytes", freed}, {"wanted_bytes", bytes}});
        return freed;
    }

    /// Where the backend can map memory: moves unused memory together until a large request of `bytes` finds room at once,
    /// as far as unused memory allows. Work done ahead, on a thread that has the time. Takes nothing new from the backend.
    /// True when the room is there.
    bool prepare(std::uint64_t bytes) {
        std::scoped_lock const only_one{growth_mutex_};
        order_.settle_passed();
        std::string cause;
        mapping_end const end{*this};
        return spaces_.tidy(bytes, cause);
    }

    /// Adds a way to free memory that is held by the pool's users; the lowest `priority` is asked first. It stays until
    /// the pool ends.
    void add_reclaimer(int priority, reclaimer reclaim) { reclaimers_.add(priority, std::move(reclaim)); }

    /// What the pool holds now. Linear in the free extents of at least a granule.
    memory_profile profile() const noexcept {
        std::scoped_lock const lock{mutex_};
        return profile_now();
    }

    /// How scarce memory is now; as in the profile, in constant time.
    memory_pressure pressure() const noexcept {
        std::scoped_lock const lock{mutex_};
        return pressure_.level();
    }

    /// Names a tag for allocation hints, the same one each time; beyond options().tag_limit all are one.
    tag_id tag(std::string_view name) noexcept {
        std::scoped_lock const lock{mutex_};
        return journal_.tag(name);
    }

    /// Names the place that it is called from for allocation hints. Counted only if the pool keeps events.
    call_site_id site(std::source_location const& place = std::source_location::current()) noexcept {
        std::scoped_lock const lock{mutex_};
        return journal_.site(place);
    }

    /// What each tag holds, the one that holds most first. Lifetimes are known only if the pool keeps events.
    std::vector<tag_profile> tags() const {
        std::scoped_lock const lock{mutex_};
        return journal_.tags();
    }

    /// What each call site holds, the one that holds most first. Empty unless the pool keeps events.
    std::vector<call_site_profile> call_sites() const {
        std::scoped_lock const lock{mutex_};
        return journal_.sites();
    }

    /// All that the pool knows: for it, include <orfeas/memory/snapshot.hpp>. Without `with_events`, no events. Linear in
    /// the extents and the events; others wait meanwhile.
    template<class Snapshot = memory_snapshot>
    Snapshot snapshot(std::string_view name = "pool", bool with_events = true) const {
        Snapshot made;
        made.name = name;
        made.device = backend_.name();
        std::scoped_lock const lock{mutex_};
        made.profile = profile_now();
        made.clock_ns = now_ns();
        made.remaps = spaces_.remaps();
        made.tags = journal_.tags();
        made.sites = journal_.sites();
        if (with_events) {
            made.events_lost = journal_.events().copy_to(made.events).lost;
        }
        collect_ranges(made.ranges);
        return made;
    }

    /// Reports the profile and the counters.
    void measure(measurement_sink sink) const {
        auto const held = profile();
        detail::measure_pool(sink, held, totals(), waiters_.size(), device_lost());
    }

    /// Copies host memory into an allocation, or an allocation into host memory; finished on return.
    /// Throws backend_error when the device refuses.
    void copy_in(void* to, void const* from, std::size_t bytes) {
        copy([&] { backend_.copy_in(to, from, bytes); });
    }
    void copy_out(void* to, void const* from, std::size_t bytes) {
        copy([&] { backend_.copy_out(to, from, bytes); });
    }

    /// Whether the host may read and write the memory directly.
    bool host_accessible() const noexcept { return backend_.host_accessible(); }

    /// Whether the device was seen to be lost.
    bool device_lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

    /// What may be handed out at most: the backend's memory, or options().limit_bytes if that is less; 0 when the device is
    /// lost.
    std::uint64_t limit_bytes() const noexcept { return device_lost() ? 0 : total_; }

    Backend const& backend() const noexcept { return backend_; }
    pool_options const& options() const noexcept { return options_; }

    friend bool operator==(basic_pool const& a, basic_pool const& b) noexcept { return &a == &b; }

  private:
    /// Why a request failed: the pool's state at that moment, and the backend's sentence if it refused.
    struct failure {
        out_of_memory_report report;
        std::string cause;
        std::string holders; // those who hold most, in words
    };

    static pool_options checked(pool_options const& options) {
        validate(options);
        return options;
    }

    static std::uint64_t limit_of(Backend const& backend, pool_options const& options) {
        auto const available = backend.info().total_bytes;
        return options.limit_bytes == 0 || options.limit_bytes > available ? available : options.limit_bytes;
    }

    static constexpr bool is_alignment(std::size_t a) noexcept {
        return a != 0 && (a & (a - 1)) == 0 && a <= extent_heap::max_alignment;
    }

    static double real(std::uint64_t n) noexcept { return static_cast<double>(n); }
    static double ratio(std::uint64_t part, std::uint64_t whole) noexcept {
        return whole == 0 ? 0.0 : real(part) / real(whole);
    }

    // --- allocation ---

    void* allocate_for(stream_ref const* stream, detail::memory_request const& request, allocation_hint const& hint) {
        failure why;
        if (void* const p = acquire(stream, request, hint, why)) [[likely]] {
            return p;
        }
        throw out_of_memory{why.report, backend_.name(), why.cause, why.holders};
    }

    void* acquire(stream_ref const* stream, detail::memory_request const& request, allocation_hint const& hint,
                  failure& why) noexcept {
        void* const p = find(stream, request, hint, why.cause);
        if (p == nullptr) [[unlikely]] {
            refuse(request, why);
        }
        return p;
    }

    void* find(stream_ref const* stream, detail::memory_request const& request, allocation_hint const& hint,
               std::string& cause) noexcept {
        ORFEAS_ASSERT(is_alignment(request.alignment), "alignments are powers of two up to extent_heap::max_alignment");
        {
            std::scoped_lock const lock{mutex_};
            if (device_lost()) [[unlikely]] {
                detail::note(cause, "The device is lost");
                return nullptr;
            }
            if (void* const p = take(stream, request, hint, search_effort::bounded)) [[likely]] {
                return p;
            }
        }
        return climb(stream, request, hint, cause);
    }

    /// Looks in what the stream itself gave up, then in what is free for everyone. Needs the mutex.
    void* take(stream_ref const* stream, detail::memory_request const& request, allocation_hint const& hint,
               search_effort effort) noexcept {
        try {
            table_.reserve_one();
            if (auto const owner = stream == nullptr ? extent_owner{0} : order_.owner_of(*stream); owner != 0) {
                if (auto const found = spaces_.allocate(request, owner, effort)) {
                    order_.on_reuse(found->where.bytes);
                    return enter(*found, request, hint, owner);
                }
            }
            auto const found = spaces_.allocate(request, 0, effort);
            return found ? enter(*found, request, hint) : nullptr;
        } catch (std::bad_alloc const&) { // no memory for bookkeeping is no memory
            return nullptr;
        }
    }

    /// Notes a live allocation, for which the table has room. Needs the mutex.
    void* enter(detail::placement const& found, detail::memory_request const& request, allocation_hint const& hint,
                extent_owner owner = 0) noexcept {
        detail::allocation const made{.address = found.where.address,
                                      .allocated_ns = journal_.timed() ? now_ns() : 0,
                                      .node = found.where.node,
                                      .site = hint.site.value,
                                      .tag = hint.tag.value,
                                      .rounding = static_cast<std::uint16_t>(found.where.bytes - request.bytes),
                                      .space = found.space,
                                      .owner = owner};
        table_.insert(made);
        journal_.on_allocate(made, found.where.bytes, owner);
        requested_ += request.bytes;
        auto const allocated = spaces_.allocated_bytes();
        peak_allocated_ = peak_allocated_ < allocated ? allocated : peak_allocated_;
        pressure_.observe(allocated);
        ++counters_.allocations;
        return reinterpret_cast<void*>(found.where.address);
    }

    /// Who alone could have the memory at `p` when it was allocated; 0: everyone. Needs the mutex.
    extent_owner owner_of(void* p) const noexcept {
        auto const* const live = table_.find(reinterpret_cast<std::uintptr_t>(p));
        return live == nullptr ? extent_owner{0} : live->owner;
    }

    /// Takes the memory at `p` back in the order of a stream. False when there are more streams than can be told apart.
    bool give_to(stream_ref stream, void* p, std::uint64_t bytes) noexcept {
        std::unique_lock lock{mutex_};
        auto* const known = order_.entry_of(stream);
        if (known != nullptr) {
            give_to(*known, p, bytes, lock);
        }
        return known != nullptr;
    }

    /// As above. Needs the mutex, and may let go of it.
    void give_to(detail::stream_ledger::entry& on, void* p, std::uint64_t bytes,
                 std::unique_lock<std::mutex>& lock) noexcept {
        auto const owner = on.owner;
        auto const found = forget(p, bytes, owner);
        if (!found) {
            return;
        }
        spaces_.deallocate(*found, owner, on.epoch);
        if (order_.on_free(on, found->where.bytes)) {
            auto const stream = on.stream;
            auto const epoch = on.close_epoch();
            lock.unlock();
            order_.close(stream, owner, epoch);
        }
    }

    /// The allocation at `p`, from now on no longer live; empty when there is none. Needs the mutex.
    std::optional<detail::placement> forget(void* p, std::uint64_t bytes, extent_owner owner) noexcept {
        auto* const live = table_.find(reinterpret_cast<std::uintptr_t>(p));
        ORFEAS_ASSERT(live != nullptr, "deallocate what this pool allocated, and once");
        if (live == nullptr) {
            return std::nullopt;
        }
        detail::placement const found{live->space, spaces_.at(live->space, live->node)};
        ORFEAS_ASSERT(found.where.bytes == extent_heap::rounded(bytes), "deallocate with the size that was allocated");
        auto const requested = found.where.bytes - live->rounding;
        journal_.on_deallocate(*live, found.where.bytes, owner, journal_.timed() ? now_ns() : 0);
        table_.erase(live);
        requested_ -= requested;
        pressure_.observe(spaces_.allocated_bytes() - found.where.bytes);
        return found;
    }

    // --- the ladder of a request that found no room ---

    void* climb(stream_ref const* stream, detail::memory_request const& request, allocation_hint const& hint,
                std::string& cause) noexcept {
        if (request.bytes > extent_heap::max_bytes || request.bytes > total_) {
            return nullptr;
        }
        if (void* const p = find_or_grow(stream, request, hint, cause)) {
            return p;
        }
        if ((!cause.empty() || order_.take_suspicion()) && device_is_lost()) {
            return nullptr;
        }
        tell_keepers();
        // reclaimers run without the growth lock: what they call may look at the pool
        void* found = nullptr;
        reclaimers_.ask(request.bytes, [&](std::uint64_t freed) noexcept {
            log_(severity::info, "memory", "reclaimed_for_a_request",
                 {{"device", backend_.name()}, {"freed_bytes", freed}, {"requested_bytes", request.bytes}});
            found = find_or_grow(stream, request, hint, cause);
            return found != nullptr;
        });
        return found;
    }

    void tell_waiters() noexcept {
        waiters_.tell_all([](memory_waiter& each) noexcept { each.on_memory_back(); });
    }

    void tell_keepers() noexcept {
        keepers_.tell_all([](memory_keeper& each) noexcept { each.on_memory_wanted(); });
    }

    template<class Copy>
    void copy(Copy const& how) {
        try {
            how();
        } catch (backend_error const& e) {
            if (e.reason() == error::device_lost) {
                device_is_lost();
            }
            throw;
        }
    }

    /// Asks the device whether it is still there, after it refused something.
    bool device_is_lost() noexcept {
        try {
            (void)backend_.info();
            return false;
        } catch (backend_error const& e) {
            if (e.reason() != error::device_lost) {
                return false;
            }
            if (lost_.exchange(true)) {
                return true;
            }
            order_.on_device_lost();
            tell_waiters(); // there is nothing to wait for
            log_(severity::error, "memory", "device_lost", {{"device", backend_.name()}, {"failure", e.what()}});
            return true;
        } catch (std::exception const&) { // no memory for bookkeeping
            return false;
        }
    }

    void* find_or_grow(stream_ref const* stream, detail::memory_request const& request, allocation_hint const& hint,
                       std::string& cause) noexcept {
        try {
            std::scoped_lock const only_one{growth_mutex_};
            order_.settle_passed();
            // places may also have come up while another thread was here
            if (void* const p = take_locked(stream, request, hint)) {
                return p;
            }
            auto const level = pressure();
            if (level >= memory_pressure::high) {
                tell_keepers();
            }
            if (stream != nullptr && level != memory_pressure::low && order_.borrow(*stream)) {
                if (void* const p = take_locked(stream, request, hint)) {
                    return p;
                }
            }
            if (void* const p = grow(request, hint, cause)) {
                return p;
            }
            for (int i = 0; i < 2 && order_.wait_for_all(); ++i) { // twice: others may have freed beside it meanwhile
                if (void* const p = grow(request, hint, cause)) {
                    return p;
                }
            }
            return nullptr;
        } catch (std::exception const& e) { // no memory for bookkeeping
            detail::note(cause, e.what());
            return nullptr;
        }
    }

    void* take_locked(stream_ref const* stream, detail::memory_request const& request,
                      allocation_hint const& hint) noexcept {
        std::scoped_lock const lock{mutex_};
        return take(stream, request, hint, search_effort::exhaustive);
    }

    void* grow(detail::memory_request const& request, allocation_hint const& hint, std::string& cause) {
        {
            std::scoped_lock const lock{mutex_};
            table_.reserve_one();
        }
        std::uint64_t released = 0;
        std::optional<detail::placement> found;
        {
            mapping_end const end{*this};
            found = spaces_.grow(request, cause, released);
        }
        if (released > 0) {
            log_(severity::info, "memory", "segments_released_for_a_request",
                 {{"device", backend_.name()}, {"freed_bytes", released}, {"requested_bytes", request.bytes}});
        }
        if (!found) {
            return nullptr;
        }
        std::scoped_lock const lock{mutex_};
        try {
            table_.reserve_one(); // others may have used the room that was made above
        } catch (std::bad_alloc const&) {
            spaces_.deallocate(*found, 0, 0);
            throw;
        }
        return enter(*found, request, hint);
    }

    void refuse(detail::memory_request const& request, failure& why) noexcept {
        {
            std::scoped_lock const lock{mutex_};
            ++counters_.failed_allocations;
            why.report = {request.bytes,
                          request.alignment,
                          total_,
                          spaces_.budget().reserved_bytes,
                          spaces_.allocated_bytes(),
                          spaces_.largest_free_bytes(),
                          stranded_bytes(),
                          available_bytes(request.alignment, !why.cause.empty())};
            why.holders = holders();
            journal_.on_event(event_kind::refuse, request.bytes, total_ - spaces_.allocated_bytes(), now_ns());
        }
        log_(severity::warning, "memory", "allocation_refused",
             {{"device", backend_.name()},
              {"requested_bytes", request.bytes},
              {"allocated_bytes", why.report.allocated_bytes},
              {"total_bytes", total_},
              {"stranded_bytes", why.report.stranded_bytes},
              {"holders", why.holders},
              {"cause", why.cause}});
    }

    /// The tags that hold most, in words; empty when none were used. Needs the mutex.
    std::string holders() const noexcept {
        try {
            std::string text;
            for (auto const& each : journal_.top()) {
                if (each.bytes > 0) {
                    text.append(text.empty() ? "" : ", ")
                        .append(each.name())
                        .append(" ")
                        .append(format_bytes(each.bytes));
                }
            }
            return text;
        } catch (std::bad_alloc const&) { // the figures must do
            return {};
        }
    }

    std::uint64_t now_ns() const noexcept {
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::nanoseconds>(clock_.now().time_since_epoch()).count());
    }

    /// Needs the mutex.
    std::uint64_t stranded_bytes() const noexcept {
        auto const unused = spaces_.budget().reserved_bytes - spaces_.allocated_bytes();
        auto const movable = spaces_.movable_bytes() + order_.pending_bytes();
        return unused < movable ? 0 : unused - movable;
    }

    /// About what one request could get that is aligned like this one, with all unused memory moved together or given back
    /// for it. Memory that is not reserved does not count when the backend has just `refused` some. Needs the mutex.
    std::uint64_t available_bytes(std::uint64_t alignment, bool refused) const noexcept {
        auto const reserved = spaces_.budget().reserved_bytes;
        auto const unreserved = refused ? 0 : total_ - reserved;
        auto const padding = alignment > extent_heap::unit_bytes ? alignment - extent_heap::unit_bytes : 0;
        auto const largest = spaces_.largest_free_bytes();
        auto const movable = reserved - spaces_.allocated_bytes() - stranded_bytes();
        auto const sum = spaces_.remaps() ? unreserved + movable : unreserved < largest ? largest : unreserved;
        return device_lost() || sum < padding ? 0 : sum - padding;
    }

    // --- figures ---

    /// Needs the mutex.
    memory_profile profile_now() const noexcept {
        memory_profile p;
        p.time = clock_.wall_now();
        p.total_bytes = total_;
        p.allocated_bytes = spaces_.allocated_bytes();
        p.requested_bytes = requested_;
        p.reserved_bytes = spaces_.budget().reserved_bytes;
        p.free_bytes = total_ - p.allocated_bytes;
        p.largest_free_bytes = spaces_.largest_free_bytes();
        p.pending_bytes = order_.pending_bytes();
        p.peak_allocated_bytes = peak_allocated_;
        p.allocations = table_.size();
        auto const unused = p.reserved_bytes - p.allocated_bytes;
        p.stranded_bytes = stranded_bytes();
        p.fragmentation_ratio = unused == 0 ? 0.0 : 1.0 - ratio(p.largest_free_bytes, unused);
        p.stranded_ratio = ratio(p.stranded_bytes, p.reserved_bytes);
        p.rounding_ratio = p.allocated_bytes == 0 ? 0.0 : 1.0 - ratio(p.requested_bytes, p.allocated_bytes);
        p.utilization_ratio = ratio(p.allocated_bytes, total_);
        p.pressure = pressure_.level();
        return p;
    }

    /// Needs the mutex.
    template<class Ranges>
    void collect_ranges(Ranges& ranges) const {
        using range = typename Ranges::value_type;
        using block = typename decltype(range::blocks)::value_type;
        using state = decltype(block::state);
        spaces_.for_each_range([&](extent const& e, extent_heap::range_state what, extent_owner owner, bool whole) {
            if (what == extent_heap::range_state::absent) {
                return;
            }
            if (ranges.empty() || ranges.back().address + ranges.back().bytes != e.address ||
                ranges.back().whole_segment != whole) {
                ranges.push_back({.address = e.address, .whole_segment = whole});
            }
            block made{.address = e.address, .bytes = e.bytes, .stream = owner};
            if (auto const* const live = table_.find(e.address); live != nullptr) {
                made.state = state::used;
                made.requested_bytes = e.bytes - live->rounding;
                made.allocated_ns = live->allocated_ns;
                made.site = live->site;
                made.tag = live->tag;
            } else {
                made.state = owner == 0 ? state::free : state::pending;
            }
            ranges.back().bytes += e.bytes;
            ranges.back().blocks.push_back(made);
        });
        detail::heap_sort(ranges, [](range const& a, range const& b) { return a.address < b.address; });
    }

    std::uint64_t reserved_bytes() const noexcept {
        std::scoped_lock const lock{mutex_};
        return spaces_.budget().reserved_bytes;
    }

    /// Makes events of what growth does to the memory, if the pool keeps events.
    detail::mapping_log::writer mapping_writer() {
        if (options_.event_capacity == 0) {
            return nullptr;
        }
        return [this](allocation_event const& each) { journal_.on_mapping(each, now_ns()); };
    }

    void write_down_mappings() noexcept {
        std::scoped_lock const lock{mutex_};
        spaces_.write_down_mappings();
    }

    /// Writes down what growth did when it ends, however it does.
    struct mapping_end {
        basic_pool& of;
        ~mapping_end() { of.write_down_mappings(); }
    };

    void count_cleanup(cleanup_report const& report) noexcept {
        std::scoped_lock const lock{mutex_};
        ++counters_.cleanups;
        journal_.on_event(event_kind::cleanup, report.freed_bytes, 0, now_ns());
        if (!report.success) {
            ++counters_.failed_cleanups;
        }
    }

    detail::pool_counters totals() const noexcept {
        std::scoped_lock const lock{mutex_};
        auto all = counters_;
        all.moved_pieces = spaces_.mapping().moved;
        return all;
    }

    Backend backend_;
    pool_options options_;
    logger log_;
    [[no_unique_address]] Clock clock_;
    std::uint64_t total_;

    detail::reclaimer_list reclaimers_; // its lock comes before growth_mutex_
    detail::listener_list<memory_waiter> waiters_;
    detail::listener_list<memory_keeper> keepers_;

    std::mutex growth_mutex_;  // held by whoever calls the backend; before mutex_
    mutable std::mutex mutex_; // guards all that follows
    detail::pressure_gauge pressure_;
    detail::memory_spaces<Backend> spaces_;
    detail::allocation_table table_;
    detail::allocation_journal journal_;
    detail::stream_order<Backend> order_; // ends first: it waits for the work that uses memory
    std::uint64_t requested_ = 0;
    std::uint64_t peak_allocated_ = 0;
    detail::pool_counters counters_;
    std::atomic<bool> lost_{false};
};

static_assert(reclaimable_resource<pool> && waitable_resource<pool> && keeper_resource<pool> &&
              copying_resource<pool> && measurable<pool>);

} // namespace orfeas::inline v0::memory
