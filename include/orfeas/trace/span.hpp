// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/context.hpp>
#include <orfeas/trace/detail/payload.hpp>

#include <cstdint>
#include <exception>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::trace {
namespace detail {

/// An open record, or nothing. Movable; whoever holds it last ends it.
class recording {
  public:
    recording() = default;

    /// Records into a slot that `trace.open_slot()` or `trace.begin()` reserved.
    recording(segment& trace, std::uint32_t slot, std::uint32_t parent, std::string_view name) noexcept {
        record* const head = trace.use(slot);
        if (head == nullptr) {
            trace.drop(drop_reason::memory);
            trace.close_slot();
            return;
        }
        head->kind = record_kind::span;
        head->parent = parent;
        head->next = no_slot;
        head->status = span_status::unset;
        head->size = 0;
        at_ = {&trace, slot};
        head_ = head;
        writer_ = payload_writer{trace, *head};
        writer_.name(name);
        unwinding_ = std::uncaught_exceptions();
        head->start_ns = slot == 0 ? 0 : trace.elapsed_ns(); // the segment begins with its root
    }

    recording(recording&& other) noexcept
        : at_{std::exchange(other.at_, {})},
          head_{std::exchange(other.head_, nullptr)},
          writer_{other.writer_},
          unwinding_{other.unwinding_} {}
    recording& operator=(recording&& other) noexcept {
        if (this != &other) {
            end();
            at_ = std::exchange(other.at_, {});
            head_ = std::exchange(other.head_, nullptr);
            writer_ = other.writer_;
            unwinding_ = other.unwinding_;
        }
        return *this;
    }
    ~recording() { end(); }

    bool active() const noexcept { return head_ != nullptr; }
    position at() const noexcept { return at_; }

    template<attribute_type T>
    void set(std::string_view key, T const& value) noexcept {
        if (head_ != nullptr) {
            writer_.attribute(key, value);
        }
    }

    void fail(std::string_view why) noexcept {
        if (head_ == nullptr) {
            return;
        }
        head_->status = span_status::error;
        if (!why.empty()) {
            writer_.failure(why);
        }
    }

    void end() noexcept {
        if (head_ == nullptr) {
            return;
        }
        if (std::uncaught_exceptions() > unwinding_ && head_->status != span_status::error) {
            fail("left by an exception");
        }
        head_->end_ns = at_.trace->elapsed_ns();
        head_ = nullptr;
        std::exchange(at_, {}).trace->close_slot();
    }

  private:
    position at_;
    record* head_ = nullptr;
    payload_writer writer_;
    int unwinding_ = 0;
};

/// Opens a span below `parent`, which is in a trace. Where that trace has ended meanwhile, the span begins a further
/// segment of it, so that late work keeps its place.
inline recording open_child(position parent, std::string_view name) noexcept {
    std::uint32_t const slot = parent.trace->open_slot();
    if (slot != no_slot) {
        return recording{*parent.trace, slot, parent.slot, name};
    }
    if (!parent.trace->finished()) {
        parent.trace->drop(drop_reason::span_limit);
        return {};
    }
    segment* const further = parent.trace->owner()->continue_trace(*parent.trace, parent.slot);
    if (further == nullptr) {
        return {};
    }
    return recording{*further, 0, no_slot, name};
}

inline recording open_below(position parent, std::string_view name) noexcept {
    return parent.trace != nullptr ? open_child(parent, name) : recording{};
}

} // namespace detail

/// A piece of work with a beginning and an end, on record from its construction to its destruction, and meanwhile the
/// current span: spans that are opened below it, in this thread or coroutine, become its children. Spans end in the
/// reverse order of their beginning, as local variables do.
///
/// A span opened without a tracer is a child of the current span, and nothing where there is none:
///
///     trace::span s{"decode"};
///     s.set("bytes", body.size());
///
/// In a coroutine it survives `co_await` when the coroutine runs on a `traced_executor` (trace/asio.hpp). A span that an
/// exception leaves is marked as failed. Recording is O(1), takes no lock, and allocates only while the pools grow.
/// Thread-compatible (distinct objects).
class [[nodiscard]] span {
  public:
    /// Records nothing.
    span() noexcept = default;

    /// A child of the current span.
    explicit span(std::string_view name) noexcept : span{name, detail::current_position()} {}

    /// A child of `parent`, whatever is current. Records nothing where `parent` is empty.
    span(std::string_view name, trace::context const& parent) noexcept : span{name, parent.at()} {}

    span(span const&) = delete;
    span& operator=(span const&) = delete;
    ~span() = default;

    /// Adds an attribute: a boolean, a number, or text of at most 1024 bytes. Setting a key again replaces its value.
    template<attribute_type T>
    void set(std::string_view key, T const& value) noexcept {
        recording_.set(key, value);
    }

    /// Marks the span as failed.
    void fail(std::string_view why = {}) noexcept { recording_.fail(why); }

    /// Whether the span is on record; if not, everything on it does nothing.
    bool recording() const noexcept { return recording_.active(); }

    /// A handle to this span, for explicit parents and other threads. Empty when nothing is recorded.
    trace::context context() const noexcept { return trace::context{recording_.at()}; }

    /// The span's ids; all zero when nothing is recorded.
    span_context ids() const noexcept { return context().ids(); }

    /// For this module's own use: takes over an open record and makes it current; where it was dropped, `instead`.
    span(detail::recording&& opened, detail::position instead) noexcept
        : recording_{std::move(opened)}, activation_{recording_.active() ? recording_.at() : instead} {}

  private:
    span(std::string_view name, detail::position parent) noexcept : recording_{detail::open_below(parent, name)} {
        if (recording_.active()) {
            activation_.start(recording_.at());
        } else if (parent.trace != nullptr) {
            activation_.start(parent); // what is below a dropped span belongs to its parent
        }
    }

    detail::recording recording_;   // ended last:
    detail::activation activation_; // the former span is current again before the trace may finish
};

/// A span that is never current: for work that starts in one place and ends in another, in any order and on any thread.
/// Thread-compatible (distinct objects).
class [[nodiscard]] detached_span {
  public:
    /// Records nothing.
    detached_span() noexcept = default;

    /// A child of the current span.
    explicit detached_span(std::string_view name) noexcept
        : recording_{detail::open_below(detail::current_position(), name)} {}

    /// A child of `parent`.
    detached_span(std::string_view name, trace::context const& parent) noexcept
        : recording_{detail::open_below(parent.at(), name)} {}

    /// Moves the duty to end the span.
    detached_span(detached_span&&) noexcept = default;
    detached_span& operator=(detached_span&&) noexcept = default;

    template<attribute_type T>
    void set(std::string_view key, T const& value) noexcept {
        recording_.set(key, value);
    }
    void fail(std::string_view why = {}) noexcept { recording_.fail(why); }
    bool recording() const noexcept { return recording_.active(); }
    trace::context context() const noexcept { return trace::context{recording_.at()}; }
    span_context ids() const noexcept { return context().ids(); }

    /// Ends the span; later calls do nothing.
    void end() noexcept { recording_.end(); }

    /// For this module's own use: takes over an open record.
    explicit detached_span(detail::recording&& opened) noexcept : recording_{std::move(opened)} {}

  private:
    detail::recording recording_;
};

namespace detail {

/// Adds to the current span what its owner may be writing to at the same time: in a slot of its own.
template<class Write>
void annotate_current(span_status status, Write write) noexcept {
    position const now = current_position();
    if (now.trace == nullptr) {
        return;
    }
    std::uint32_t const slot = now.trace->open_slot();
    if (slot == no_slot) {
        return now.trace->owner()->count_lost_attribute();
    }
    if (record* const note = now.trace->use(slot)) {
        note->kind = record_kind::annotation;
        note->parent = now.slot;
        note->next = no_slot;
        note->status = status;
        note->size = 0;
        payload_writer writer{*now.trace, *note};
        write(writer);
    } else {
        now.trace->owner()->count_lost_attribute();
    }
    now.trace->close_slot();
}

} // namespace detail

/// Adds an attribute to the current span without a reference to it; does nothing where there is none.
/// Thread-safe, also against the span's owner and other branches below it.
template<attribute_type T>
void annotate(std::string_view key, T const& value) noexcept {
    detail::annotate_current(span_status::unset, [&](detail::payload_writer& to) { to.attribute(key, value); });
}

/// Marks the current span as failed; does nothing where there is none.
/// Thread-safe, also against the span's owner and other branches below it.
inline void annotate_failure(std::string_view why) noexcept {
    detail::annotate_current(span_status::error, [&](detail::payload_writer& to) { to.failure(why); });
}

} // namespace orfeas::inline v0::trace
