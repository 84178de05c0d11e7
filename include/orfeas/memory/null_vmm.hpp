// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/detail/address_book.hpp>
#include <orfeas/memory/detail/null_streams.hpp>
#include <orfeas/memory/detail/pending_work.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/null_vmm_options.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::memory {

/// A device without memory: it keeps the books of one. For traces that need 80 GiB or more, for measuring what a policy
/// would cost on a device whose calls are known, and for tests.
///
/// Addresses come from a counter, are never given out twice and must not be touched; copies do nothing, and what is copied
/// out is zero. With `checking`, a call that breaks the contract of `vmm_backend` or `fence_backend` changes nothing, is
/// remembered in `violations()`, and throws backend_error. Copies of a null device share one state.
///
/// Errors: backend_error that names the call and what was wrong with it.
/// Thread-safe. One lock, held for well under a microsecond.
class null_vmm {
  public:
    explicit null_vmm(std::uint64_t capacity_bytes) : null_vmm{null_vmm_options{.capacity_bytes = capacity_bytes}} {}

    /// Throws option_error for options out of range.
    explicit null_vmm(null_vmm_options const& options = {}) : state_{std::make_shared<state>(checked(options))} {}

    void* allocate(std::size_t bytes) const {
        auto const lock = begin(null_call::allocate);
        auto& s = *state_;
        take(null_call::allocate, bytes);
        auto const address = next_address(bytes);
        ++s.usage.allocations;
        if (s.options.checking) {
            s.book.allocated(address, bytes);
        }
        return reinterpret_cast<void*>(address);
    }

    void deallocate(void* p, std::size_t bytes) const {
        auto const lock = begin(null_call::deallocate);
        auto& s = *state_;
        if (s.options.checking) {
            demand_unused(null_call::deallocate, reinterpret_cast<std::uintptr_t>(p), bytes);
            demand(null_call::deallocate, s.book.deallocate(reinterpret_cast<std::uintptr_t>(p), bytes));
        }
        --s.usage.allocations;
        s.usage.used_bytes -= bytes;
    }

    backend_info info() const {
        auto const lock = begin(null_call::info);
        return {state_->options.capacity_bytes, state_->options.capacity_bytes - state_->usage.used_bytes};
    }

    void copy_in(void* to, void const*, std::size_t bytes) const {
        auto const lock = begin(null_call::copy_in);
        demand_touchable(null_call::copy_in, to, bytes);
    }

    void copy_out(void* to, void const* from, std::size_t bytes) const {
        auto const lock = begin(null_call::copy_out);
        demand_touchable(null_call::copy_out, from, bytes);
        if (bytes != 0) {
            std::memset(to, 0, bytes);
        }
    }

    void make_current() const noexcept {}
    bool host_accessible() const noexcept { return false; }
    std::string_view name() const noexcept { return "null device"; }
    device_kind kind() const noexcept { return device_kind::null; }

    std::uint64_t granule_bytes() const noexcept { return state_->options.granule_bytes; }

    std::uintptr_t reserve_addresses(std::uint64_t bytes) const {
        auto const lock = begin_vmm(null_call::reserve_addresses, bytes);
        auto& s = *state_;
        auto const address = next_address(bytes);
        ++s.usage.reservations;
        s.usage.reserved_bytes += bytes;
        if (s.options.checking) {
            s.book.reserved(address, bytes);
        }
        return address;
    }

    void release_addresses(std::uintptr_t address, std::uint64_t bytes) const {
        auto const lock = begin_vmm(null_call::release_addresses, bytes, address);
        auto& s = *state_;
        if (s.options.checking) {
            demand(null_call::release_addresses, s.book.release(address, bytes));
        }
        --s.usage.reservations;
        s.usage.reserved_bytes -= bytes;
    }

    physical_memory create(std::uint64_t bytes) const {
        auto const lock = begin_vmm(null_call::create, bytes);
        auto& s = *state_;
        take(null_call::create, bytes);
        physical_memory const memory{++s.last_handle};
        ++s.usage.handles;
        if (s.options.checking) {
            s.book.created(memory, bytes);
        }
        return memory;
    }

    void destroy(physical_memory memory, std::uint64_t bytes) const {
        auto const lock = begin_vmm(null_call::destroy, bytes);
        auto& s = *state_;
        if (s.options.checking) {
            demand(null_call::destroy, s.book.destroy(memory, bytes));
        }
        --s.usage.handles;
        s.usage.used_bytes -= bytes;
    }

    void map(std::uintptr_t address, std::uint64_t bytes, physical_memory memory) const {
        auto const lock = begin_vmm(null_call::map, bytes, address);
        auto& s = *state_;
        if (s.options.checking) {
            demand(null_call::map, s.book.map(address, bytes, memory));
        }
        ++s.usage.mappings;
        s.usage.mapped_bytes += bytes;
    }

    void allow_access(std::uintptr_t address, std::uint64_t bytes) const {
        auto const lock = begin_vmm(null_call::allow_access, bytes, address);
        if (state_->options.checking) {
            demand(null_call::allow_access, state_->book.allow_access(address, bytes));
        }
    }

    void unmap(std::uintptr_t address, std::uint64_t bytes) const {
        auto const lock = begin_vmm(null_call::unmap, bytes, address);
        auto& s = *state_;
        if (s.options.checking) {
            demand_unused(null_call::unmap, address, bytes);
            demand(null_call::unmap, s.book.unmap(address, bytes));
        }
        --s.usage.mappings;
        s.usage.mapped_bytes -= bytes;
    }

    /// `fence{}` when there is nothing to check and nothing to wait for.
    fence record(stream_ref stream) const {
        auto const lock = begin(null_call::record);
        auto& s = *state_;
        if (!s.options.checking && !s.options.manual_streams) {
            return {};
        }
        demand_not_capturing(null_call::record, stream);
        return s.streams.record(stream);
    }

    bool passed(fence f) const {
        auto const lock = begin_fence(null_call::passed, f);
        return state_->streams.passed(f);
    }

    void make_wait(stream_ref stream, fence f) const {
        auto const lock = begin_fence(null_call::make_wait, f);
        state_->streams.make_wait(stream, f);
    }

    /// The work that the fence stands for finishes, as if the host had waited for it.
    void wait(fence f) const {
        auto const lock = begin_fence(null_call::wait, f);
        state_->streams.run_to(f);
    }

    void forget(fence f) const noexcept {
        std::scoped_lock const lock{state_->mutex};
        count(null_call::forget);
        if (!state_->streams.forget(f) && state_->options.checking) {
            state_->remember("forget: fence " + std::to_string(f.value) + " is not known: forget a fence once");
        }
    }

    bool capturing(stream_ref stream) const {
        std::scoped_lock const lock{state_->mutex};
        return state_->streams.capturing(stream);
    }

    /// What a kernel does that reads or writes these bytes now; false, and a violation, when it would crash. True without
    /// `checking`.
    bool touch(void const* p, std::uint64_t bytes) const {
        std::scoped_lock const lock{state_->mutex};
        return !state_->options.checking ||
               accept("touch: ", state_->book.touch(reinterpret_cast<std::uintptr_t>(p), bytes));
    }

    /// What a kernel does that is submitted to the stream now. False, and a violation, when it would crash, or when it may
    /// run beside unfinished work of another stream on the same memory: with manual streams, unless it waits for a fence
    /// behind that work. From now until it has finished, to unmap or deallocate what it uses is a violation, too.
    bool touch(void const* p, std::uint64_t bytes, stream_ref stream) const {
        std::scoped_lock const lock{state_->mutex};
        if (!state_->options.checking) {
            return true;
        }
        auto const address = reinterpret_cast<std::uintptr_t>(p);
        detail::pending_work::pieces where;
        return accept("touch: ", state_->book.touch(address, bytes, &where)) &&
               accept("touch: ", state_->work.submit(state_->streams, stream, address, bytes, std::move(where)));
    }

    /// With manual streams: all work that was submitted so far, to one stream or to all, may run. It finishes unless it
    /// waits for a fence that has not passed.
    void complete(stream_ref stream) const {
        std::scoped_lock const lock{state_->mutex};
        state_->streams.complete(stream);
    }
    void complete_all() const {
        std::scoped_lock const lock{state_->mutex};
        state_->streams.complete_all();
    }

    /// Begins or ends a graph's capture on a stream.
    void set_capturing(stream_ref stream, bool yes) const {
        std::scoped_lock const lock{state_->mutex};
        state_->streams.set_capturing(stream, yes);
    }

    /// Lets `count` calls throw backend_error with `why`, beginning with the `nth` from now (1: the next) of one kind or of
    /// all. Replaces what was asked for before; a count of 0 asks for nothing.
    void fail(std::uint64_t nth, std::uint64_t count = 1, error why = error::call_failed) const {
        set_failure({std::nullopt, nth, count, why});
    }
    void fail(null_call kind, std::uint64_t nth, std::uint64_t count = 1, error why = error::call_failed) const {
        set_failure({kind, nth, count, why});
    }

    /// What a call of this kind costs from now on, in virtual time: nothing waits.
    void set_cost(null_call kind, std::chrono::nanoseconds cost) const {
        std::scoped_lock const lock{state_->mutex};
        state_->costs[index(kind)] = cost;
    }

    /// The sum of the costs of all calls.
    std::chrono::nanoseconds virtual_time() const {
        std::scoped_lock const lock{state_->mutex};
        return state_->time;
    }

    /// Runs before each call of a kind above but `forget`, without the lock: for real latency, or to let other threads in.
    void set_hook(std::function<void(null_call)> hook) const {
        auto made = hook ? std::make_shared<std::function<void(null_call)> const>(std::move(hook)) : nullptr;
        std::scoped_lock const lock{state_->mutex};
        state_->hook = std::move(made);
    }

    /// Calls so far, failed ones included: of one kind, or of all.
    std::uint64_t calls(null_call kind) const {
        std::scoped_lock const lock{state_->mutex};
        return state_->calls[index(kind)];
    }
    std::uint64_t calls() const {
        std::scoped_lock const lock{state_->mutex};
        return std::accumulate(state_->calls.begin(), state_->calls.end(), std::uint64_t{0});
    }

    null_vmm_usage usage() const {
        std::scoped_lock const lock{state_->mutex};
        auto now = state_->usage;
        now.fences = state_->streams.live_fences();
        return now;
    }

    /// The first hundred breaches of the contract, a sentence each. Empty without `checking`.
    std::vector<std::string> violations() const {
        std::scoped_lock const lock{state_->mutex};
        return state_->violations;
    }

    /// What has not been given back, a sentence for each kind: empty at the end of a program that leaks nothing.
    std::vector<std::string> leaks() const {
        auto const now = usage();
        std::vector<std::string> found;
        auto const look = [&found](std::uint64_t count, char const* what) {
            if (count != 0) {
                found.push_back(std::to_string(count) + ' ' + what);
            }
        };
        look(now.allocations, "allocations were not deallocated");
        look(now.mappings, "mappings were not unmapped");
        look(now.handles, "pieces of physical memory were not destroyed");
        look(now.reservations, "reservations of addresses were not released");
        look(now.fences, "fences were not forgotten");
        return found;
    }

    friend bool operator==(null_vmm const&, null_vmm const&) noexcept = default;

  private:
    static constexpr std::size_t kinds = static_cast<std::size_t>(null_call::forget) + 1;
    static constexpr std::size_t most_violations = 100;

    struct failure {
        std::optional<null_call> kind;
        std::uint64_t nth = 0;
        std::uint64_t count = 0;
        error why = error::call_failed;
    };

    struct state {
        explicit state(null_vmm_options const& o) : options{o}, streams{o.manual_streams} {}

        void remember(std::string sentence) {
            if (violations.size() < most_violations) {
                violations.push_back(std::move(sentence));
            }
        }

        null_vmm_options const options;
        std::mutex mutex;
        std::uintptr_t next_address = std::uintptr_t{1} << 36;
        std::uint64_t last_handle = 0;
        null_vmm_usage usage;
        detail::address_book book;
        detail::null_streams streams;
        detail::pending_work work;
        std::array<std::uint64_t, kinds> calls{};
        std::array<std::chrono::nanoseconds, kinds> costs{};
        std::chrono::nanoseconds time{0};
        failure failing;
        std::shared_ptr<std::function<void(null_call)> const> hook;
        std::vector<std::string> violations;
    };

    static std::size_t index(null_call kind) noexcept { return static_cast<std::size_t>(kind); }

    static null_vmm_options const& checked(null_vmm_options const& options) {
        validate(options);
        return options;
    }

    void count(null_call kind) const noexcept {
        ++state_->calls[index(kind)];
        state_->time += state_->costs[index(kind)];
    }

    /// Counts a call and fails it if it is its turn; the lock is for the rest of it.
    std::unique_lock<std::mutex> begin(null_call kind) const {
        std::unique_lock lock{state_->mutex};
        if (auto const hook = state_->hook) {
            lock.unlock();
            (*hook)(kind);
            lock.lock();
        }
        count(kind);
        auto& f = state_->failing;
        if (f.count != 0 && (!f.kind || *f.kind == kind)) [[unlikely]] {
            fail_in_turn(kind, f);
        }
        return lock;
    }

    void fail_in_turn(null_call kind, failure& f) const {
        if (f.nth > 1) {
            --f.nth;
            return;
        }
        --f.count;
        throw backend_error{f.why, to_string(kind).data(), 999, sentence(kind, "fails as it was asked to: 999")};
    }

    std::unique_lock<std::mutex> begin_vmm(null_call kind, std::uint64_t bytes, std::uintptr_t address = 0) const {
        auto lock = begin(kind);
        auto const granule = state_->options.granule_bytes;
        if (granule == 0) {
            throw backend_error{error::unavailable, to_string(kind).data(), 0,
                                sentence(kind, "no virtual memory management; see granule_bytes in the options")};
        }
        if (bytes == 0 || ((bytes | address) & (granule - 1)) != 0) {
            demand(kind, "size and address are multiples of the granule of " + format_bytes(granule) + ", not " +
                             std::to_string(bytes) + " at " + std::to_string(address));
        }
        return lock;
    }

    std::unique_lock<std::mutex> begin_fence(null_call kind, fence f) const {
        auto lock = begin(kind);
        if (!state_->streams.known(f)) {
            demand(kind, "fence " + std::to_string(f.value) + " is not known: use what was recorded and not forgotten");
        }
        if (auto const stream = state_->streams.stream_of(f); stream && kind != null_call::make_wait) {
            demand_not_capturing(kind, *stream);
        }
        return lock;
    }

    /// Throws, and remembers the sentence as a violation, unless it is empty.
    void demand(null_call kind, std::string const& wrong) const {
        if (wrong.empty()) {
            return;
        }
        auto const text = sentence(kind, wrong);
        state_->remember(text);
        throw backend_error{error::call_failed, to_string(kind).data(), 1, text};
    }

    void demand_touchable(null_call kind, void const* p, std::size_t bytes) const {
        if (state_->options.checking) {
            demand(kind, state_->book.touch(reinterpret_cast<std::uintptr_t>(p), bytes));
        }
    }

    void demand_unused(null_call kind, std::uintptr_t address, std::uint64_t bytes) const {
        if (state_->work.uses(state_->streams, address, bytes)) {
            demand(kind, "unfinished work uses the memory: wait for its fence first");
        }
    }

    /// Whether nothing is wrong; what is wrong is remembered.
    bool accept(char const* what, std::string const& wrong) const {
        if (!wrong.empty()) {
            state_->remember(what + wrong);
        }
        return wrong.empty();
    }

    void demand_not_capturing(null_call kind, stream_ref stream) const {
        if (state_->streams.capturing(stream)) {
            demand(kind, "the stream is capturing a graph: its fences are of no use until that ends");
        }
    }

    static std::string sentence(null_call kind, std::string_view wrong) {
        return std::string{"null device: "}.append(to_string(kind)).append(": ").append(wrong);
    }

    void take(null_call kind, std::uint64_t bytes) const {
        auto& u = state_->usage;
        auto const capacity = state_->options.capacity_bytes;
        if (bytes > capacity - u.used_bytes) {
            throw backend_error{error::out_of_memory, to_string(kind).data(), 2,
                                sentence(kind, "no room for " + format_bytes(bytes) + " in the capacity of " +
                                                   format_bytes(capacity) + "; raise capacity_bytes")};
        }
        u.used_bytes += bytes;
        u.peak_used_bytes = std::max(u.peak_used_bytes, u.used_bytes);
    }

    /// With a gap after it, so that what runs over an end meets nothing.
    std::uintptr_t next_address(std::uint64_t bytes) const noexcept {
        auto const step = std::max<std::uint64_t>(state_->options.granule_bytes, 2_MiB);
        auto const address = (state_->next_address + step - 1) & ~(step - 1);
        state_->next_address = address + bytes + step;
        return address;
    }

    void set_failure(failure const& next) const {
        std::scoped_lock const lock{state_->mutex};
        state_->failing = next;
    }

    std::shared_ptr<state> state_;
};
static_assert(vmm_backend<null_vmm> && capturing_backend<null_vmm>);

} // namespace orfeas::inline v0::memory
