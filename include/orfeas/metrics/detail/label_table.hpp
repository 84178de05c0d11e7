// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/metrics/detail/label_key.hpp>
#include <orfeas/metrics/detail/series.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace orfeas::inline v0::metrics::detail {

/// Series that stay where they are, by number. Chunk `k` holds twice as many as chunk `k - 1`. Reading takes no lock.
class series_places {
  public:
    series_places() = default;
    series_places(series_places const&) = delete;
    series_places& operator=(series_places const&) = delete;
    ~series_places() {
        for (auto const& chunk : chunks_) {
            delete[] chunk.load(std::memory_order_relaxed);
        }
    }

    series& operator[](std::uint32_t number) const noexcept {
        auto const [chunk, at] = place_of(number);
        return chunks_[chunk].load(std::memory_order_acquire)[at];
    }

    std::uint32_t size() const noexcept { return size_; }

    /// Another place, by one thread at a time. Throws std::bad_alloc.
    std::uint32_t grow() {
        std::size_t const chunk = place_of(size_).chunk;
        if (chunks_[chunk].load(std::memory_order_relaxed) == nullptr) {
            chunks_[chunk].store(new series[std::size_t{1} << chunk], std::memory_order_release);
        }
        return size_++;
    }

  private:
    struct place {
        std::size_t chunk;
        std::size_t at;
    };
    static place place_of(std::uint32_t number) noexcept {
        std::size_t const from_one = std::size_t{number} + 1;
        auto const chunk = static_cast<std::size_t>(std::bit_width(from_one)) - 1;
        return {chunk, from_one - (std::size_t{1} << chunk)};
    }

    std::array<std::atomic<series*>, 32> chunks_{};
    std::uint32_t size_ = 0;
};

/// Finds series by the values of their labels: open addressing, at most half full, found without a lock. While
/// somebody changes it, a reader may miss what is there; `changes` tells whether that may be. It never finds what is not
/// there. One thread at a time inserts and erases.
class label_table {
  public:
    explicit label_table(series_places const& places) : places_{places} { grow(16); }

    /// The series with these values, or one with a null place.
    series_ref find(label_values values, std::uint64_t hash) const noexcept {
        std::size_t const words = words_of(values);
        entries const& in = *current_.load(std::memory_order_acquire);
        for (std::uint64_t at = home_of(hash), steps = 0; steps <= in.mask; ++at, ++steps) {
            std::uint64_t const entry = in.at[at & in.mask].load(std::memory_order_acquire);
            if (entry == 0) {
                break;
            }
            if (home_of(entry) == home_of(hash)) {
                series& candidate = places_[number_of(entry)];
                std::uint64_t const generation = candidate.generation(std::memory_order_acquire);
                if (series::is_live(generation) &&
                    equal(candidate.key.load(std::memory_order_acquire), values, words) &&
                    candidate.generation() == generation) {
                    return {&candidate, generation};
                }
            }
        }
        return {};
    }

    /// Counts the beginnings and ends of changes. Where it is even before a search and the same afterwards, what the search
    /// did not find was not there.
    std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_acquire); }

    /// Throws std::bad_alloc, and nothing is changed.
    void insert(std::uint32_t number, std::uint64_t hash) {
        if ((used_ + 1) * 2 > tables_.back()->mask + 1) {
            grow((tables_.back()->mask + 1) * 2);
        }
        count_change();
        put(*tables_.back(), entry_of(number, hash));
        count_change();
        ++used_;
    }

    /// Takes out what is in. The entries behind it move up, so that none is cut off.
    void erase(std::uint32_t number, std::uint64_t hash) noexcept {
        count_change();
        entries& in = *tables_.back();
        std::uint64_t hole = home_of(hash);
        while (in.at[hole & in.mask].load(std::memory_order_relaxed) != entry_of(number, hash)) {
            ++hole;
        }
        for (std::uint64_t at = hole + 1;; ++at) {
            std::uint64_t const entry = in.at[at & in.mask].load(std::memory_order_relaxed);
            if (entry == 0) {
                break;
            }
            bool const may_move = ((at - home_of(entry)) & in.mask) >= ((at - hole) & in.mask);
            if (may_move) {
                in.at[hole & in.mask].store(entry, std::memory_order_release);
                hole = at;
            }
        }
        in.at[hole & in.mask].store(0, std::memory_order_release);
        count_change();
        --used_;
    }

  private:
    struct entries {
        explicit entries(std::size_t size) : mask{size - 1}, at(size) {}
        std::uint64_t mask;
        std::vector<std::atomic<std::uint64_t>> at;
    };

    // An entry: the upper half of the hash, where the search begins, and the number + 1; 0 is none.
    static std::uint64_t entry_of(std::uint32_t number, std::uint64_t hash) noexcept {
        return home_of(hash) << 32U | (number + 1U);
    }
    static std::uint32_t number_of(std::uint64_t entry) noexcept { return static_cast<std::uint32_t>(entry) - 1U; }
    static std::uint64_t home_of(std::uint64_t hash_or_entry) noexcept { return hash_or_entry >> 32U; }

    /// Whoever reads an entry that is stored after this reads the new count after it.
    void count_change() noexcept {
        changes_.store(changes_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    static void put(entries& in, std::uint64_t entry) noexcept {
        std::uint64_t at = home_of(entry);
        while (in.at[at & in.mask].load(std::memory_order_relaxed) != 0) {
            ++at;
        }
        in.at[at & in.mask].store(entry, std::memory_order_release);
    }

    void grow(std::size_t size) {
        tables_.reserve(tables_.size() + 1);
        auto made = std::make_unique<entries>(size);
        if (!tables_.empty()) {
            for (auto const& entry : tables_.back()->at) {
                if (std::uint64_t const content = entry.load(std::memory_order_relaxed)) {
                    put(*made, content);
                }
            }
        }
        current_.store(made.get(), std::memory_order_release);
        tables_.push_back(std::move(made));
    }

    series_places const& places_;
    std::vector<std::unique_ptr<entries>> tables_; // the former ones too: somebody may read them still
    std::atomic<entries*> current_{nullptr};
    std::atomic<std::uint64_t> changes_{0};
    std::size_t used_ = 0;
};

} // namespace orfeas::inline v0::metrics::detail
