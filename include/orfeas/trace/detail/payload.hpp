// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/attribute.hpp>
#include <orfeas/trace/detail/segment.hpp>
#include <orfeas/trace/text_ref.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace orfeas::inline v0::trace {

namespace detail {

/// The payload of a span is a sequence of entries, each a head, the key and the value's bytes; where a slot is full the
/// bytes go on in the slot that it links to. A later attribute replaces an earlier one with the same key. The attributes
/// of an event or a link follow it.
enum class entry_type : std::uint8_t { boolean, integer, real, text, failure, event, link };

/// The head of an entry in one word: written by one store, which a copy byte by byte would make wait.
class entry_head {
  public:
    static constexpr std::uint32_t literal_key = 1U << 4U; ///< the key is an address instead of bytes
    static constexpr std::uint32_t of_group = 1U << 5U;    ///< belongs to the event or link before it

    constexpr entry_head() = default;
    constexpr entry_head(entry_type type, std::uint32_t flags, std::size_t key_size, std::size_t value_size) noexcept
        : word_{static_cast<std::uint32_t>(type) | flags | static_cast<std::uint32_t>(key_size) << 8U |
                static_cast<std::uint32_t>(value_size) << 16U} {}

    constexpr entry_type type() const noexcept { return static_cast<entry_type>(word_ & 15U); }
    constexpr bool has(std::uint32_t flag) const noexcept { return (word_ & flag) != 0; }
    constexpr std::size_t key_size() const noexcept { return word_ >> 8U & 0xFFU; }
    constexpr std::size_t value_size() const noexcept { return word_ >> 16U; }
    /// What follows it: the key or its address, and the value.
    constexpr std::size_t size() const noexcept {
        return (has(literal_key) ? sizeof(char const*) : key_size()) + value_size();
    }

  private:
    std::uint32_t word_ = 0;
};
static_assert(sizeof(entry_head) == 4);

/// One entry, as bytes that are still somewhere else.
struct entry {
    entry_type type;
    std::string_view key;
    std::string_view value;
    bool is_of_group = false;
};

/// The value of an `entry_type::link`.
struct link_value {
    std::uint64_t trace_high;
    std::uint64_t trace_low;
    std::uint64_t span;
    std::uint64_t flags;
};

inline constexpr std::size_t longest_name = 128; ///< so that a name is whole in its first slot
inline constexpr std::size_t longest_key = 255;
inline constexpr std::size_t longest_text = 1024; ///< longer values are cut

/// Copies a text of which most are short, without a call for those.
inline void copy_text(char* to, char const* from, std::size_t size) noexcept {
    if (size >= 8 && size <= 16) { // two words that may overlap
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::memcpy(&first, from, 8);
        std::memcpy(&last, from + size - 8, 8);
        std::memcpy(to, &first, 8);
        std::memcpy(to + size - 8, &last, 8);
    } else if (size >= 4 && size < 8) {
        std::uint32_t first = 0;
        std::uint32_t last = 0;
        std::memcpy(&first, from, 4);
        std::memcpy(&last, from + size - 4, 4);
        std::memcpy(to, &first, 4);
        std::memcpy(to + size - 4, &last, 4);
    } else if (size != 0) {
        std::memcpy(to, from, size);
    }
}

/// Appends entries to the payload of one record. Used by one thread at a time, while the span is open. Where the next entry
/// goes is known here alone until `finish`: a count in the record would make each entry wait for the one before.
class payload_writer {
  public:
    payload_writer() = default;
    /// Without a record in a trace that is not recorded.
    explicit payload_writer(segment& trace) noexcept : trace_{&trace} {}
    payload_writer(segment& trace, record& head) noexcept
        : trace_{&trace},
          head_{&head},
          tail_{&head},
          next_{head.payload.data()},
          end_{head.payload.data() + head.payload.size()} {}

    /// Says how long the payload is, for whoever reads it.
    void finish() noexcept { tail_->size = static_cast<std::uint8_t>(next_ - tail_->payload.data()); }

    segment* trace() const noexcept { return trace_; }
    record* head() const noexcept { return head_; }

    /// The name of the span, once and first.
    void name(text_ref name) noexcept {
        std::string_view const text = name.view().substr(0, longest_name);
        head_->name_size = static_cast<std::uint8_t>(text.size());
        head_->has_literal_name = name.is_literal();
        if (name.is_literal()) {
            head_->name = text.data();
        } else { // in the end of the payload's room, which it takes away
            end_ -= text.size();
            head_->name = end_;
            copy_text(end_, text.data(), text.size());
        }
    }

    /// The present time, for an event.
    std::int64_t stamp() const noexcept { return trace_->stamp(); }

    void failure(std::string_view why) noexcept { append_text(entry_type::failure, {}, why, 0); }

    /// Inline wherever it is called: there the key and the type of the value are known, and a few stores remain.
    [[gnu::always_inline]] void attribute(text_ref key, attribute_ref const& value, std::uint32_t flags = 0) noexcept {
        note(key.look());
        switch (value.type()) {
        case attribute_ref::type_of::boolean:
            return append_scalar(entry_type::boolean, key, value.boolean(), flags);
        case attribute_ref::type_of::integer:
            return append_scalar(entry_type::integer, key, value.integer(), flags);
        case attribute_ref::type_of::real:
            return append_scalar(entry_type::real, key, value.real(), flags);
        case attribute_ref::type_of::text:
            return append_text(entry_type::text, key, value.text(), flags);
        }
    }

    void event(text_ref name, std::int64_t stamp, std::initializer_list<trace::attribute> attributes) noexcept {
        append_scalar(entry_type::event, name, stamp, 0);
        group(attributes);
    }

    void link(span_context const& to, std::initializer_list<trace::attribute> attributes) noexcept {
        append_scalar(entry_type::link, {}, link_value{to.trace.high, to.trace.low, to.span.value, to.flags}, 0);
        group(attributes);
    }

  private:
    template<class T>
    static std::string_view bytes_of(T const& value) noexcept {
        return {reinterpret_cast<char const*>(&value), sizeof value};
    }

    void group(std::initializer_list<trace::attribute> attributes) noexcept {
        head_->has_groups = true;
        for (trace::attribute const& each : attributes) {
            attribute(each.key, each.value, entry_head::of_group);
        }
    }

    template<class T>
    [[gnu::always_inline]] void append_scalar(entry_type type, text_ref key, T value, std::uint32_t flags) noexcept {
        constexpr std::size_t size = sizeof(entry_head) + sizeof(char const*) + sizeof value;
        if (key.is_literal() && key.view().size() <= longest_key && size <= room()) [[likely]] {
            char* const at = next_;
            next_ += size;
            entry_head const head{type, flags | entry_head::literal_key, key.view().size(), sizeof value};
            char const* const address = key.view().data();
            std::memcpy(at, &head, sizeof head);
            std::memcpy(at + sizeof head, &address, sizeof address);
            std::memcpy(at + sizeof head + sizeof address, &value, sizeof value);
        } else {
            append(type, key, bytes_of(value), flags);
        }
    }

    void append_text(entry_type type, text_ref key, std::string_view value, std::uint32_t flags) noexcept {
        append(type, key, value.substr(0, longest_text), flags);
    }

    [[gnu::noinline]] void append(entry_type type, text_ref key, std::string_view value, std::uint32_t flags) noexcept {
        std::string_view const name = key.view().substr(0, longest_key);
        char const* const address = name.data();
        bool const is_literal = key.is_literal() && name.size() > sizeof address;
        std::string_view const stored = is_literal ? bytes_of(address) : name;
        entry_head const head{type, is_literal ? flags | entry_head::literal_key : flags, name.size(), value.size()};
        if (sizeof head + stored.size() + value.size() <= room()) {
            char* const at = next_;
            next_ += sizeof head + stored.size() + value.size();
            std::memcpy(at, &head, sizeof head);
            copy_text(at + sizeof head, stored.data(), stored.size());
            copy_text(at + sizeof head + stored.size(), value.data(), value.size());
        } else if (!spill(bytes_of(head), stored, value)) {
            head_->lost = static_cast<std::uint8_t>(head_->lost + (head_->lost < 0xFF ? 1 : 0));
            trace_->owner()->count_lost_attribute();
        }
    }

    [[gnu::always_inline]] void note(std::uint8_t look) noexcept {
        std::uint64_t const bit = std::uint64_t{1} << look;
        if ((looks_ & bit) != 0) [[unlikely]] {
            head_->may_repeat_keys = true;
        }
        looks_ |= bit;
    }

    std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - next_); }

    /// Writes an entry over several slots: all of it or, when there are none left, nothing.
    [[gnu::noinline]] bool spill(std::string_view head, std::string_view key, std::string_view value) noexcept {
        record* const tail = tail_;
        char* const next = next_;
        char* const end = end_;
        if (put_across(head) && put_across(key) && put_across(value)) {
            return true;
        }
        tail_ = tail;
        next_ = next;
        end_ = end;
        tail_->next = no_slot;
        return false;
    }

    bool put_across(std::string_view bytes) noexcept {
        while (!bytes.empty()) {
            if (room() == 0 && !extend()) {
                return false;
            }
            std::size_t const count = std::min(room(), bytes.size());
            std::memcpy(next_, bytes.data(), count);
            next_ += count;
            bytes.remove_prefix(count);
        }
        return true;
    }

    bool extend() noexcept {
        std::uint32_t const slot = trace_->extra_slot();
        if (slot == no_slot) {
            return false;
        }
        record* const more = trace_->use(slot);
        if (more == nullptr) {
            return false;
        }
        more->life = trace_->life();
        more->type = record_type::text;
        more->status = span_status::unset;
        more->next = no_slot;
        finish();
        tail_->next = slot;
        tail_ = more;
        next_ = more->payload.data();
        end_ = next_ + more->payload.size();
        return true;
    }

    segment* trace_ = nullptr;
    std::uint64_t looks_ = 0; ///< of the attributes' keys so far, as bits
    record* head_ = nullptr;  ///< the span's record
    record* tail_ = nullptr;  ///< where its payload goes on
    char* next_ = nullptr;    ///< where the next entry goes
    char* end_ = nullptr;     ///< of the room in `tail_`
};

template<class T>
[[gnu::always_inline]] inline T read_value(std::string_view bytes) noexcept {
    T value{};
    if (bytes.size() >= sizeof value) { // always, but for what memory ran out for
        std::memcpy(&value, bytes.data(), sizeof value);
    }
    return value;
}

/// Takes the first entry off `bytes`; false at the end.
[[gnu::always_inline]] inline bool next_entry(std::string_view& bytes, entry& out) noexcept {
    if (bytes.size() < sizeof(entry_head)) {
        return false;
    }
    auto const head = read_value<entry_head>(bytes);
    if (bytes.size() - sizeof head < head.size()) {
        return false; // memory ran out in the middle of an entry
    }
    char const* const at = bytes.data() + sizeof head;
    bool const is_literal = head.has(entry_head::literal_key);
    // member by member: a whole that is put together on the stack and copied would make the copy wait
    out.type = head.type();
    out.key = {is_literal ? read_value<char const*>({at, sizeof at}) : at, head.key_size()};
    out.value = {at + (head.size() - head.value_size()), head.value_size()};
    out.is_of_group = head.has(entry_head::of_group);
    bytes.remove_prefix(sizeof head + head.size());
    return true;
}

/// The payload of a span of a filed segment as one piece; gathered in `gathered` where it lies in several slots.
inline std::string_view payload_of(segment const& trace, record const& head, std::string& gathered) {
    std::string_view const first{head.payload.data(), head.size};
    if (head.next == no_slot) {
        return first;
    }
    gathered = first;
    for (auto slot = head.next; slot != no_slot;) {
        record const* const more = trace.read(slot);
        if (more == nullptr) {
            break;
        }
        gathered.append(more->payload.data(), more->size);
        slot = more->next;
    }
    return gathered;
}

} // namespace detail
} // namespace orfeas::inline v0::trace
