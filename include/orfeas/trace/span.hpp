// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/attribute.hpp>
#include <orfeas/trace/context.hpp>
#include <orfeas/trace/detail/payload.hpp>
#include <orfeas/trace/instrumentation_scope.hpp>
#include <orfeas/trace/span_context.hpp>
#include <orfeas/trace/text_ref.hpp>

#include <cxxabi.h>

#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace orfeas::inline v0::trace {
namespace detail {

/// What a span begins with.
struct span_start {
    text_ref name;
    span_kind kind = span_kind::internal;
    instrumentation_scope const* scope = nullptr;
};

/// The name of a type as a program spells it.
inline std::string type_name(std::type_info const& type) {
    int status = 0;
    std::unique_ptr<char, void (*)(void*)> const readable{abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                          std::free};
    return readable != nullptr ? readable.get() : type.name();
}

/// An open record, or nothing. Movable; whoever holds it last ends it.
class recording {
  public:
    recording() = default;

    /// Records into a slot that `trace.open_slot()` or `trace.begin()` reserved. In a trace that is not recorded it only
    /// holds the slot open.
    [[gnu::always_inline]] recording(segment& trace, std::uint32_t slot, std::uint32_t parent, span_start const& as,
                                     thread_slot& here) noexcept {
        record* const head = trace.is_recorded() ? trace.use(slot) : nullptr;
        if (head == nullptr && trace.is_recorded()) {
            trace.drop(drop_reason::memory);
            trace.close_slot();
            return;
        }
        slot_ = slot;
        if (head == nullptr) {
            writer_ = payload_writer{trace};
            return;
        }
        writer_ = payload_writer{trace, *head};
        head->life = trace.life();
        head->scope = as.scope;
        head->parent = parent;
        head->next = no_slot;
        head->type = record_type::span;
        head->kind = as.kind;
        head->status = span_status::unset;
        head->has_groups = false;
        head->may_repeat_keys = false;
        head->lost = 0;
        writer_.name(as.name);
        unwinding_ = here.uncaught_exceptions();
        head->start = slot == 0 ? trace.head().begin : trace.stamp(); // the segment begins with its root
    }

    /// Holds a trace open that is not recorded, in the place of a span below `parent`.
    explicit recording(position parent) noexcept {
        if (parent.trace->hold_open()) {
            writer_ = payload_writer{*parent.trace};
            slot_ = parent.slot;
        }
    }

    recording(recording&& other) noexcept
        : writer_{std::exchange(other.writer_, {})}, slot_{other.slot_}, unwinding_{other.unwinding_} {}
    recording& operator=(recording&& other) noexcept {
        if (this != &other) {
            end();
            writer_ = std::exchange(other.writer_, {});
            slot_ = other.slot_;
            unwinding_ = other.unwinding_;
        }
        return *this;
    }
    ~recording() { end(); }

    bool active() const noexcept { return writer_.head() != nullptr; } ///< whether something is recorded
    bool open() const noexcept { return writer_.trace() != nullptr; }  ///< also in a trace that is not recorded
    position at() const noexcept { return {writer_.trace(), open() ? slot_ : no_slot}; }

    [[gnu::always_inline]] void set(text_ref key, attribute_ref const& value) noexcept {
        if (active()) {
            writer_.attribute(key, value);
        }
    }

    void event(text_ref name, std::initializer_list<attribute> attributes) noexcept {
        if (active()) {
            writer_.event(name, writer_.stamp(), attributes);
        }
    }

    void link(span_context const& to, std::initializer_list<attribute> attributes) noexcept {
        if (active()) {
            writer_.link(to, attributes);
        }
    }

    void succeed() noexcept {
        if (active()) {
            writer_.head()->status = span_status::ok;
        }
    }

    void fail(std::string_view why) noexcept {
        if (!active()) {
            return;
        }
        writer_.head()->status = span_status::error;
        if (!why.empty()) {
            writer_.failure(why);
        }
    }

    void fail(std::exception const& error) noexcept {
        if (active()) {
            event("exception", {{"exception.type", type_name(typeid(error))}, {"exception.message", error.what()}});
            fail(error.what());
        }
    }

    void end() noexcept {
        if (open()) {
            end(this_thread());
        }
    }
    [[gnu::always_inline]] void end(thread_slot& here) noexcept {
        segment& trace = *writer_.trace();
        if (record* const head = writer_.head()) {
            if (here.uncaught_exceptions() > unwinding_ && head->status == span_status::unset) [[unlikely]] {
                fail("left by an exception");
            }
            writer_.finish();
            head->end = trace.stamp();
        }
        writer_ = {};
        trace.close_slot();
    }

  private:
    payload_writer writer_;
    std::uint32_t slot_ = no_slot;
    unsigned unwinding_ = 0;
};

/// Opens a span below `parent`, which is in a recorded trace. Where that trace has ended meanwhile, the span begins a
/// further segment of it, so that late work keeps its place.
inline recording open_child(position parent, span_start const& as, thread_slot& here) noexcept {
    std::uint32_t const slot = parent.trace->open_slot();
    if (slot != no_slot) {
        return recording{*parent.trace, slot, parent.slot, as, here};
    }
    if (!parent.trace->finished()) {
        parent.trace->drop(drop_reason::span_limit);
        return {};
    }
    segment* const further = parent.trace->owner()->continue_trace(*parent.trace, parent.slot);
    if (further == nullptr) {
        return {};
    }
    return recording{*further, 0, no_slot, as, here};
}

/// In a trace that is not recorded the recording stands for it, so that its context is known to who asks.
inline recording open_below(position parent, span_start const& as, thread_slot& here) noexcept {
    if (parent.trace == nullptr) {
        return {};
    }
    return parent.trace->is_recorded() ? open_child(parent, as, here) : recording{parent};
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
/// exception leaves is marked as failed. Recording is O(1), takes no lock, and allocates only while the pools grow. Names
/// and keys that are literals are kept by address; others are copied, names up to 128 bytes, keys up to 255.
/// Thread-compatible (distinct objects).
class [[nodiscard]] span {
  public:
    /// Records nothing.
    span() noexcept {}

    /// A child of the current span.
    explicit span(text_ref name, span_kind kind = span_kind::internal) noexcept { begin(name, kind, nullptr); }
    span(text_ref name, instrumentation_scope const& from, span_kind kind = span_kind::internal) noexcept {
        begin(name, kind, &from);
    }

    /// A child of `parent`, whatever is current. Records nothing where `parent` is empty.
    span(text_ref name, trace::context const& parent, span_kind kind = span_kind::internal) noexcept {
        if (parent) {
            start(detail::span_start{name, kind, nullptr}, parent.at(), detail::this_thread());
        }
    }

    span(span const&) = delete;
    span& operator=(span const&) = delete;
    ~span() {
        if (is_live_) {
            finish();
        }
    }

    /// Adds an attribute: a boolean, a number, or text of at most 1024 bytes. Setting a key again replaces its value.
    [[gnu::always_inline]] void set(text_ref key, attribute_ref const& value) noexcept {
        if (is_live_) {
            live_.recording.set(key, value);
        }
    }

    /// Notes that something happened now.
    void event(text_ref name, std::initializer_list<attribute> attributes = {}) noexcept {
        if (is_live_) {
            live_.recording.event(name, attributes);
        }
    }

    /// Names a span of this or another trace that this one has to do with: the request that a batch serves, say.
    void link(span_context const& to, std::initializer_list<attribute> attributes = {}) noexcept {
        if (is_live_) {
            live_.recording.link(to, attributes);
        }
    }

    /// Marks the span as done well, whatever an exception that leaves it says.
    void succeed() noexcept {
        if (is_live_) {
            live_.recording.succeed();
        }
    }

    /// Marks the span as failed.
    void fail(std::string_view why = {}) noexcept {
        if (is_live_) {
            live_.recording.fail(why);
        }
    }

    /// The same, with an event "exception" that tells the type and message, as OpenTelemetry names them.
    void fail(std::exception const& error) noexcept {
        if (is_live_) {
            live_.recording.fail(error);
        }
    }

    /// Whether the span is on record; if not, everything on it does nothing.
    bool recording() const noexcept { return is_live_ && live_.recording.active(); }

    /// A handle to this span, for explicit parents and other threads. Empty when there is no trace.
    trace::context context() const noexcept {
        return is_live_ ? trace::context{live_.recording.at()} : trace::context{};
    }

    /// The span's ids; all zero when `context()` is empty.
    span_context ids() const noexcept { return context().ids(); }

    /// For this module's own use: makes current what `open()` recorded; where that was dropped, `instead`.
    template<class Open>
        requires(std::same_as<std::invoke_result_t<Open&>, detail::recording>)
    span(Open open, detail::position instead) noexcept {
        ::new (&live_) live_span{open};
        activate(instead, detail::this_thread());
    }

  private:
    /// What a span holds while it is open. Apart, so that a span that is not recorded costs no more than a flag.
    struct live_span {
        template<class Open>
        explicit live_span(Open& open) noexcept : recording{open()} {}

        detail::recording recording;
        detail::activation activation;
    };

    /// Where nothing is recorded this is all that happens, so nothing is prepared before that is known.
    [[gnu::always_inline]] void begin(text_ref name, span_kind kind, instrumentation_scope const* scope) noexcept {
        detail::thread_slot& here = detail::this_thread();
        detail::position const parent = detail::position_in(here);
        if (parent.trace != nullptr && parent.trace->is_recorded()) {
            start(detail::span_start{name, kind, scope}, parent, here);
        }
    }

    /// What is below a dropped span belongs to its parent.
    [[gnu::noinline]] void start(detail::span_start const& as, detail::position parent,
                                 detail::thread_slot& here) noexcept {
        auto open = [&] { return detail::open_below(parent, as, here); };
        ::new (&live_) live_span{open};
        activate(parent, here);
    }

    void activate(detail::position instead, detail::thread_slot& here) noexcept {
        live_.activation.start(live_.recording.open() ? live_.recording.at() : instead, here);
        is_live_ = true;
    }

    /// The former span is current again before the trace may finish.
    [[gnu::noinline]] void finish() noexcept {
        detail::thread_slot& here = detail::this_thread();
        live_.activation.end(here);
        if (live_.recording.open()) {
            live_.recording.end(here);
        }
    }

    union {
        live_span live_;
    };
    bool is_live_ = false;
};

/// A span that is never current: for work that starts in one place and ends in another, in any order and on any thread.
/// Thread-compatible (distinct objects).
class [[nodiscard]] detached_span {
  public:
    /// Records nothing.
    detached_span() noexcept = default;

    /// A child of the current span.
    explicit detached_span(text_ref name, span_kind kind = span_kind::internal) noexcept
        : detached_span{detail::span_start{name, kind, nullptr}, detail::current_position()} {}

    /// A child of `parent`.
    detached_span(text_ref name, trace::context const& parent, span_kind kind = span_kind::internal) noexcept
        : detached_span{detail::span_start{name, kind, nullptr}, parent.at()} {}

    /// Moves the duty to end the span.
    detached_span(detached_span&&) noexcept = default;
    detached_span& operator=(detached_span&&) noexcept = default;

    void set(text_ref key, attribute_ref const& value) noexcept { recording_.set(key, value); }
    void event(text_ref name, std::initializer_list<attribute> attributes = {}) noexcept {
        recording_.event(name, attributes);
    }
    void link(span_context const& to, std::initializer_list<attribute> attributes = {}) noexcept {
        recording_.link(to, attributes);
    }
    void succeed() noexcept { recording_.succeed(); }
    void fail(std::string_view why = {}) noexcept { recording_.fail(why); }
    void fail(std::exception const& error) noexcept { recording_.fail(error); }
    bool recording() const noexcept { return recording_.active(); }
    trace::context context() const noexcept { return trace::context{recording_.at()}; }
    span_context ids() const noexcept { return context().ids(); }

    /// Ends the span; later calls do nothing.
    void end() noexcept { recording_.end(); }

    /// For this module's own use: takes over an open record.
    explicit detached_span(detail::recording&& opened) noexcept : recording_{std::move(opened)} {}

  private:
    detached_span(detail::span_start const& as, detail::position parent) noexcept
        : recording_{detail::open_below(parent, as, detail::this_thread())} {}

    detail::recording recording_;
};

namespace detail {

/// Adds to the current span what its owner may be writing to at the same time: in a slot of its own.
template<class Write>
void annotate_current(span_status status, Write write) noexcept {
    position const now = current_position();
    if (now.trace == nullptr || !now.trace->is_recorded()) {
        return;
    }
    std::uint32_t const slot = now.trace->open_slot();
    if (slot == no_slot) {
        return now.trace->owner()->count_lost_attribute();
    }
    if (record* const note = now.trace->use(slot)) {
        note->life = now.trace->life();
        note->type = record_type::annotation;
        note->parent = now.slot;
        note->next = no_slot;
        note->status = status;
        note->has_groups = false;
        note->may_repeat_keys = false;
        note->lost = 0;
        payload_writer writer{*now.trace, *note};
        write(writer);
        writer.finish();
    } else {
        now.trace->owner()->count_lost_attribute();
    }
    now.trace->close_slot();
}

} // namespace detail

/// Adds an attribute to the current span without a reference to it; does nothing where there is none.
/// Thread-safe, also against the span's owner and other branches below it.
inline void annotate(text_ref key, attribute_ref const& value) noexcept {
    detail::annotate_current(span_status::unset, [&](detail::payload_writer& to) { to.attribute(key, value); });
}

/// Notes in the current span that something happened now; does nothing where there is none.
/// Thread-safe, also against the span's owner and other branches below it.
inline void annotate_event(text_ref name, std::initializer_list<attribute> attributes = {}) noexcept {
    detail::annotate_current(span_status::unset,
                             [&](detail::payload_writer& to) { to.event(name, to.stamp(), attributes); });
}

/// Marks the current span as failed; does nothing where there is none.
/// Thread-safe, also against the span's owner and other branches below it.
inline void annotate_failure(std::string_view why) noexcept {
    detail::annotate_current(span_status::error, [&](detail::payload_writer& to) { to.failure(why); });
}

} // namespace orfeas::inline v0::trace
