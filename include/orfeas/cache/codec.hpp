// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/assert.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// Turns values into bytes and back, for tiers outside the process. `encode(value, out)` appends to `out`;
/// `decode(bytes)` takes exactly what one `encode` appended, and is empty for bytes that are not of its making. Bytes may
/// come from another release or another program, so decoding never trusts them. Both are thread-safe.
template<class C, class T>
concept codec = requires { sizeof(C); } && std::copy_constructible<C> &&
                requires(C const& c, T const& value, std::string& out, std::string_view bytes) {
                    c.encode(value, out);
                    { c.decode(bytes) } -> std::same_as<std::optional<T>>;
                };

/// The codec that a type has unless another one is given. Known for trivially copyable types, strings, vectors of either,
/// and shared pointers to any of these. Specialise it for types of your own; `append_part` and `take_part` compose:
///
///     template <>
///     struct orfeas::cache::default_codec<mesh> {
///         void encode(mesh const& m, std::string& out) const {
///             append_part(m.name, out);
///             append_part(m.points, out);
///         }
///         std::optional<mesh> decode(std::string_view bytes) const {
///             auto name = take_part<std::string>(bytes);
///             auto points = take_part<std::vector<float>>(bytes);
///             return name && points && bytes.empty() ? std::optional{mesh{*name, *points}} : std::nullopt;
///         }
///     };
template<class T>
struct default_codec;

/// A type that can leave the process without being told how.
template<class T>
concept has_codec = codec<default_codec<T>, T>;

namespace detail {

/// Refers to bytes that something else owns.
template<class T>
inline constexpr bool is_view = std::is_trivially_copyable_v<T> && std::is_convertible_v<T const&, std::string_view>;
template<class T, std::size_t N>
inline constexpr bool is_view<std::span<T, N>> = true;

/// Bytes that mean the same in another process: views and pointers do not.
template<class T>
concept plain_bytes = std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> && !std::is_pointer_v<T> &&
                      !std::is_member_pointer_v<T> && !std::is_null_pointer_v<T> && !std::is_empty_v<T> &&
                      !is_view<T> && !std::is_const_v<T>;

} // namespace detail

/// A value's bytes as they are in memory: the processes that share them have the same layout for the type (same release,
/// same kind of machine). Bytes of another size are refused; those of equal size are taken as they come, so a type that
/// changed its meaning should change the key. Padding is written with whatever it holds.
template<detail::plain_bytes T>
struct default_codec<T> {
    void encode(T const& value, std::string& out) const {
        out.append(reinterpret_cast<char const*>(std::addressof(value)), sizeof value);
    }
    std::optional<T> decode(std::string_view bytes) const {
        if (bytes.size() != sizeof(T)) {
            return std::nullopt;
        }
        if constexpr (std::is_same_v<T, bool>) { // no other byte is a bool
            bool const is_bool = bytes[0] == 0 || bytes[0] == 1;
            return is_bool ? std::optional{bytes[0] == 1} : std::nullopt;
        } else {
            T value;
            std::memcpy(std::addressof(value), bytes.data(), sizeof value);
            return value;
        }
    }
};

template<>
struct default_codec<std::string> {
    void encode(std::string const& value, std::string& out) const { out.append(value); }
    std::optional<std::string> decode(std::string_view bytes) const { return std::string{bytes}; }
};

/// Bytes that are borrowed: what is decoded is a view of what was given to `decode` and lives no longer. For values that are
/// written from, or consumed into, memory of the caller; a cache that keeps values needs one that owns its bytes.
struct byte_view_codec {
    void encode(std::span<std::byte const> value, std::string& out) const {
        out.append(reinterpret_cast<char const*>(value.data()), value.size());
    }
    std::optional<std::span<std::byte const>> decode(std::string_view bytes) const {
        return std::as_bytes(std::span{bytes});
    }
};

/// Appends the bytes of `part` with their number before them (32 bits), so that more can follow. A part has less than 4 GiB.
template<has_codec T>
void append_part(T const& part, std::string& out) {
    std::size_t const at = out.size();
    out.append(4, '\0');
    default_codec<T>{}.encode(part, out);
    std::size_t const size = out.size() - at - 4;
    ORFEAS_ASSERT(size <= 0xffffffffU, "a part has less than 4 GiB");
    for (std::size_t byte = 0; byte < 4; ++byte) {
        out[at + byte] = static_cast<char>(size >> (8 * byte) & 0xff);
    }
}

/// Takes what `append_part` appended off the front of `bytes`. Empty when it is not that of a T; `bytes` is then undefined.
template<has_codec T>
std::optional<T> take_part(std::string_view& bytes) {
    if (bytes.size() < 4) {
        return std::nullopt;
    }
    std::size_t size = 0;
    for (std::size_t byte = 4; byte-- > 0;) {
        size = size << 8 | static_cast<std::uint8_t>(bytes[byte]);
    }
    bytes.remove_prefix(4);
    if (size > bytes.size()) {
        return std::nullopt;
    }
    auto part = default_codec<T>{}.decode(bytes.substr(0, size));
    bytes.remove_prefix(size);
    return part;
}

/// The elements one after the other.
template<detail::plain_bytes T>
    requires(!std::is_same_v<T, bool>)
struct default_codec<std::vector<T>> {
    void encode(std::vector<T> const& values, std::string& out) const {
        out.append(reinterpret_cast<char const*>(values.data()), values.size() * sizeof(T));
    }
    std::optional<std::vector<T>> decode(std::string_view bytes) const {
        if (bytes.size() % sizeof(T) != 0) {
            return std::nullopt;
        }
        std::vector<T> values(bytes.size() / sizeof(T));
        if (!bytes.empty()) {
            std::memcpy(values.data(), bytes.data(), bytes.size());
        }
        return values;
    }
};

/// The elements as parts: each with its size before it.
template<has_codec T>
    requires(!detail::plain_bytes<T>)
struct default_codec<std::vector<T>> {
    void encode(std::vector<T> const& values, std::string& out) const {
        for (auto const& value : values) {
            append_part(value, out);
        }
    }
    std::optional<std::vector<T>> decode(std::string_view bytes) const {
        std::vector<T> values;
        while (!bytes.empty()) {
            auto value = take_part<T>(bytes);
            if (!value) {
                return std::nullopt;
            }
            values.push_back(std::move(*value));
        }
        return values;
    }
};

/// What the pointer points to, behind a byte that says whether it points to anything.
template<class T>
    requires has_codec<std::remove_const_t<T>>
struct default_codec<std::shared_ptr<T>> {
    using pointee = std::remove_const_t<T>;

    void encode(std::shared_ptr<T> const& pointer, std::string& out) const {
        out.push_back(pointer == nullptr ? '\0' : '\1');
        if (pointer != nullptr) {
            default_codec<pointee>{}.encode(*pointer, out);
        }
    }
    std::optional<std::shared_ptr<T>> decode(std::string_view bytes) const {
        if (bytes == std::string_view{"\0", 1}) {
            return std::shared_ptr<T>{};
        }
        if (!bytes.starts_with('\1')) {
            return std::nullopt;
        }
        auto value = default_codec<pointee>{}.decode(bytes.substr(1));
        return value ? std::optional<std::shared_ptr<T>>{std::make_shared<pointee>(std::move(*value))} : std::nullopt;
    }
};

static_assert(has_codec<int> && has_codec<std::string> && has_codec<std::vector<std::byte>>);
static_assert(has_codec<std::shared_ptr<std::vector<float> const>> && has_codec<std::vector<std::string>>);
static_assert(codec<byte_view_codec, std::span<std::byte const>>);

} // namespace orfeas::inline v0::cache
