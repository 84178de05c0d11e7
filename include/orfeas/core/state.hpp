// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/fields.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/stable_hash.hpp>
#include <orfeas/core/state_error.hpp>

#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0 {

/// Appends saved states to bytes of the caller's. Several states may follow each other; they are read back in the same order.
/// Thread-compatible (distinct objects).
class state_writer {
  public:
    explicit state_writer(std::vector<std::byte>& to) noexcept : to_{to} {}

    std::vector<std::byte>& bytes() noexcept { return to_; }

  private:
    std::vector<std::byte>& to_;
};

/// Reads saved states, one after the other, from bytes that outlive it. What was refused is not passed over.
/// Thread-compatible (distinct objects).
class state_reader {
  public:
    explicit state_reader(std::span<std::byte const> from) noexcept : rest_{from} {}

    /// What has not been read yet.
    std::span<std::byte const> rest() const noexcept { return rest_; }

    /// Passes over bytes that were read. There are as many.
    void advance(std::size_t bytes) noexcept { rest_ = rest_.subspan(bytes); }

  private:
    std::span<std::byte const> rest_;
};

/// Tells the kind of a saved state and the layout of it.
struct state_kind {
    std::string_view name; ///< of the type that saves it: a string literal
    std::uint16_t version; ///< counts up when the layout or the meaning changes
};

namespace detail {

template<class T>
inline constexpr bool is_state_duration = false;
template<class Rep, class Period>
inline constexpr bool is_state_duration<std::chrono::duration<Rep, Period>> = true;
template<class T>
inline constexpr bool is_state_list = false;
template<class T, std::size_t N>
inline constexpr bool is_state_list<std::array<T, N>> = true;
template<class T>
inline constexpr bool is_state_list<std::vector<T>> = true;

/// Walks through all that `io` is given, down to numbers, on which it calls `io.number`. A class lists its members in
/// `static void state(auto& self, auto&& io)`; vectors keep the size that they were constructed with.
template<class Io>
class state_walk {
  public:
    explicit state_walk(Io& io) : io_{io} {}

    template<class... Ts>
    void operator()(Ts&... each) const {
        (walk(each), ...);
    }

  private:
    template<class T>
    void walk(T& value) const {
        using plain = std::remove_const_t<T>;
        if constexpr (std::is_arithmetic_v<plain> || std::is_enum_v<plain>) {
            io_.number(value);
        } else if constexpr (is_state_duration<plain>) {
            auto count = value.count();
            io_.number(count);
            if constexpr (!std::is_const_v<T>) {
                value = plain{count};
            }
        } else if constexpr (is_state_list<plain> || std::is_same_v<plain, std::string>) {
            for (auto& each : value) {
                walk(each);
            }
        } else {
            plain::state(value, *this);
        }
    }

    Io& io_;
};

struct state_counter {
    std::size_t bytes = 0;

    template<class T>
    void number(T const&) {
        bytes += sizeof(T);
    }
};

struct state_appender {
    std::vector<std::byte>& to;

    template<class T>
    void number(T const& value) { // the machine is little-endian: core/stable_hash.hpp says so
        auto const bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
        to.insert(to.end(), bytes.begin(), bytes.end());
    }
};

struct state_taker {
    std::byte const* from;
    bool valid = true;

    template<class T>
    void number(T& value) {
        if constexpr (std::is_same_v<T, bool>) { // other bytes are no bool
            valid = valid && (*from == std::byte{0} || *from == std::byte{1});
            value = *from == std::byte{1};
        } else {
            std::memcpy(&value, from, sizeof(T));
        }
        from += sizeof(T);
    }
};

/// The head of a saved state, all numbers little-endian:
///   0 "ORFS"   4 version of the layout (16 bits)   6 zero   8 XXH64 of the kind's name   16 fingerprint of the options
///   24 bytes of the payload   32 payload   XXH64 of all before it
inline constexpr std::string_view state_magic = "ORFS";
inline constexpr std::size_t state_head = 32;
inline constexpr std::size_t state_tail = 8;

template<class T>
std::size_t state_bytes_of(T const& object) {
    state_counter counter;
    state_walk{counter}(object);
    return counter.bytes;
}

} // namespace detail

/// Appends what `object` lists in `static void state(auto& self, auto&& io)`, in a frame that tells its kind, the fingerprint
/// of its options and a checksum.
template<class T>
void save_state(state_writer& out, state_kind const& kind, std::uint64_t options, T const& object) {
    auto& to = out.bytes();
    std::size_t const begin = to.size();
    std::size_t const payload = detail::state_bytes_of(object);
    to.reserve(begin + detail::state_head + payload + detail::state_tail);
    detail::state_appender append{to};
    for (char const c : detail::state_magic) {
        append.number(c);
    }
    append.number(kind.version);
    append.number(std::uint16_t{0});
    append.number(stable_hash64(kind.name));
    append.number(options);
    append.number(static_cast<std::uint64_t>(payload));
    detail::state_walk{append}(object);
    append.number(stable_hash64(std::span<std::byte const>{to}.subspan(begin)));
}

namespace detail {

template<class T>
T state_number(std::span<std::byte const> bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

/// Whether the frame at the begin of `bytes` is whole and holds `payload` bytes of that kind and those options.
inline std::error_code check_frame(std::span<std::byte const> bytes, state_kind const& kind, std::uint64_t fingerprint,
                                   std::size_t payload) {
    std::size_t const known = bytes.size() < state_magic.size() ? bytes.size() : state_magic.size();
    if (known > 0 && std::memcmp(bytes.data(), state_magic.data(), known) != 0) { // memcmp takes no null
        return state_error::foreign_state;
    }
    if (bytes.size() < state_head + state_tail) {
        return state_error::truncated_state;
    }
    if (state_number<std::uint64_t>(bytes, 8) != stable_hash64(kind.name)) {
        return state_error::foreign_state;
    }
    if (state_number<std::uint16_t>(bytes, 4) != kind.version) {
        return state_error::other_version;
    }
    if (state_number<std::uint64_t>(bytes, 16) != fingerprint) {
        return state_error::other_options;
    }
    if (state_number<std::uint64_t>(bytes, 24) != payload) {
        return state_error::corrupted_state;
    }
    if (bytes.size() - state_head - state_tail < payload) {
        return state_error::truncated_state;
    }
    auto const sum = state_number<std::uint64_t>(bytes, state_head + payload);
    return sum == stable_hash64(bytes.first(state_head + payload)) ? std::error_code{} : state_error::corrupted_state;
}

} // namespace detail

/// Replaces `object` by what was saved; leaves it as it is when that is refused. `T` is copyable, and its `valid()` says
/// whether its numbers can be: a place in a ring, say.
template<class T>
std::error_code load_state(state_reader& in, state_kind const& kind, std::uint64_t options, T& object) {
    std::size_t const payload = detail::state_bytes_of(object);
    if (auto const refused = detail::check_frame(in.rest(), kind, options, payload)) {
        return refused;
    }
    T loaded = object;
    detail::state_taker take{in.rest().data() + detail::state_head};
    detail::state_walk{take}(loaded);
    if (!take.valid || !loaded.valid()) {
        return state_error::corrupted_state;
    }
    object = std::move(loaded);
    in.advance(detail::state_head + payload + detail::state_tail);
    return {};
}

/// A number that differs where any member of the options does.
template<has_fields O>
std::uint64_t fingerprint(O const& options) {
    std::uint64_t sum = 0;
    O::fields(options, [&](std::string_view name, auto const& value, auto const&, std::string_view) {
        std::vector<std::byte> bytes;
        detail::state_appender append{bytes};
        detail::state_walk{append}(value);
        sum = mix64(sum ^ stable_hash64(name)) ^ stable_hash64(bytes);
    });
    return mix64(sum);
}

/// What can be saved and taken up again by another object of the same type and options, which then goes on exactly as this
/// one would have.
///
/// `save(out)` appends a state of a size that the options fix. `load(in)` takes the next state of `in`; when it is truncated,
/// foreign, damaged, or of other options, it returns a `state_error` and changes neither the object nor `in`.
template<class T>
concept saves_state = requires(T& object, T const& view, state_writer& out, state_reader& in) {
    { view.save(out) } -> std::same_as<void>;
    { object.load(in) } -> std::same_as<std::error_code>;
};

} // namespace orfeas::inline v0
