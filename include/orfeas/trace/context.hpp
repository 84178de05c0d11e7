// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/baggage.hpp>
#include <orfeas/trace/detail/segment.hpp>

#include <cxxabi.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

/// Which span is current. A *cell* holds the current span of one logical thread: of a plain thread, or of a coroutine
/// that runs on a `traced_executor` and so moves from thread to thread. The one thread_local slot says which cell is
/// active on this thread.

namespace orfeas::inline v0::trace {
namespace detail {

/// A slot number that says "in a trace that is not recorded": spans below it are not recorded either.
inline constexpr std::uint32_t suppressed_slot = no_slot - 1;

/// A place in a trace: a span, nothing ({null, no_slot}), or a span that was not recorded ({null, suppressed_slot}).
struct position {
    segment* trace = nullptr;
    std::uint32_t slot = no_slot;

    friend bool operator==(position const&, position const&) = default;
};

/// The current span of one logical thread. Keeps one reference to the segment that it points into, so that moving within
/// one trace counts nothing.
/// Thread-compatible (distinct objects).
class cell {
  public:
    cell() = default;
    cell(cell const&) = delete;
    cell& operator=(cell const&) = delete;

    position current() const noexcept { return current_; }

    /// Points to `next` and returns the former position. Where that is in another segment, its reference passes to the
    /// caller.
    position exchange(position next) noexcept {
        if (next.trace != nullptr && next.trace != current_.trace) {
            next.trace->retain();
        }
        return std::exchange(current_, next);
    }

    /// Points to `next` again. Where that is in another segment, the caller hands its reference over.
    void restore(position next) noexcept {
        position const last = std::exchange(current_, next);
        if (last.trace != nullptr && last.trace != next.trace) {
            last.trace->release();
        }
    }

  private:
    position current_;
};

/// A cell that executors and handlers share, freed with the last of them.
/// Thread-safe as to the count; the cell itself belongs to whoever runs.
class shared_cell : public cell {
  public:
    /// A new logical thread that begins at `start`.
    explicit shared_cell(position start) noexcept { exchange(start); }
    ~shared_cell() { restore({}); }

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            delete this;
        }
    }

  private:
    std::atomic<std::uint32_t> references_{0};
};

/// The thread_local slot.
struct thread_slot {
    shared_cell* active = nullptr;    ///< null: no logical thread but the thread itself
    cell own;                         ///< the thread's own cell
    char const* exceptions = nullptr; ///< where the C++ runtime counts the thread's uncaught exceptions

    cell& current_cell() noexcept { return active != nullptr ? *active : own; }

    /// As std::uncaught_exceptions(), which is two calls, each time anew.
    unsigned uncaught_exceptions() noexcept {
        if (exceptions == nullptr) {
            // struct __cxa_eh_globals { void* caughtExceptions; unsigned int uncaughtExceptions; }: Itanium C++ ABI, 2.2.2
            exceptions = reinterpret_cast<char const*>(abi::__cxa_get_globals()) + sizeof(void*);
        }
        unsigned count = 0;
        std::memcpy(&count, exceptions, sizeof count);
        return count;
    }
};

inline constinit thread_local thread_slot slot_of_this_thread{};

/// Not inline: a coroutine may resume on another thread, and a compiler that sees the address of a thread_local in a
/// coroutine's body may keep it over a suspension.
[[gnu::noinline]] inline thread_slot& this_thread() noexcept {
    asm volatile("");
    return slot_of_this_thread;
}

/// The current position, where a span would find its parent. A plain thread that still points into a finished trace was
/// left so by a span that ended on another thread: it is brought back to "no trace".
inline position position_in(thread_slot& here) noexcept {
    position const now = here.current_cell().current();
    if (now.trace == nullptr || here.active != nullptr || !now.trace->finished()) {
        return now;
    }
    here.own.restore({});
    return {};
}
inline position current_position() noexcept {
    return position_in(this_thread());
}

/// Makes a position the current one and, when it ends, brings back the former.
class activation {
  public:
    activation() = default;
    explicit activation(position here) noexcept { start(here); }
    activation(activation const&) = delete;
    activation& operator=(activation const&) = delete;

    /// Only on an activation that was default-constructed.
    void start(position here) noexcept { start(here, this_thread()); }
    void start(position here, thread_slot& slot) noexcept {
        cell_ = &slot.current_cell();
        here_ = here;
        former_ = cell_->exchange(here);
    }

    bool started() const noexcept { return cell_ != nullptr; }

    ~activation() {
        if (cell_ != nullptr) {
            end(this_thread());
        }
    }

    /// Brings back the former position; the destructor does nothing then. `slot` is this thread's.
    void end(thread_slot& slot) noexcept {
        cell& present = slot.current_cell();
        if (&present == cell_ && present.current() == here_) {
            present.restore(former_);
        } else if (former_.trace != nullptr && former_.trace != here_.trace) {
            // ended out of order, or where another cell is active: that cell is not ours to change
            former_.trace->release();
        }
        cell_ = nullptr;
    }

  private:
    cell* cell_ = nullptr;
    position here_;
    position former_;
};

} // namespace detail

/// A handle to a span, by which other threads can go on with its trace. Copies are cheap (one atomic increment) and
/// stay valid whatever becomes of the span and its tracer. Empty where there is no recorded span.
/// Thread-compatible (distinct objects).
class context {
  public:
    context() = default;
    context(context const& other) noexcept : context{other.at_} {}
    context(context&& other) noexcept : at_{std::exchange(other.at_, {})} {}
    context& operator=(context other) noexcept {
        std::swap(at_, other.at_);
        return *this;
    }
    ~context() {
        if (at_.trace != nullptr) {
            at_.trace->release();
        }
    }

    /// The span's ids; all zero when empty.
    span_context ids() const noexcept {
        return at_.trace != nullptr ? at_.trace->context_of(at_.slot) : span_context{};
    }

    /// The `tracestate` that came with the trace from another process; empty when there was none.
    std::string tracestate() const { return at_.trace != nullptr ? at_.trace->tracestate() : std::string{}; }

    /// What travels with the trace; empty where there is none.
    trace::baggage baggage() const {
        auto const travelling = at_.trace != nullptr ? at_.trace->baggage() : nullptr;
        return travelling != nullptr ? *travelling : trace::baggage{};
    }

    explicit operator bool() const noexcept { return at_.trace != nullptr; }

    /// The position, for this module's own use.
    detail::position at() const noexcept { return at_; }
    explicit context(detail::position at) noexcept : at_{at} {
        if (at_.trace != nullptr) {
            at_.trace->retain();
        }
    }

  private:
    detail::position at_;
};

/// A handle to the current span, to be carried to another thread or kept for later.
/// Thread-safe.
inline context capture() noexcept {
    return context{detail::current_position()};
}

/// The ids of the current span, for log lines and outgoing requests; all zero where there is none. O(1).
/// Thread-safe.
inline span_context current_context() noexcept {
    auto const now = detail::current_position();
    return now.trace != nullptr ? now.trace->context_of(now.slot) : span_context{};
}

/// The baggage of the current trace; empty where there is none.
/// Thread-safe.
inline baggage current_baggage() {
    return capture().baggage();
}

/// Puts a member into the baggage of the current trace, from now on and wherever it goes from this process. False, and
/// nothing is changed, where there is no trace or the baggage does not take it (see `baggage::set`).
/// Thread-safe.
inline bool set_baggage(std::string_view key, std::string_view value, std::string_view properties = {}) {
    context const here = capture();
    return here && here.at().trace->set_baggage(key, value, properties);
}

/// Makes a captured span the current one until the end of the block: the way to carry a trace to another thread.
///
///     std::jthread worker{[parent = trace::capture()] {
///         trace::scope const inherit{parent};
///         trace::span s{"work"};
///     }};
///
/// Executor-bound: call only from the thread or coroutine that it was made in.
class [[nodiscard]] scope {
  public:
    explicit scope(context const& here) noexcept : activation_{here.at()} {}

  private:
    detail::activation activation_;
};

} // namespace orfeas::inline v0::trace
