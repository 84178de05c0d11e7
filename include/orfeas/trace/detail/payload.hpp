// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/detail/segment.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0::trace {

/// What an attribute may hold: a boolean, a number or text.
template<class T>
concept attribute_type = std::is_arithmetic_v<T> || std::convertible_to<T const&, std::string_view>;

namespace detail {

/// The payload of a span is a sequence of entries, each a head, the key's bytes and the value's bytes; where a slot is
/// full the bytes go on in the slot that it links to. A later entry replaces an earlier one with the same key.
enum class entry_type : std::uint8_t { name, boolean, integer, real, text, failure };

struct entry_head {
    entry_type type;
    std::uint8_t key_size;
    std::uint16_t value_size;
};

/// One entry, as bytes that are still somewhere else.
struct entry {
    entry_type type;
    std::string_view key;
    std::string_view value;
};

inline constexpr std::size_t longest_name = 160; ///< so that a name is whole in its first slot
inline constexpr std::size_t longest_key = 255;
inline constexpr std::size_t longest_text = 1024; ///< longer values are cut

/// Appends entries to the payload of one record. Used by one thread at a time, while the span is open.
class payload_writer {
  public:
    payload_writer() = default;
    payload_writer(segment& trace, record& head) noexcept : trace_{&trace}, tail_{&head} {}

    void name(std::string_view text) noexcept {
        append(entry_type::name, text.substr(0, longest_name), std::string_view{});
    }
    void failure(std::string_view why) noexcept { append(entry_type::failure, {}, why.substr(0, longest_text)); }

    template<attribute_type T>
    void attribute(std::string_view key, T const& value) noexcept {
        if constexpr (std::same_as<T, bool>) {
            append(entry_type::boolean, key, value);
        } else if constexpr (std::integral<T>) {
            if constexpr (sizeof(T) == 8 && std::unsigned_integral<T>) {
                if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
                    return attribute(key, static_cast<double>(value));
                }
            }
            append(entry_type::integer, key, static_cast<std::int64_t>(value));
        } else if constexpr (std::floating_point<T>) {
            append(entry_type::real, key, static_cast<double>(value));
        } else {
            append(entry_type::text, key, std::string_view{value}.substr(0, longest_text));
        }
    }

  private:
    template<class T>
    static std::string_view bytes_of(T const& value) noexcept {
        return {reinterpret_cast<char const*>(&value), sizeof value};
    }

    static std::string_view bytes_of(std::string_view text) noexcept { return text; }

    /// `value` is a scalar, whose size the compiler knows, or text.
    template<class T>
    void append(entry_type type, std::string_view key, T const& value) noexcept {
        key = key.substr(0, longest_key);
        std::string_view const bytes = bytes_of(value);
        entry_head const head{type, static_cast<std::uint8_t>(key.size()), static_cast<std::uint16_t>(bytes.size())};
        std::size_t const size = sizeof head + key.size() + bytes.size();
        if (size <= room()) {
            put(bytes_of(head));
            put(key);
            put(bytes);
        } else if (!spill(bytes_of(head), key, bytes)) {
            trace_->owner()->count_lost_attribute();
        }
    }

    std::size_t room() const noexcept { return tail_->payload.size() - tail_->size; }

    void put(std::string_view bytes) noexcept {
        std::char_traits<char>::copy(tail_->payload.data() + tail_->size, bytes.data(), bytes.size());
        tail_->size = static_cast<std::uint8_t>(tail_->size + bytes.size());
    }

    /// Writes an entry over several slots: all of it or, when there are none left, nothing.
    [[gnu::noinline]] bool spill(std::string_view head, std::string_view key, std::string_view value) noexcept {
        record* const before = tail_;
        std::uint8_t const size = tail_->size;
        if (put_across(head) && put_across(key) && put_across(value)) {
            return true;
        }
        tail_ = before;
        tail_->size = size;
        tail_->next = no_slot;
        return false;
    }

    bool put_across(std::string_view bytes) noexcept {
        while (!bytes.empty()) {
            if (room() == 0 && !extend()) {
                return false;
            }
            std::size_t const count = std::min(room(), bytes.size());
            put(bytes.substr(0, count));
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
        more->kind = record_kind::text;
        more->next = no_slot;
        more->size = 0;
        tail_->next = slot;
        tail_ = more;
        return true;
    }

    segment* trace_ = nullptr;
    record* tail_ = nullptr;
};

template<class T>
T read_value(std::string_view bytes) noexcept {
    T value{};
    std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
    return value;
}

/// Calls `visit(entry)` for each entry of a record of a finished segment.
template<class Visit>
void for_each_entry(segment const& trace, record const& head, Visit visit) {
    std::string gathered;
    std::string_view bytes{head.payload.data(), head.size};
    if (head.next != no_slot) {
        gathered = bytes;
        for (auto slot = head.next; slot != no_slot;) {
            record const* const more = trace.read(slot);
            if (more == nullptr) {
                break;
            }
            gathered.append(more->payload.data(), more->size);
            slot = more->next;
        }
        bytes = gathered;
    }
    while (bytes.size() >= sizeof(entry_head)) {
        auto const entry_at = read_value<entry_head>(bytes);
        bytes.remove_prefix(sizeof(entry_head));
        visit(
            {entry_at.type, bytes.substr(0, entry_at.key_size), bytes.substr(entry_at.key_size, entry_at.value_size)});
        bytes.remove_prefix(std::size_t{entry_at.key_size} + entry_at.value_size);
    }
}

/// The name of a span: its first entry, which is short enough to be in its first slot.
inline std::string_view name_of(record const& head) noexcept {
    if (head.size < sizeof(entry_head)) {
        return {};
    }
    auto const first = read_value<entry_head>({head.payload.data(), head.size});
    if (first.type != entry_type::name) {
        return {};
    }
    return {head.payload.data() + sizeof first, first.key_size};
}

} // namespace detail
} // namespace orfeas::inline v0::trace
