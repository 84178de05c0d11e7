// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/byte_buffer.hpp>
#include <orfeas/core/assert.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::cache::redis {

/// What a value of a reply is. RESP2's nulls are `null`, and both kinds of error are `error`.
enum class kind : std::uint8_t {
    null,
    simple_string,
    blob_string,
    verbatim_string, ///< its text is without the format ("txt:")
    error,
    number,
    real,
    boolean,
    big_number, ///< its text is the digits
    array,
    set,
    map, ///< keys and values in turn: twice as many elements as pairs
    push,
};

namespace detail {

/// A value of a reply; the values of an aggregate follow it, each with all that it holds.
struct node {
    std::uint64_t value; // the number, the bits of the real, the truth, or where the text begins
    std::uint32_t size;  // bytes of the text, or elements of the aggregate
    std::uint32_t span;  // nodes from this one to the next that is not a part of it
    kind type;
};

/// What a response owns.
struct reply_storage {
    std::vector<node> nodes;
    byte_buffer text;
    std::size_t replies = 0;

    void clear() noexcept {
        nodes.clear();
        text.clear();
        replies = 0;
    }
};

} // namespace detail

/// One value of a reply: a view into the response that it is taken from. What does not fit the value's kind is an empty
/// text or nothing, so that a reply of another shape than was expected reads as absence and not as a bug.
/// Thread-compatible (distinct objects).
class reply_view {
  public:
    reply_view(detail::node const* at, char const* text) noexcept : at_{at}, text_{text} {}

    redis::kind kind() const noexcept { return at_->type; }
    bool is_null() const noexcept { return at_->type == redis::kind::null; }
    bool is_error() const noexcept { return at_->type == redis::kind::error; }
    bool is_aggregate() const noexcept { return at_->type >= redis::kind::array; }

    /// The text of a string, an error or a big number; empty for all else.
    std::string_view text() const noexcept {
        return is_text() ? std::string_view{text_ + at_->value, at_->size} : std::string_view{};
    }

    /// The text of a string that is not an error, or nothing: what GET and its kind answer.
    std::optional<std::string_view> string() const noexcept {
        return is_text() && !is_error() ? std::optional{text()} : std::nullopt;
    }

    /// The first word of an error ("MOVED", "WRONGTYPE"), or empty.
    std::string_view error_code() const noexcept {
        return is_error() ? text().substr(0, text().find(' ')) : std::string_view{};
    }

    std::optional<std::int64_t> number() const noexcept {
        return at_->type == redis::kind::number ? std::optional{static_cast<std::int64_t>(at_->value)} : std::nullopt;
    }
    std::optional<double> real() const noexcept {
        return at_->type == redis::kind::real ? std::optional{std::bit_cast<double>(at_->value)} : std::nullopt;
    }
    std::optional<bool> boolean() const noexcept {
        return at_->type == redis::kind::boolean ? std::optional{at_->value != 0} : std::nullopt;
    }

    /// The elements of an aggregate (of a map: keys and values); 0 for all else.
    std::size_t size() const noexcept { return is_aggregate() ? at_->size : 0; }

    /// Goes through the elements of an aggregate.
    class iterator {
      public:
        iterator(detail::node const* at, char const* text) noexcept : at_{at}, text_{text} {}
        reply_view operator*() const noexcept { return {at_, text_}; }
        iterator& operator++() noexcept {
            at_ += at_->span;
            return *this;
        }
        friend bool operator==(iterator a, iterator b) noexcept { return a.at_ == b.at_; }

      private:
        detail::node const* at_;
        char const* text_;
    };

    iterator begin() const noexcept { return {at_ + 1, text_}; }
    iterator end() const noexcept { return {at_ + at_->span, text_}; }

    /// Element `index`, which there is. O(index).
    reply_view operator[](std::size_t index) const noexcept {
        ORFEAS_ASSERT(index < size(), "ask for an element that there is");
        auto at = begin();
        for (; index > 0; --index) {
            ++at;
        }
        return *at;
    }

    /// The value of the key `name` of a map, if there is one. O(elements).
    std::optional<reply_view> find(std::string_view name) const noexcept {
        if (at_->type != redis::kind::map) {
            return std::nullopt;
        }
        for (auto at = begin(); at != end(); ++at) {
            bool const is_it = (*at).string() == name;
            ++at;
            if (is_it) {
                return *at;
            }
        }
        return std::nullopt;
    }

  private:
    bool is_text() const noexcept {
        using enum redis::kind;
        auto const type = at_->type;
        return (type >= simple_string && type <= redis::kind::error) || type == big_number;
    }

    detail::node const* at_;
    char const* text_;
};

/// Replies that own their bytes: those of one request, in the order of its commands. A few pieces of memory, however many
/// values there are; cleared, or handed in again for the next request, it keeps them. Moved from, it is empty; moving costs
/// as much as moving a pointer.
/// Thread-compatible (distinct objects).
class response {
  public:
    response() = default;
    response(response const& other)
        : storage_{other.storage_ ? std::make_unique<detail::reply_storage>(*other.storage_) : nullptr} {}
    response(response&&) = default;
    response& operator=(response other) noexcept {
        storage_.swap(other.storage_);
        return *this;
    }
    ~response() = default;

    /// How many replies there are.
    std::size_t size() const noexcept { return storage_ ? storage_->replies : 0; }
    bool empty() const noexcept { return size() == 0; }

    /// Reply `index`, which there is; valid while the response lives and does not change. O(1) when no reply is an
    /// aggregate, else O(index).
    reply_view operator[](std::size_t index) const noexcept {
        ORFEAS_ASSERT(index < size(), "ask for a reply that there is");
        detail::node const* at = storage_->nodes.data();
        if (storage_->nodes.size() == storage_->replies) {
            return {at + index, storage_->text.data()};
        }
        for (; index > 0; --index) {
            at += at->span;
        }
        return {at, storage_->text.data()};
    }

    reply_view front() const noexcept { return (*this)[0]; }

    reply_view::iterator begin() const noexcept {
        return storage_ ? reply_view::iterator{storage_->nodes.data(), storage_->text.data()}
                        : reply_view::iterator{nullptr, nullptr};
    }
    reply_view::iterator end() const noexcept {
        return storage_ ? reply_view::iterator{storage_->nodes.data() + storage_->nodes.size(), storage_->text.data()}
                        : reply_view::iterator{nullptr, nullptr};
    }

    /// The first reply that is an error, if one is.
    std::optional<reply_view> first_error() const noexcept {
        for (reply_view const each : *this) {
            if (each.is_error()) {
                return each;
            }
        }
        return std::nullopt;
    }

    /// Forgets the first reply, which there is: the second becomes the first. Its text stays held. O(values).
    void drop_front() {
        ORFEAS_ASSERT(!empty(), "drop a reply that there is");
        auto const begin = storage_->nodes.begin();
        storage_->nodes.erase(begin, begin + begin->span);
        --storage_->replies;
    }

    /// Bytes of text held.
    std::size_t text_bytes() const noexcept { return storage_ ? storage_->text.size() : 0; }

    /// Forgets the replies, keeps the memory.
    void clear() noexcept {
        if (storage_) {
            storage_->clear();
        }
    }

  private:
    friend class parser;

    detail::reply_storage* storage() {
        if (!storage_) {
            storage_ = std::make_unique<detail::reply_storage>();
        }
        return storage_.get();
    }

    std::unique_ptr<detail::reply_storage> storage_;
};

} // namespace orfeas::inline v0::cache::redis
