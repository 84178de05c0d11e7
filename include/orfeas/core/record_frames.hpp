// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/stable_hash.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Records one after the other in a stream of bytes that may have been cut or damaged. Without files: see core/record_log.hpp.

namespace orfeas::inline v0 {

/// A record that was read whole.
struct framed_record {
    std::uint64_t sequence = 0; ///< counts up by one from record to record
    std::uint64_t offset = 0;   ///< of its first byte in the stream
    std::string_view payload{}; ///< valid until the reader is called again
};

/// How a stream of records ends.
enum class record_tail : std::uint8_t {
    whole,   ///< with a whole record, or it is empty
    torn,    ///< within a record: what a crash leaves. Zeros behind it count as never written.
    damaged, ///< with bytes that are no beginning of a record
};

constexpr std::string_view to_string(record_tail tail) noexcept {
    constexpr std::array<std::string_view, 3> names{"whole", "torn", "damaged"};
    return names[static_cast<std::size_t>(tail)];
}

/// What was found in a stream of records. Nothing is passed over without showing here.
struct record_report {
    std::uint64_t records = 0;         ///< whole ones
    std::uint64_t bytes = 0;           ///< of the stream
    std::uint64_t committed_bytes = 0; ///< up to the end of the last whole record
    std::uint64_t damaged_places = 0;  ///< stretches of bytes that are no record, with a whole record behind them
    std::uint64_t damaged_bytes = 0;   ///< in these stretches
    std::uint64_t first_damage = 0;    ///< offset of the first of them
    std::uint64_t missing_records = 0; ///< by the sequence numbers of the whole ones
    std::uint64_t next_sequence = 0;   ///< of the next record
    record_tail tail = record_tail::whole;

    std::uint64_t tail_bytes() const noexcept { return bytes - committed_bytes; }
    bool is_damaged() const noexcept {
        return damaged_places > 0 || missing_records > 0 || tail == record_tail::damaged;
    }

    friend bool operator==(record_report const&, record_report const&) = default;
};

namespace detail {

/// A record is a head of one line, the payload, and a line feed:
///   @orfeas <sequence: 16 hex digits> <bytes of the payload: 8> <checksum: 16>
/// The checksum is the XXH64 of the head before it, and the XXH64 of the payload. A log of texts so can be read by people.
inline constexpr std::string_view record_mark = "@orfeas ";
inline constexpr std::string_view record_shape = "@orfeas xxxxxxxxxxxxxxxx xxxxxxxx xxxxxxxxxxxxxxxx\n";
inline constexpr std::size_t record_head = record_shape.size();
inline constexpr std::size_t record_checked = 34; // of the head: up to the checksum

constexpr int hex_value(char c) noexcept {
    return c >= '0' && c <= '9' ? c - '0' : (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

inline void append_digits(std::string& to, std::uint64_t value, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
        to.push_back("0123456789abcdef"[value >> static_cast<unsigned>(shift) & 15U]);
    }
}

/// The number in digits that were checked.
constexpr std::uint64_t number_in(std::string_view digits) noexcept {
    std::uint64_t value = 0;
    for (char const c : digits) {
        value = value << 4U | static_cast<std::uint64_t>(hex_value(c));
    }
    return value;
}

inline std::uint64_t record_checksum(std::string_view head, std::string_view payload) noexcept {
    std::array<char, record_checked + 8> both{};
    std::memcpy(both.data(), head.data(), record_checked);
    std::uint64_t const sum = stable_hash64(payload);
    std::memcpy(both.data() + record_checked, &sum, sizeof sum);
    return stable_hash64(std::string_view{both.data(), both.size()});
}

/// How many of the first characters are those of a head.
inline std::size_t matching_head(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size() && at < record_head &&
           (record_shape[at] == 'x' ? hex_value(text[at]) >= 0 : text[at] == record_shape[at])) {
        ++at;
    }
    return at;
}

/// What a text begins with.
struct record_beginning {
    enum class state : std::uint8_t { whole, cut, no_record };

    state is = state::no_record;
    std::size_t size = 0;     ///< of the whole record
    std::size_t matching = 0; ///< bytes at the begin that a record cut short could consist of
    std::uint64_t sequence = 0;
};

inline record_beginning begins_with(std::string_view text, std::size_t largest) noexcept {
    record_beginning made;
    made.matching = matching_head(text);
    if (made.matching < record_head) {
        made.is = made.matching == text.size() ? record_beginning::state::cut : record_beginning::state::no_record;
        return made;
    }
    auto const length = number_in(text.substr(25, 8));
    if (length > largest) {
        made.matching = 0;
        return made;
    }
    made.sequence = number_in(text.substr(8, 16));
    made.size = record_head + static_cast<std::size_t>(length) + 1;
    made.matching = made.size - 1;
    if (text.size() < made.size) {
        made.is = record_beginning::state::cut;
        return made;
    }
    auto const payload = text.substr(record_head, static_cast<std::size_t>(length));
    bool const is_whole =
        text[made.size - 1] == '\n' && number_in(text.substr(record_checked, 16)) == record_checksum(text, payload);
    made.is = is_whole ? record_beginning::state::whole : record_beginning::state::no_record;
    return made;
}

} // namespace detail

/// Appends a record to a text. The payload has fewer than 2^32 bytes.
inline void append_record(std::string& to, std::uint64_t sequence, std::string_view payload) {
    ORFEAS_ASSERT(payload.size() <= 0xFFFFFFFFU, "split what does not fit into one record");
    std::size_t const begin = to.size();
    to.reserve(begin + detail::record_head + payload.size() + 1);
    to.append(detail::record_mark);
    detail::append_digits(to, sequence, 16);
    to.push_back(' ');
    detail::append_digits(to, payload.size(), 8);
    to.push_back(' ');
    detail::append_digits(to, detail::record_checksum(std::string_view{to}.substr(begin), payload), 16);
    to.append("\n").append(payload).append("\n");
}

/// Finds the whole records in a stream of bytes, which comes in pieces of any size.
///
///     for (each piece) { reader.feed(piece); while (auto const record = reader.next()) { … } }
///     reader.finish();   while (auto const record = reader.next()) { … }
///
/// Where bytes are no record, the next whole one with a higher sequence number is looked for, and what lies between is told
/// in the report. Memory: a largest record and a piece.
/// Thread-compatible (distinct objects).
class record_frame_reader {
  public:
    /// Records with more than `largest` bytes of payload are none.
    explicit record_frame_reader(std::size_t largest = std::size_t{1} << 20U) noexcept : largest_{largest} {}

    /// Takes in the next bytes of the stream.
    void feed(std::string_view bytes) {
        buffer_.erase(0, at_);
        begin_ += at_;
        at_ = 0;
        buffer_.append(bytes);
        if (auto const last = bytes.find_last_not_of('\0'); last != std::string_view::npos) {
            last_written_ = report_.bytes + last + 1;
        }
        report_.bytes += bytes.size();
    }

    /// Says that the stream has ended.
    void finish() noexcept { finished_ = true; }

    /// The next whole record; nothing when more bytes are needed or the stream has ended.
    std::optional<framed_record> next() {
        while (at_ < buffer_.size()) {
            auto const rest = std::string_view{buffer_}.substr(at_);
            auto const found = detail::begins_with(rest, largest_);
            std::uint64_t const offset = begin_ + at_;
            if (offset == report_.committed_bytes) {
                matching_ = found.matching;
            }
            if (found.is == detail::record_beginning::state::cut && !finished_) {
                return std::nullopt;
            }
            bool const is_old = report_.records > 0 && found.sequence < report_.next_sequence;
            if (found.is == detail::record_beginning::state::whole && !is_old) {
                at_ += found.size;
                note(offset, found);
                return framed_record{found.sequence, offset,
                                     rest.substr(detail::record_head, found.size - detail::record_head - 1)};
            }
            at_ = std::min(buffer_.find(detail::record_mark.front(), at_ + 1), buffer_.size());
        }
        return std::nullopt;
    }

    /// What was found so far; `tail` is that of the stream once it has ended and `next()` gave nothing.
    record_report report() const noexcept {
        auto made = report_;
        if (made.tail_bytes() > 0) {
            bool const is_torn = last_written_ <= made.committed_bytes + matching_;
            made.tail = is_torn ? record_tail::torn : record_tail::damaged;
        }
        return made;
    }

  private:
    void note(std::uint64_t offset, detail::record_beginning const& found) noexcept {
        if (offset > report_.committed_bytes) {
            report_.first_damage = report_.damaged_places == 0 ? report_.committed_bytes : report_.first_damage;
            report_.damaged_bytes += offset - report_.committed_bytes;
            ++report_.damaged_places;
        }
        report_.missing_records += found.sequence - report_.next_sequence;
        report_.next_sequence = found.sequence + 1;
        report_.committed_bytes = offset + found.size;
        ++report_.records;
    }

    std::size_t largest_;
    std::string buffer_;
    std::size_t at_ = 0;             // in the buffer
    std::uint64_t begin_ = 0;        // of the buffer, in the stream
    std::uint64_t last_written_ = 0; // behind the last byte that is not zero
    std::size_t matching_ = 0;       // bytes behind the last whole record that one cut short could consist of
    bool finished_ = false;
    record_report report_{};
};

} // namespace orfeas::inline v0
