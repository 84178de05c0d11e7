// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace orfeas::inline v0::http {

/// Immutable bytes together with whatever keeps them alive: a cached answer, a buffer of a pool, a request's body.
/// Copies share the bytes. Thread-safe, since nothing can change the bytes.
struct shared_bytes {
    std::span<std::byte const> bytes;
    std::shared_ptr<void const> owner;

    /// Shares a string.
    static shared_bytes of(std::shared_ptr<std::string const> text) {
        auto const bytes = std::as_bytes(std::span{text->data(), text->size()});
        return {bytes, std::move(text)};
    }

    /// Shares the bytes of a container.
    static shared_bytes of(std::shared_ptr<std::vector<std::byte> const> data) {
        std::span<std::byte const> const bytes{*data};
        return {bytes, std::move(data)};
    }
};

/// The content of an answer: nothing, an owned string or vector, or shared immutable bytes, which no answer copies.
/// Thread-compatible (distinct objects).
class body {
  public:
    body() = default;
    body(std::string text) : content_{std::move(text)} {}
    body(std::string_view text) : content_{std::string{text}} {}
    body(char const* text) : content_{std::string{text}} {}
    body(std::vector<std::byte> data) : content_{std::move(data)} {}
    body(shared_bytes shared) : content_{std::move(shared)} {}
    body(std::shared_ptr<std::string const> text) : content_{shared_bytes::of(std::move(text))} {}

    /// The bytes; valid until the body is changed, moved or destroyed.
    std::span<std::byte const> bytes() const noexcept {
        if (auto const* text = std::get_if<std::string>(&content_)) {
            return std::as_bytes(std::span{text->data(), text->size()});
        }
        if (auto const* data = std::get_if<std::vector<std::byte>>(&content_)) {
            return {*data};
        }
        if (auto const* shared = std::get_if<shared_bytes>(&content_)) {
            return shared->bytes;
        }
        return {};
    }

    /// The bytes as characters.
    std::string_view text() const noexcept {
        auto const view = bytes();
        return {reinterpret_cast<char const*>(view.data()), view.size()};
    }

    std::size_t size() const noexcept { return bytes().size(); }
    bool empty() const noexcept { return size() == 0; }

  private:
    std::variant<std::monostate, std::string, std::vector<std::byte>, shared_bytes> content_;
};

} // namespace orfeas::inline v0::http
