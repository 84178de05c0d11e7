// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/utf8.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace orfeas::inline v0 {

/// Writes the wire format of Protocol Buffers to the end of a string that the caller owns and may reuse: fields one after
/// another, messages within messages.
///
///     std::string out;
///     {
///         protobuf_writer writer{out};
///         auto const resource = writer.begin(1);
///         writer.text(1, "service.name");
///         writer.uint64(2, 7);
///         writer.end(resource);
///     } // the string is complete when the writer has gone
///
/// The writer grows the string ahead of what it writes, so the string is not to be touched meanwhile; what stood in it is
/// kept. No allocation once the string has the capacity. The length of a message goes before it: one byte is left for it,
/// and a message of 128 bytes or more moves up when it ends, unless `begin` was told that it would be long.
/// The writer knows no schema: numbers and types of fields, and leaving out defaults, are the caller's.
/// Source: protobuf.dev/programming-guides/encoding.
/// Thread-compatible (distinct objects).
class protobuf_writer {
  public:
    /// A message that has begun and not ended.
    struct message {
        std::size_t start;    ///< of its content
        std::uint8_t width;   ///< bytes left for its length
        std::uint32_t parent; ///< how many are open around it
    };

    explicit protobuf_writer(std::string& out) noexcept
        : out_{&out}, next_{out.data() + out.size()}, limit_{out.data() + out.size()} {}
    protobuf_writer(protobuf_writer const&) = delete;
    protobuf_writer& operator=(protobuf_writer const&) = delete;
    ~protobuf_writer() { out_->resize(size()); }

    // Fields. `field` is the number from the schema, 1 to 2^29 - 1.

    /// uint32, uint64, and enumerations.
    [[gnu::always_inline]] void uint64(std::uint32_t field, std::uint64_t value) {
        reserve(longest_tag + longest_varint);
        tag(field, wire_varint);
        varint(value);
    }
    /// int32 and int64; negative numbers take ten bytes.
    void int64(std::uint32_t field, std::int64_t value) { uint64(field, static_cast<std::uint64_t>(value)); }
    /// sint32 and sint64, which are short for small negative numbers too.
    void sint64(std::uint32_t field, std::int64_t value) { uint64(field, zigzag(value)); }
    void boolean(std::uint32_t field, bool value) { uint64(field, value ? 1 : 0); }

    /// fixed64 and sfixed64.
    [[gnu::always_inline]] void fixed64(std::uint32_t field, std::uint64_t value) {
        reserve(longest_tag + sizeof value);
        tag(field, wire_fixed64);
        word(value);
    }
    /// fixed32 and sfixed32.
    [[gnu::always_inline]] void fixed32(std::uint32_t field, std::uint32_t value) {
        reserve(longest_tag + sizeof value);
        tag(field, wire_fixed32);
        word(value);
    }
    /// A double.
    void number(std::uint32_t field, double value) { fixed64(field, std::bit_cast<std::uint64_t>(value)); }

    /// Bytes as they are.
    [[gnu::always_inline]] void bytes(std::uint32_t field, std::string_view value) {
        reserve(longest_tag + longest_varint + value.size());
        tag(field, wire_delimited);
        varint(value.size());
        copy(value);
    }
    /// A string. Receivers refuse a whole document for one byte that is not UTF-8, so such bytes become U+FFFD.
    [[gnu::always_inline]] void text(std::uint32_t field, std::string_view value) {
        reserve(longest_frame + value.size());
        char* const begin = next_;
        tag(field, wire_delimited);
        varint(value.size());
        std::uint64_t const seen = copied(next_, value);
        next_ += value.size();
        if ((seen & high_bits) != 0 && !is_utf8(value)) [[unlikely]] {
            next_ = begin;
            repaired(field, value);
        }
    }

    // Messages in messages, and packed fields.

    /// Begins a message, or a packed field. One that is likely to have 128 bytes or more is not moved at its end if
    /// `likely_size` says so: its length then takes the bytes that this size needs, as a varint that may be padded.
    [[gnu::always_inline]] message begin(std::uint32_t field, std::size_t likely_size = 0) {
        reserve(longest_tag + longest_varint);
        tag(field, wire_delimited);
        return open(likely_size);
    }
    /// Begins a message that stands alone behind its length, as in files and streams of delimited messages.
    message begin_delimited(std::size_t likely_size = 0) {
        reserve(longest_varint);
        return open(likely_size);
    }
    /// Ends the message that was begun last.
    [[gnu::always_inline]] void end(message const& ended) {
        ORFEAS_ASSERT(depth_ == ended.parent + 1, "end the message that was begun last");
        --depth_;
        std::size_t const length = size() - ended.start;
        if (ended.width == 2 && length < 1U << 14U) [[likely]] { // most spans
            auto const padded = static_cast<std::uint16_t>((length & 0x7FU) | 0x80U | length >> 7U << 8U);
            std::memcpy(out_->data() + ended.start - 2, &padded, sizeof padded);
        } else {
            end_any(ended, length);
        }
    }

    /// Elements of a packed field, between `begin` and `end`.
    void packed_uint64(std::uint64_t value) {
        reserve(longest_varint);
        varint(value);
    }
    void packed_sint64(std::int64_t value) { packed_uint64(zigzag(value)); }
    void packed_fixed64(std::uint64_t value) {
        reserve(sizeof value);
        word(value);
    }
    void packed_number(double value) { packed_fixed64(std::bit_cast<std::uint64_t>(value)); }

    /// Short fields in one go, between `claim` and `commit`: within the bytes that were claimed, nothing is looked at
    /// again, which makes them several times as fast. Texts are taken as they are.
    /// Thread-compatible (distinct objects).
    class run {
      public:
        [[gnu::always_inline]] void uint64(std::uint32_t field, std::uint64_t value) noexcept {
            raw(tag_of(field, wire_varint));
            raw(value);
        }
        [[gnu::always_inline]] void int64(std::uint32_t field, std::int64_t value) noexcept {
            uint64(field, static_cast<std::uint64_t>(value));
        }
        [[gnu::always_inline]] void boolean(std::uint32_t field, bool value) noexcept { uint64(field, value ? 1 : 0); }
        [[gnu::always_inline]] void fixed32(std::uint32_t field, std::uint32_t value) noexcept {
            raw(tag_of(field, wire_fixed32));
            word(value);
        }
        [[gnu::always_inline]] void fixed64(std::uint32_t field, std::uint64_t value) noexcept {
            raw(tag_of(field, wire_fixed64));
            word(value);
        }
        [[gnu::always_inline]] void number(std::uint32_t field, double value) noexcept {
            fixed64(field, std::bit_cast<std::uint64_t>(value));
        }
        [[gnu::always_inline]] void bytes(std::uint32_t field, std::string_view value) noexcept {
            message(field, value.size());
            copied(next_, value);
            next_ += value.size();
        }
        /// A text of less than 128 bytes in a field below 16, so that its frame is two bytes; whether all of it is 7-bit,
        /// which is looked at on the way. If not, the run may be left uncommitted.
        [[gnu::always_inline]] bool short_ascii(std::uint32_t field, std::string_view value) noexcept {
            word(static_cast<std::uint16_t>(tag_of(field, wire_delimited) | value.size() << 8U));
            std::uint64_t const seen = copied(next_, value);
            next_ += value.size();
            return (seen & high_bits) == 0;
        }
        /// Begins a message of less than 128 bytes in a field below 16.
        [[gnu::always_inline]] char* begin_short(std::uint32_t field) noexcept {
            *next_ = static_cast<char>(tag_of(field, wire_delimited));
            next_ += 2;
            return next_;
        }
        /// Ends the message that was begun last.
        [[gnu::always_inline]] void end_short(char* content) noexcept {
            content[-1] = static_cast<char>(next_ - content);
        }
        /// Bytes of a field whose frame has been written: those of a number, the most significant first.
        [[gnu::always_inline]] void big_endian(std::uint64_t value) noexcept { word(__builtin_bswap64(value)); }
        /// The beginning of a message of which the size is known: its fields follow.
        [[gnu::always_inline]] void message(std::uint32_t field, std::size_t size) noexcept {
            raw(tag_of(field, wire_delimited));
            raw(size);
        }

      private:
        friend class protobuf_writer;
        explicit run(char* next) noexcept : next_{next} {}

        [[gnu::always_inline]] void raw(std::uint64_t value) noexcept {
            while (value >= 0x80U) [[unlikely]] {
                *next_++ = static_cast<char>(value | 0x80U);
                value >>= 7U;
            }
            *next_++ = static_cast<char>(value);
        }
        template<std::unsigned_integral Word>
        [[gnu::always_inline]] void word(Word value) noexcept {
            std::memcpy(next_, &value, sizeof value);
            next_ += sizeof value;
        }

        char* next_;
    };

    /// Begins a run of fields that take at most `most` bytes all together.
    [[gnu::always_inline]] run claim(std::size_t most) {
        reserve(most);
        return run{next_};
    }
    [[gnu::always_inline]] void commit(run const& written) noexcept { next_ = written.next_; }

    /// Tag and length of a field, at most.
    static constexpr std::size_t longest_frame = 5 + 10;

    /// How many bytes a number takes as a varint.
    [[gnu::always_inline]] static constexpr std::size_t varint_size(std::uint64_t value) noexcept {
        return (static_cast<std::size_t>(std::bit_width(value | 1U)) * 9 + 64) / 64; // sevenths of the bits, rounded up
    }

    /// The bytes in the string so far.
    std::size_t size() const noexcept { return static_cast<std::size_t>(next_ - out_->data()); }

  private:
    static constexpr std::uint64_t high_bits = 0x8080808080808080U;
    static constexpr std::uint32_t wire_varint = 0;
    static constexpr std::uint32_t wire_fixed64 = 1;
    static constexpr std::uint32_t wire_delimited = 2;
    static constexpr std::uint32_t wire_fixed32 = 5;
    static constexpr std::size_t longest_tag = 5;
    static constexpr std::size_t longest_varint = 10;
    static_assert(longest_frame == longest_tag + longest_varint);

    static constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
        return static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63);
    }

    [[gnu::always_inline]] void reserve(std::size_t more) {
        if (static_cast<std::size_t>(limit_ - next_) < more) {
            grow(more);
        }
    }

    [[gnu::noinline, gnu::cold]] void grow(std::size_t more) {
        std::size_t const used = size();
        std::size_t const ahead = used / 2 > 512 ? used / 2 : 512;
        std::size_t const wanted = used + more + ahead;
        std::size_t const there = out_->capacity();
        // what the string can hold comes before a new allocation
        out_->resize(wanted > there && used + more <= there ? there : wanted);
        next_ = out_->data() + used;
        limit_ = out_->data() + out_->size();
    }

    static constexpr std::uint64_t tag_of(std::uint32_t field, std::uint32_t type) noexcept {
        return std::uint64_t{field} << 3U | type;
    }
    [[gnu::always_inline]] void tag(std::uint32_t field, std::uint32_t type) noexcept { varint(tag_of(field, type)); }

    [[gnu::always_inline]] void varint(std::uint64_t value) noexcept {
        char* at = next_;
        while (value >= 0x80U) {
            *at++ = static_cast<char>(value | 0x80U);
            value >>= 7U;
        }
        *at++ = static_cast<char>(value);
        next_ = at;
    }

    template<std::unsigned_integral Word>
    void word(Word value) noexcept {
        static_assert(std::endian::native == std::endian::little, "the wire format is little-endian");
        std::memcpy(next_, &value, sizeof value);
        next_ += sizeof value;
    }

    [[gnu::always_inline]] void copy(std::string_view value) noexcept {
        copied(next_, value);
        next_ += value.size();
    }

    /// Copies a text; most are short, and those go without a call. The result has a bit of `high_bits` set if one of the
    /// bytes is not 7-bit.
    [[gnu::always_inline]] static std::uint64_t copied(char* to, std::string_view value) noexcept {
        std::size_t const size = value.size();
        if (size >= 8 && size <= 16) {
            return copy_ends<std::uint64_t>(to, value);
        }
        if (size > 16 && size <= 32) {
            return copy_ends<std::uint64_t>(to, {value.data(), 16}) |
                   copy_ends<std::uint64_t>(to + size - 16, {value.data() + size - 16, 16});
        }
        if (size >= 4 && size < 8) {
            return copy_ends<std::uint32_t>(to, value);
        }
        return copy_any(to, value);
    }

    [[gnu::noinline]] static std::uint64_t copy_any(char* to, std::string_view value) noexcept {
        std::uint64_t seen = 0;
        std::size_t at = 0;
        for (; at + sizeof seen <= value.size(); at += sizeof seen) {
            seen |= word_at(value.data() + at);
        }
        for (; at < value.size(); ++at) {
            seen |= static_cast<unsigned char>(value[at]);
        }
        if (!value.empty()) {
            std::memcpy(to, value.data(), value.size());
        }
        return seen;
    }

    /// The first and the last bytes, as two words that may overlap; both together.
    template<class Word>
    [[gnu::always_inline]] static std::uint64_t copy_ends(char* to, std::string_view value) noexcept {
        Word first = 0;
        Word last = 0;
        std::memcpy(&first, value.data(), sizeof first);
        std::memcpy(&last, value.data() + value.size() - sizeof last, sizeof last);
        std::memcpy(to, &first, sizeof first);
        std::memcpy(to + value.size() - sizeof last, &last, sizeof last);
        return first | last;
    }

    message open(std::size_t likely_size) noexcept {
        auto const width = static_cast<std::uint8_t>(varint_size(likely_size));
        next_ += width;
        return {size(), width, depth_++};
    }

    [[gnu::noinline]] void end_any(message const& ended, std::size_t length) {
        std::size_t const needed = varint_size(length);
        if (needed > ended.width) {
            shift(ended, needed - ended.width, length);
        }
        padded_varint(out_->data() + ended.start - ended.width, length, needed > ended.width ? needed : ended.width);
    }

    void shift(message const& ended, std::size_t by, std::size_t length) {
        reserve(by);
        char* const start = out_->data() + ended.start;
        std::memmove(start + by, start, length);
        next_ += by;
    }

    static void padded_varint(char* at, std::uint64_t value, std::size_t width) noexcept {
        for (std::size_t i = 0; i + 1 < width; ++i) {
            at[i] = static_cast<char>(value | 0x80U);
            value >>= 7U;
        }
        at[width - 1] = static_cast<char>(value);
    }

    static std::uint64_t word_at(char const* from) noexcept {
        std::uint64_t eight = 0;
        std::memcpy(&eight, from, sizeof eight);
        return eight;
    }

    [[gnu::noinline]] static bool is_utf8(std::string_view text) noexcept {
        while (!text.empty()) {
            std::size_t const length = utf8_length(text);
            if (length == 0) {
                return false;
            }
            text.remove_prefix(length);
        }
        return true;
    }

    void repaired(std::uint32_t field, std::string_view value) {
        auto const whole = begin(field, value.size());
        while (!value.empty()) {
            std::size_t const length = utf8_length(value);
            reserve(replacement_character.size() + length);
            copy(length == 0 ? replacement_character : value.substr(0, length));
            value.remove_prefix(length == 0 ? 1 : length);
        }
        end(whole);
    }

    std::string* out_;
    char* next_;  // where the next byte goes
    char* limit_; // the end of what the string was grown to
    std::uint32_t depth_ = 0;
};

} // namespace orfeas::inline v0
