// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// What a key is looked up by: views of text for strings, so that a lookup builds no string.
template<class Key>
using lookup_key = std::conditional_t<std::is_same_v<Key, std::string>, std::string_view, Key const&>;

/// One cached entry: a member of a hash chain and of the list from the oldest to the newest.
template<class Key, class Value>
struct lru_node {
    std::uint64_t hash;
    Key key;
    Value value;
    std::size_t weight = 0;
    monotonic_time expires_at = monotonic_time::max();
    lru_node* chained = nullptr;
    lru_node* older = nullptr;
    lru_node* newer = nullptr;
};

/// Entries taken out of an index and not yet destroyed: values are destroyed outside the locks.
template<class Key, class Value>
class lru_removed {
  public:
    using node = lru_node<Key, Value>;

    lru_removed() = default;
    lru_removed(lru_removed const&) = delete;
    lru_removed& operator=(lru_removed const&) = delete;
    ~lru_removed() {
        while (first_ != nullptr) {
            std::unique_ptr<node> const last{std::exchange(first_, first_->chained)};
        }
    }

    void push(std::unique_ptr<node> removed) noexcept {
        removed->chained = first_;
        first_ = removed.release();
    }

  private:
    node* first_ = nullptr;
};

/// A hash table with chaining whose nodes are also listed by recency of use. It owns its nodes.
/// Thread-compatible (distinct objects).
template<class Key, class Value>
class lru_index {
  public:
    using node = lru_node<Key, Value>;

    lru_index() : chains_(minimum_chains) {}
    lru_index(lru_index const&) = delete;
    lru_index& operator=(lru_index const&) = delete;
    ~lru_index() {
        while (newest_ != nullptr) {
            std::unique_ptr<node> const last{std::exchange(newest_, newest_->older)};
        }
    }

    std::size_t size() const noexcept { return size_; }
    node* oldest() const noexcept { return oldest_; }

    /// The node of `key`; the key is compared in full. Expected O(1).
    node* find(lookup_key<Key> key, std::uint64_t hash) const {
        node* each = chains_[chain_of(hash)];
        while (each != nullptr && (each->hash != hash || !(each->key == key))) {
            each = each->chained;
        }
        return each;
    }

    /// Makes room for one more node, so that the next `insert` cannot fail. Amortised O(1).
    void reserve_one() {
        if (size_ >= chains_.size()) {
            rehash(chains_.size() * 2);
        }
    }

    /// Adds a node as the newest. Its key is not in the index, and `reserve_one` came before.
    void insert(std::unique_ptr<node> added) noexcept {
        node*& chain = chains_[chain_of(added->hash)];
        added->chained = chain;
        chain = added.get();
        link_newest(*added.release());
        ++size_;
    }

    /// Hands over a node of this index. Expected O(1).
    std::unique_ptr<node> remove(node& removed) noexcept {
        node** link = &chains_[chain_of(removed.hash)];
        while (*link != &removed) {
            link = &(*link)->chained;
        }
        *link = removed.chained;
        unlink(removed);
        --size_;
        return std::unique_ptr<node>{&removed};
    }

    /// Makes a node of this index the newest. O(1).
    void promote(node& used) noexcept {
        if (&used != newest_) {
            unlink(used);
            link_newest(used);
        }
    }

  private:
    static constexpr std::size_t minimum_chains = 16;

    // The low bits choose the chain; the shard was chosen by the high ones.
    std::size_t chain_of(std::uint64_t hash) const noexcept {
        return static_cast<std::size_t>(hash) & (chains_.size() - 1);
    }

    void rehash(std::size_t count) {
        std::vector<node*> larger(count);
        chains_.swap(larger);
        for (node* each = newest_; each != nullptr; each = each->older) {
            node*& chain = chains_[chain_of(each->hash)];
            each->chained = chain;
            chain = each;
        }
    }

    void link_newest(node& added) noexcept {
        added.older = newest_;
        added.newer = nullptr;
        (newest_ == nullptr ? oldest_ : newest_->newer) = &added;
        newest_ = &added;
    }

    void unlink(node& removed) noexcept {
        (removed.older == nullptr ? oldest_ : removed.older->newer) = removed.newer;
        (removed.newer == nullptr ? newest_ : removed.newer->older) = removed.older;
    }

    std::vector<node*> chains_; // a power of two of them
    node* oldest_ = nullptr;
    node* newest_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace orfeas::inline v0::cache::detail
