// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// Estimates how often a key was seen lately: a count-min sketch of 4-bit counters, four of them a key, all in one word,
/// which are halved from time to time (Cormode and Muthukrishnan 2005; Einziger, Friedman and Manes, TinyLFU, 2017).
/// Thread-compatible (distinct objects).
class frequency_sketch {
  public:
    static constexpr std::uint32_t most = 15;

    /// For about so many keys, at least one; forgets all. Throws std::bad_alloc; nothing has changed then.
    void resize(std::uint32_t keys) {
        words_ = std::vector<std::uint64_t>(std::size_t{keys} / keys_per_word + 1);
        keys_ = keys;
        added_ = 0;
    }

    std::uint32_t keys() const noexcept { return keys_; }

    /// Counts a key `times` times.
    void add(std::uint64_t hash, std::uint32_t times = 1) noexcept {
        if (words_.empty()) {
            return;
        }
        std::uint64_t& word = word_of(hash);
        for (unsigned row = 0; row < rows; ++row) {
            unsigned const at = shift_of(hash, row);
            auto const count = static_cast<std::uint32_t>(word >> at & most);
            word += std::uint64_t{std::min(times, most - count)} << at;
        }
        added_ += times;
        if (added_ >= std::uint64_t{halving} * keys_) {
            halve();
        }
    }

    std::uint32_t estimate(std::uint64_t hash) const noexcept {
        if (words_.empty()) {
            return 0;
        }
        std::uint64_t const word = words_[index_of(hash)];
        std::uint32_t least = most;
        for (unsigned row = 0; row < rows; ++row) {
            least = std::min(least, static_cast<std::uint32_t>(word >> shift_of(hash, row) & most));
        }
        return least;
    }

    void prefetch(std::uint64_t hash) const noexcept {
        if (!words_.empty()) {
            __builtin_prefetch(&words_[index_of(hash)]);
        }
    }

  private:
    static constexpr unsigned rows = 4;
    static constexpr std::uint32_t keys_per_word = 4; // two bytes a key
    static constexpr std::uint32_t halving = 10;      // counts a key until all are halved

    std::size_t index_of(std::uint64_t hash) const noexcept {
        return static_cast<std::size_t>((hash >> 8U & 0xffffffffU) * words_.size() >> 32U);
    }
    std::uint64_t& word_of(std::uint64_t hash) noexcept { return words_[index_of(hash)]; }

    /// Each row has four counters of the word; two bits of the hash choose.
    static unsigned shift_of(std::uint64_t hash, unsigned row) noexcept {
        return row * 16 + static_cast<unsigned>(hash >> (2 * row) & 3U) * 4;
    }

    void halve() noexcept {
        for (std::uint64_t& word : words_) {
            word = word >> 1U & 0x7777777777777777U;
        }
        added_ /= 2;
    }

    std::uint32_t keys_ = 0;
    std::uint64_t added_ = 0;
    std::vector<std::uint64_t> words_;
};

} // namespace orfeas::inline v0::cache::detail
