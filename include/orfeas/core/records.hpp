// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace orfeas::inline v0 {

namespace detail {

/// A number as its bytes. The machine is little-endian: core/stable_hash.hpp says so.
template<class T>
concept plain_number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

} // namespace detail

/// Appends numbers, texts and named records to bytes of the caller's. Thread-compatible (distinct objects).
class record_writer {
  public:
    explicit record_writer(std::vector<std::byte>& to) noexcept : to_{to} {}

    template<detail::plain_number T>
    void number(T value) {
        auto const bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
        to_.insert(to_.end(), bytes.begin(), bytes.end());
    }

    void text(std::string_view text) {
        number(static_cast<std::uint32_t>(text.size()));
        auto const bytes = std::as_bytes(std::span{text});
        to_.insert(to_.end(), bytes.begin(), bytes.end());
    }

    /// A name, the number of bytes that `write(bytes)` appends, and those bytes: a reader can pass over it.
    template<std::invocable<std::vector<std::byte>&> Write>
    void record(std::string_view name, Write&& write) {
        text(name);
        std::size_t const at = to_.size();
        number(std::uint64_t{0});
        write(to_);
        auto const size = std::bit_cast<std::array<std::byte, 8>>(std::uint64_t{to_.size() - at - 8});
        std::memcpy(to_.data() + at, size.data(), size.size());
    }

  private:
    std::vector<std::byte>& to_;
};

/// Takes back what a record_writer wrote, from bytes that outlive it. What does not fit into the rest of the bytes makes it
/// fail for good: `good()` is false then, and what is taken is zero or empty. Thread-compatible (distinct objects).
class record_reader {
  public:
    explicit record_reader(std::span<std::byte const> from) noexcept : rest_{from} {}

    bool good() const noexcept { return good_; }
    bool at_end() const noexcept { return rest_.empty(); }

    template<detail::plain_number T>
    T number() noexcept {
        T value{};
        if (auto const bytes = take(sizeof(T)); bytes.size() == sizeof(T)) {
            std::memcpy(&value, bytes.data(), sizeof(T));
        }
        return value;
    }

    std::string text() {
        auto const bytes = take(number<std::uint32_t>());
        return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    }

    /// The bytes of a record whose name was read as text.
    std::span<std::byte const> body() noexcept { return take(number<std::uint64_t>()); }

  private:
    std::span<std::byte const> take(std::uint64_t size) noexcept {
        if (!good_ || size > rest_.size()) {
            good_ = false;
            return {};
        }
        auto const bytes = rest_.first(static_cast<std::size_t>(size));
        rest_ = rest_.subspan(bytes.size());
        return bytes;
    }

    std::span<std::byte const> rest_;
    bool good_ = true;
};

} // namespace orfeas::inline v0
