// SPDX-License-Identifier: MIT

#include "cache/local.hpp"

#include <orfeas/cache/local.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

/// What all blocks of a run weigh together, and the most that they ever did.
class ledger {
  public:
    void add(std::int64_t weight) noexcept {
        auto const now = live_.fetch_add(weight) + weight;
        auto most = most_.load();
        while (now > most && !most_.compare_exchange_weak(most, now)) {}
    }
    std::int64_t live() const noexcept { return live_; }
    std::int64_t most() const noexcept { return most_; }

  private:
    std::atomic<std::int64_t> live_{0};
    std::atomic<std::int64_t> most_{0};
};

/// A value that tells a ledger when it comes to life and when it goes, so that the cache's word is not needed.
class block {
  public:
    block(ledger& book, std::int64_t weight) : book_{&book}, weight_{weight} { book_->add(weight_); }
    block(block const& other) : block{*other.book_, other.weight_} {}
    block(block&& other) noexcept : book_{other.book_}, weight_{std::exchange(other.weight_, 0)} {}
    block& operator=(block other) noexcept {
        std::swap(book_, other.book_);
        std::swap(weight_, other.weight_);
        return *this;
    }
    ~block() { book_->add(-weight_); }

    std::size_t weight() const noexcept { return static_cast<std::size_t>(weight_); }

  private:
    ledger* book_;
    std::int64_t weight_;
};

constexpr std::int64_t capacity = 1'000'000;
constexpr std::int64_t heaviest = 100;
constexpr std::uint64_t keys = 40'000; // twice as many as there is room for: old keys are replaced, and come back

void write(orfeas::cache::local<std::uint64_t, block>& cache, ledger& book, std::uint64_t seed, std::size_t puts) {
    std::mt19937_64 random{seed};
    for (std::size_t i = 0; i < puts; ++i) {
        auto const weight = 1 + static_cast<std::int64_t>(random() % heaviest);
        cache.put(random() % keys, block{book, weight});
    }
}

} // namespace

void measure_local_bound(report& to) {
    std::size_t const puts = to.arguments().quick ? 1'000'000 : 10'000'000;
    ledger book;
    orfeas::cache::local_options options;
    options.capacity_bytes = capacity;
    options.shards = 8;
    orfeas::cache::local<std::uint64_t, block> cache{
        std::move(options), [](std::uint64_t const&, block const& value) { return value.weight(); }};
    std::vector<std::thread> writers;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        writers.emplace_back([&cache, &book, seed, puts] { write(cache, book, seed, puts); });
    }
    for (auto& each : writers) {
        each.join();
    }
    auto const over = static_cast<double>(std::max<std::int64_t>(book.most() - capacity, 0));
    to.add({.bench = "cache",
            .name = "write storm of two threads, most over the bound",
            .unit = "%",
            .ours = 100 * over / static_cast<double>(capacity),
            .target = bar{"ours", "<=", 1}});
    auto const held = book.live();
    auto const charged = static_cast<std::int64_t>(cache.stats().bytes);
    auto const wrong = std::max(std::abs(held - charged), held - capacity);
    to.add({.bench = "cache",
            .name = "after it, held but not charged, or over the bound",
            .unit = "units of weight",
            .ours = static_cast<double>(wrong),
            .target = bar{"ours", "<=", 0}});
    to.add({.bench = "cache",
            .name = "after it, room in use",
            .unit = "%",
            .ours = 100 * static_cast<double>(held) / static_cast<double>(capacity),
            .lower_is_better = false});
}

} // namespace bench
