// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>

namespace bench {

/// What one writes without a library: a list in the order of use, a map into it, and a mutex around both.
/// `Map<Key, Value>` is the map.
template<template<class...> class Map>
class list_lru {
  public:
    explicit list_lru(std::size_t capacity) : capacity_{capacity} { at_.reserve(capacity); }

    std::optional<std::uint64_t> get(std::uint64_t key) {
        std::lock_guard const hold{mutex_};
        auto const found = at_.find(key);
        if (found == at_.end()) {
            return std::nullopt;
        }
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->value;
    }

    void put(std::uint64_t key, std::uint64_t value) {
        std::lock_guard const hold{mutex_};
        if (auto const found = at_.find(key); found != at_.end()) {
            found->second->value = value;
            return;
        }
        if (at_.size() == capacity_) {
            at_.erase(entries_.back().key);
            entries_.pop_back();
        }
        entries_.push_front({key, value});
        at_.emplace(key, entries_.begin());
    }

    std::size_t size() const {
        std::lock_guard const hold{mutex_};
        return at_.size();
    }

  private:
    struct entry {
        std::uint64_t key;
        std::uint64_t value;
    };

    std::size_t capacity_;
    mutable std::mutex mutex_;
    std::list<entry> entries_;
    Map<std::uint64_t, typename std::list<entry>::iterator> at_;
};

} // namespace bench
