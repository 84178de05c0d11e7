// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache {

/// How many bytes a value holds, what it owns on the heap included. Known for trivially copyable types, strings, vectors,
/// optionals, pairs, the standard smart pointers (a shared value counts in full for each holder) and every type with a
/// member `size_bytes()` that gives the bytes it owns. Specialise it for others:
///
///     template <>
///     struct orfeas::cache::size_hint<mesh> {
///         static std::size_t bytes(mesh const& m) noexcept { return sizeof m + m.triangles.size() * 50; }
///     };
///
/// A type without one needs a weigher of its own; guessing would make the byte bound a lie.
template<class T>
struct size_hint;

/// A type whose size the default weigher knows.
template<class T>
concept has_size_hint = requires(T const& value) {
    { size_hint<std::remove_const_t<T>>::bytes(value) } -> std::same_as<std::size_t>;
};

/// The bytes that `value` holds. Complexity: that of the type's hint; linear in the elements of a vector of owners.
template<has_size_hint T>
std::size_t size_in_bytes(T const& value) {
    return size_hint<std::remove_const_t<T>>::bytes(value);
}

namespace detail {

template<class T>
concept owns_bytes = !std::is_trivially_copyable_v<T> && requires(T const& value) {
    { value.size_bytes() } -> std::convertible_to<std::size_t>;
};

template<class Pointer>
std::size_t pointer_bytes(Pointer const& pointer) {
    return sizeof(Pointer) + (pointer == nullptr ? 0 : size_in_bytes(*pointer));
}

} // namespace detail

template<class T>
    requires std::is_trivially_copyable_v<T>
struct size_hint<T> {
    static std::size_t bytes(T const&) noexcept { return sizeof(T); }
};

template<detail::owns_bytes T>
struct size_hint<T> {
    static std::size_t bytes(T const& value) { return sizeof(T) + static_cast<std::size_t>(value.size_bytes()); }
};

template<class Char, class Traits, class Allocator>
struct size_hint<std::basic_string<Char, Traits, Allocator>> {
    using string = std::basic_string<Char, Traits, Allocator>;
    static std::size_t bytes(string const& text) noexcept {
        bool const inside = text.capacity() <= string{}.capacity(); // the small-string buffer is part of the object
        return sizeof(string) + (inside ? 0 : (text.capacity() + 1) * sizeof(Char));
    }
};

template<has_size_hint T, class Allocator>
struct size_hint<std::vector<T, Allocator>> {
    static std::size_t bytes(std::vector<T, Allocator> const& values) {
        std::size_t total = sizeof values + values.capacity() * sizeof(T);
        if constexpr (!std::is_trivially_copyable_v<T>) {
            for (auto const& value : values) {
                total += size_in_bytes(value) - sizeof(T);
            }
        }
        return total;
    }
};

template<has_size_hint T>
struct size_hint<std::shared_ptr<T>> {
    static std::size_t bytes(std::shared_ptr<T> const& pointer) { return detail::pointer_bytes(pointer); }
};

template<has_size_hint T, class Deleter>
struct size_hint<std::unique_ptr<T, Deleter>> {
    static std::size_t bytes(std::unique_ptr<T, Deleter> const& pointer) { return detail::pointer_bytes(pointer); }
};

template<has_size_hint T>
    requires(!std::is_trivially_copyable_v<T>)
struct size_hint<std::optional<T>> {
    static std::size_t bytes(std::optional<T> const& value) {
        return sizeof value + (value ? size_in_bytes(*value) - sizeof(T) : 0);
    }
};

template<has_size_hint A, has_size_hint B>
    requires(!std::is_trivially_copyable_v<std::pair<A, B>>)
struct size_hint<std::pair<A, B>> {
    static std::size_t bytes(std::pair<A, B> const& value) {
        return sizeof value + size_in_bytes(value.first) - sizeof(A) + size_in_bytes(value.second) - sizeof(B);
    }
};

} // namespace orfeas::inline v0::cache
