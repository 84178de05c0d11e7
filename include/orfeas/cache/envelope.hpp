// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/stable_hash.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace orfeas::inline v0::cache {

/// What an envelope says of its payload. Flags add up.
enum class envelope_flags : std::uint8_t {
    none = 0,
    compressed = 1, ///< the payload is compressed
    negative = 2,   ///< there is no value: the absence was remembered
    erased = 4,     ///< nothing is known: the key was erased, and loads that began before must not be stored
};

constexpr envelope_flags operator|(envelope_flags a, envelope_flags b) noexcept {
    return static_cast<envelope_flags>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}

/// Whether `flags` holds all of `wanted`.
constexpr bool has_flags(envelope_flags flags, envelope_flags wanted) noexcept {
    return (static_cast<std::uint8_t>(flags) & static_cast<std::uint8_t>(wanted)) == static_cast<std::uint8_t>(wanted);
}

/// The generation that a tag had when a value was made. A value whose tag has moved on is no longer valid.
struct tag_stamp {
    std::uint64_t tag = 0; ///< `stable_hash64` of the tag's name
    std::uint64_t generation = 0;

    friend bool operator==(tag_stamp const&, tag_stamp const&) = default;
};

/// What is written beside a value in a remote cache. Times are civil, to the millisecond, since processes share them.
struct envelope_header {
    envelope_flags flags = envelope_flags::none;
    wall_time created{};
    wall_time soft_deadline = wall_time::max(); ///< from then on the value is stale: usable while a new one is made
    wall_time hard_deadline = wall_time::max(); ///< from then on it is no value
    std::span<tag_stamp const> tags{};          ///< at most 65,535; borrowed for the length of the call
};

/// Why bytes are no envelope that this release can use. All of these count as a miss.
enum class envelope_fault : std::uint8_t {
    none,
    foreign,         ///< something else was stored under the key
    unknown_version, ///< written by a release whose envelopes this one does not know
    truncated,       ///< shorter than it says
    corrupted,       ///< the checksum or the length is wrong
};

constexpr std::string_view to_string(envelope_fault fault) noexcept {
    switch (fault) {
    case envelope_fault::none:
        return "none";
    case envelope_fault::foreign:
        return "foreign";
    case envelope_fault::unknown_version:
        return "unknown_version";
    case envelope_fault::truncated:
        return "truncated";
    case envelope_fault::corrupted:
        return "corrupted";
    }
    return "none";
}

namespace detail {

/// The layout, all numbers little-endian:
///   0 "ORFC"   4 version   5 flags   6 number of tags (16 bits)   8 created   16 soft deadline   24 hard deadline (ms since
///   1970, signed)   32 size of the payload   40 tags (hash, generation: 64 bits each)   payload   XXH64 of all before it
inline constexpr std::string_view envelope_magic = "ORFC";
inline constexpr std::uint8_t envelope_version = 1;
inline constexpr std::size_t envelope_head = 40;
inline constexpr std::size_t envelope_tail = 8;
inline constexpr std::uint8_t known_envelope_flags = 7;
inline constexpr std::int64_t never_ms = std::numeric_limits<std::int64_t>::max();

template<class Number>
void put_number(char* to, Number value) noexcept {
    std::memcpy(to, &value, sizeof value); // the machine is little-endian: core/stable_hash.hpp says so
}

inline void append_number(std::string& to, std::uint64_t value) {
    char bytes[sizeof value];
    put_number(bytes, value);
    to.append(bytes, sizeof bytes);
}

/// The number at the place `at`, which is inside.
template<class Number>
Number number_at(std::string_view bytes, std::size_t at) noexcept {
    Number value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

inline std::int64_t to_ms(wall_time t) noexcept {
    return t == wall_time::max() ? never_ms
                                 : std::chrono::floor<std::chrono::milliseconds>(t.time_since_epoch()).count();
}

/// A time beyond what the clock can represent is its last or first one.
inline wall_time from_ms(std::int64_t ms) noexcept {
    using std::chrono::milliseconds;
    if (ms >= std::chrono::floor<milliseconds>(wall_time::max().time_since_epoch()).count()) {
        return wall_time::max();
    }
    if (ms <= std::chrono::ceil<milliseconds>(wall_time::min().time_since_epoch()).count()) {
        return wall_time::min();
    }
    return wall_time{milliseconds{ms}};
}

} // namespace detail

/// Writes an envelope to the end of a string in three steps, so that the payload is never copied: the constructor appends
/// what stands before it, the owner appends the payload, `finish` closes. Thread-compatible (distinct objects).
class envelope_writer {
  public:
    envelope_writer(std::string& to, envelope_header const& header) : to_{to}, begin_{to.size()} {
        using namespace detail;
        ORFEAS_ASSERT(header.tags.size() <= 0xffff, "at most 65,535 tags on a value");
        char head[envelope_head] = {}; // appended at once; the size of the payload comes with finish()
        std::memcpy(head, envelope_magic.data(), envelope_magic.size());
        put_number(head + 4, envelope_version);
        put_number(head + 5, static_cast<std::uint8_t>(header.flags));
        put_number(head + 6, static_cast<std::uint16_t>(header.tags.size()));
        put_number(head + 8, to_ms(header.created));
        put_number(head + 16, to_ms(header.soft_deadline));
        put_number(head + 24, to_ms(header.hard_deadline));
        to.append(head, sizeof head);
        for (auto const& stamp : header.tags) {
            append_number(to, stamp.tag);
            append_number(to, stamp.generation);
        }
        payload_ = to.size();
    }
    envelope_writer(envelope_writer const&) = delete;
    envelope_writer& operator=(envelope_writer const&) = delete;

    /// Where the payload begins in the string.
    std::size_t payload_begin() const noexcept { return payload_; }

    /// Adds a flag that shows only after the payload was made.
    void add(envelope_flags flags) noexcept {
        auto& byte = to_[begin_ + 5];
        byte = static_cast<char>(static_cast<std::uint8_t>(byte) | static_cast<std::uint8_t>(flags));
    }

    /// Notes the size of what was appended since the constructor, and appends the checksum. To be called once.
    void finish() {
        std::uint64_t const size = to_.size() - payload_;
        detail::put_number(to_.data() + begin_ + 32, size);
        detail::append_number(to_, stable_hash64(std::string_view{to_}.substr(begin_)));
    }

  private:
    std::string& to_;
    std::size_t begin_;
    std::size_t payload_ = 0;
};

/// Appends an envelope around `payload` to `to`.
inline void append_envelope(std::string& to, envelope_header const& header, std::string_view payload) {
    envelope_writer writer{to, header};
    to.append(payload);
    writer.finish();
}

/// An envelope in bytes that someone else owns; nothing is copied. Whatever the bytes are, reading them has a result: either
/// a valid envelope, or the fault. Every changed byte and every missing one is found. Thread-compatible (distinct objects).
class envelope_view {
  public:
    /// Complexity: linear in the bytes, which are all checked.
    explicit envelope_view(std::string_view bytes) noexcept : bytes_{bytes}, fault_{check()} {}

    bool valid() const noexcept { return fault_ == envelope_fault::none; }
    envelope_fault fault() const noexcept { return fault_; }

    // The rest is asked of a valid envelope only.

    envelope_flags flags() const noexcept { return static_cast<envelope_flags>(head<std::uint8_t>(5)); }
    wall_time created() const noexcept { return detail::from_ms(head<std::int64_t>(8)); }
    wall_time soft_deadline() const noexcept { return detail::from_ms(head<std::int64_t>(16)); }
    wall_time hard_deadline() const noexcept { return detail::from_ms(head<std::int64_t>(24)); }
    std::size_t tag_count() const noexcept { return head<std::uint16_t>(6); }

    /// The stamp number `index`, which is below `tag_count()`.
    tag_stamp tag(std::size_t index) const noexcept {
        ORFEAS_ASSERT(index < tag_count(), "the number of a tag");
        std::size_t const at = detail::envelope_head + 16 * index;
        return {detail::number_at<std::uint64_t>(bytes_, at), detail::number_at<std::uint64_t>(bytes_, at + 8)};
    }

    /// What was enclosed; valid as long as the bytes.
    std::string_view payload() const noexcept {
        std::size_t const begin = detail::envelope_head + 16 * tag_count();
        return bytes_.substr(begin, bytes_.size() - begin - detail::envelope_tail);
    }

  private:
    template<class Number>
    Number head(std::size_t at) const noexcept {
        ORFEAS_ASSERT(valid(), "ask valid() first");
        return detail::number_at<Number>(bytes_, at);
    }

    envelope_fault check() const noexcept {
        using namespace detail;
        if (!bytes_.starts_with(envelope_magic)) {
            return envelope_fault::foreign;
        }
        if (bytes_.size() < envelope_head + envelope_tail) {
            return envelope_fault::truncated;
        }
        if (static_cast<std::uint8_t>(bytes_[4]) != envelope_version) {
            return envelope_fault::unknown_version;
        }
        std::uint64_t const room = bytes_.size() - envelope_head - envelope_tail;
        std::uint64_t const tags = std::uint64_t{16} * number_at<std::uint16_t>(bytes_, 6);
        std::uint64_t const payload = number_at<std::uint64_t>(bytes_, 32);
        if (tags > room || payload > room - tags) {
            return envelope_fault::truncated;
        }
        std::size_t const end = bytes_.size() - envelope_tail;
        if (payload != room - tags || number_at<std::uint64_t>(bytes_, end) != stable_hash64(bytes_.substr(0, end))) {
            return envelope_fault::corrupted;
        }
        bool const known = (static_cast<std::uint8_t>(bytes_[5]) & ~known_envelope_flags) == 0;
        return known ? envelope_fault::none : envelope_fault::unknown_version;
    }

    std::string_view bytes_;
    envelope_fault fault_;
};

} // namespace orfeas::inline v0::cache
