// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/detail/entry_list.hpp>
#include <orfeas/cache/detail/entry_marks.hpp>
#include <orfeas/cache/detail/reader_cells.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// A copy of a trivially copyable object that may be torn until the reader has made sure that it is not.
template<class T>
class raw_copy {
  public:
    static constexpr std::size_t words = (sizeof(T) + 7) / 8;

    raw_copy() = default;
    explicit raw_copy(std::array<std::atomic<std::uint64_t>, words> const& from) noexcept {
        std::array<std::uint64_t, words> copied;
        for (std::size_t i = 0; i < words; ++i) {
            copied[i] = from[i].load(std::memory_order_acquire);
        }
        std::memcpy(bytes_.data(), copied.data(), sizeof(T)); // begins the life of a T
    }

    T const& operator*() const noexcept { return *std::launder(reinterpret_cast<T const*>(bytes_.data())); }

  private:
    alignas(T) std::array<std::byte, sizeof(T)> bytes_;
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
        explicit view(entry const& at) noexcept
            : key_{at.key.load()}, value_{at.value.load()}, absent_{at.marks.absent()} {}
        explicit operator bool() const noexcept { return true; }
        Key const& key() const noexcept { return *key_; }
        Value const* value() const noexcept { return absent_ ? nullptr : &*value_; }

      private:
        raw_copy<Key> key_;
        raw_copy<Value> value_;
        bool absent_ = false;
    };

    static view look(entry const& at, reader_cell*) noexcept { return view{at}; }

    template<class Hash>
    static std::uint64_t hash(entry const& at, Hash const& hash) noexcept {
        return hash(*at.key.load());
    }
    static Key key(entry const& at) noexcept { return *at.key.load(); }

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
