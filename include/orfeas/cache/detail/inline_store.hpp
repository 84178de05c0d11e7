// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/entry_list.hpp>
#include <orfeas/cache/detail/entry_marks.hpp>
#include <orfeas/cache/detail/reader_cells.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// A copy of a trivially copyable object in words that may be torn until the reader has made sure that it is not.
template<class T>
class raw_copy {
  public:
    static constexpr std::size_t words = (sizeof(T) + 7) / 8;

    raw_copy() = default;
    explicit raw_copy(std::array<std::atomic<std::uint64_t>, words> const& from) noexcept {
        for (std::size_t i = 0; i < words; ++i) {
            words_[i] = from[i].load(std::memory_order_acquire);
        }
    }

    /// The object, once it is known to be whole.
    T get() const noexcept {
        if constexpr (sizeof(T) == sizeof(std::uint64_t)) {
            return std::bit_cast<T>(words_[0]); // through a register
        } else {
            std::array<std::byte, sizeof(T)> bytes;
            std::memcpy(bytes.data(), words_.data(), sizeof(T));
            return std::bit_cast<T>(bytes);
        }
    }

  private:
    std::array<std::uint64_t, words> words_;
};

/// A trivially copyable object in atomic words: readers may copy it while a writer changes it, and find out afterwards.
template<class T>
class atomic_words {
  public:
    raw_copy<T> load() const noexcept { return raw_copy<T>{words_}; }

    void store(T const& value) noexcept {
        std::array<std::uint64_t, raw_copy<T>::words> words{};
        std::memcpy(words.data(), &value, sizeof(T));
        for (std::size_t i = 0; i < words.size(); ++i) {
            words_[i].store(words[i], std::memory_order_release);
        }
    }

  private:
    std::array<std::atomic<std::uint64_t>, raw_copy<T>::words> words_{};
};

/// Keeps small trivially copyable keys and values in the entries themselves. Readers copy both out.
template<class Key, class Value>
struct inline_store {
    static constexpr bool pins = false; ///< a reader needs no cell

    static constexpr bool fits =
        std::is_trivially_copyable_v<Key> && std::is_trivially_copyable_v<Value> && sizeof(Key) + sizeof(Value) <= 64;

    /// What `put` brings.
    struct pending {
        Key key;
        std::optional<Value> value; ///< empty: the key is known to have none
        std::uint64_t hash;
    };

    static pending prepare(std::uint64_t hash, Key&& key, std::optional<Value>&& value) {
        return {std::move(key), std::move(value), hash};
    }

    static Key const& key_of(pending const& added) noexcept { return added.key; }
    static Value const* value_of(pending const& added) noexcept { return added.value ? &*added.value : nullptr; }

    struct entry {
        atomic_words<Key> key;
        atomic_words<Value> value;
        entry_marks marks;
        entry_link link;
    };

    /// What left the entries; nothing has to be destroyed.
    struct removed {
        void bury(removed&, reader_cells const&) noexcept {}
    };

    /// What a reader has found: a copy. Torn, unless the bucket's version says that nobody wrote meanwhile.
    class view {
      public:
        view() = default;
        view(entry const& at, bool absent) noexcept : key_{at.key.load()}, value_{at.value.load()}, absent_{absent} {}
        explicit operator bool() const noexcept { return true; }
        Key key() const noexcept { return key_.get(); }

        /// Calls `use(value or null)`.
        template<class Use>
        decltype(auto) show(Use&& use) const {
            if (absent_) [[unlikely]] {
                return use(static_cast<Value const*>(nullptr));
            }
            Value const value = value_.get();
            return use(&value);
        }

      private:
        raw_copy<Key> key_;
        raw_copy<Value> value_;
        bool absent_ = false;
    };

    static view look(entry const& at, bool absent, reader_cell*) noexcept { return {at, absent}; }

    template<class Hash>
    static std::uint64_t hash(entry const& at, Hash const& hash) noexcept {
        return hash(at.key.load().get());
    }
    static Key key(entry const& at) noexcept { return at.key.load().get(); }

    static void publish(entry& at, pending&& added, removed&) noexcept {
        at.key.store(added.key);
        if (added.value) {
            at.value.store(*added.value);
        }
        at.marks.set_absent(!added.value);
    }
    static void clear(entry&, removed&) noexcept {}
};

} // namespace orfeas::inline v0::cache::detail
