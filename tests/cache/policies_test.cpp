// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/local.hpp>
#include <orfeas/cache/policies.hpp>
#include <orfeas/core/hash.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace cache = orfeas::cache;

namespace {

template<class Policy>
using number_cache = cache::local<std::uint64_t, std::uint64_t, Policy>;

std::size_t one_each(std::uint64_t, std::uint64_t) {
    return 1;
}

template<class Policy>
double hit_ratio(std::size_t capacity, std::vector<std::uint64_t> const& keys) {
    number_cache<Policy> subject{{.capacity_bytes = capacity, .shards = 1}, one_each};
    std::size_t hits = 0;
    for (std::uint64_t const key : keys) {
        if (subject.get(key)) {
            ++hits;
        } else {
            subject.put(key, key);
        }
    }
    return static_cast<double>(hits) / static_cast<double>(keys.size());
}

/// The mean over several caches, since each has a hash seed of its own.
template<class Policy>
double mean_hit_ratio(std::size_t capacity, std::vector<std::uint64_t> const& keys) {
    constexpr int runs = 8;
    double sum = 0;
    for (int i = 0; i < runs; ++i) {
        sum += hit_ratio<Policy>(capacity, keys);
    }
    return sum / runs;
}

/// Key k is asked for in proportion to 1 / (k + 1).
std::vector<std::uint64_t> zipf(std::size_t count, std::uint64_t keys, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    std::uniform_real_distribution<double> exponent{0, std::log(static_cast<double>(keys))};
    std::vector<std::uint64_t> result(count);
    for (auto& each : result) {
        each = static_cast<std::uint64_t>(std::exp(exponent(random)));
    }
    return result;
}

} // namespace

TEST_CASE("cache: fifo removes in the order of insertion, whatever was used") {
    number_cache<cache::fifo> subject{{.capacity_bytes = 3, .shards = 1}, one_each};
    for (std::uint64_t key = 1; key <= 3; ++key) {
        subject.put(key, key);
    }
    for (int i = 0; i < 10; ++i) {
        CHECK(subject.get(1));
    }
    subject.put(1, 11); // a new value keeps the old place
    subject.put(4, 4);
    CHECK_FALSE(subject.peek(1));
    CHECK(subject.peek(2));
}

TEST_CASE("cache: lru keeps what was used, within a half of the entries") {
    number_cache<cache::lru> subject{{.capacity_bytes = 100, .shards = 1}, one_each};
    for (std::uint64_t key = 0; key < 100; ++key) {
        subject.put(key, key);
    }
    for (std::uint64_t key = 0; key < 20; ++key) {
        CHECK(subject.get(key)); // among the old half: they move
    }
    for (std::uint64_t key = 100; key < 150; ++key) {
        subject.put(key, key);
    }
    for (std::uint64_t key = 0; key < 20; ++key) {
        CHECK(subject.peek(key));
    }
    for (std::uint64_t key = 20; key < 70; ++key) {
        CHECK_FALSE(subject.peek(key));
    }
}

TEST_CASE("cache: lru hits about as often as strict_lru") {
    auto const keys = zipf(200'000, 20'000, 5);
    double const exact = hit_ratio<cache::strict_lru>(1'000, keys);
    double const about = hit_ratio<cache::lru>(1'000, keys);
    CHECK(about > exact - 0.01);
    CHECK(about < exact + 0.02);
}

TEST_CASE("cache: s3_fifo and adaptive keep the favourites through a scan that clears an LRU") {
    std::vector<std::uint64_t> keys;
    std::uint64_t fresh = 1'000'000;
    for (int round = 0; round < 60; ++round) {
        for (int again = 0; again < 4; ++again) {
            for (std::uint64_t key = 0; key < 400; ++key) {
                keys.push_back(key);
            }
        }
        for (int i = 0; i < 2'000; ++i) {
            keys.push_back(fresh++);
        }
    }
    double const best = 400.0 * 4 / (400.0 * 4 + 2'000);
    double const by_lru = hit_ratio<cache::strict_lru>(1'000, keys);
    CHECK(by_lru < best * 0.8);
    CHECK(hit_ratio<cache::s3_fifo>(1'000, keys) > best * 0.95);
    CHECK(hit_ratio<cache::adaptive>(1'000, keys) > best * 0.95);
}

namespace {

/// Entries that readers hit whenever the policy looks at one of them.
struct beleaguered {
    std::vector<cache::detail::entry_link> links;
    std::vector<cache::detail::entry_marks> all_marks;

    explicit beleaguered(std::size_t count) : links(count), all_marks(count) {}

    cache::detail::entry_link& link(cache::detail::entry_id id) { return links[id]; }
    cache::detail::entry_marks& marks(cache::detail::entry_id id) {
        for (auto& each : all_marks) {
            each.frequency = cache::detail::entry_marks::most_frequency;
        }
        return all_marks[id];
    }
    static std::uint32_t weight(cache::detail::entry_id) { return 1; }
    static std::uint64_t hash(cache::detail::entry_id id) { return orfeas::mix64(id); }
};

} // namespace

TEST_CASE("cache: an entry leaves although readers hit all of them all the time") {
    using cache::detail::admission;
    for (admission const how : {admission::s3_fifo, admission::tiny_lfu, admission::clock}) {
        for (cache::detail::entry_id count : {1U, 2U, 50U}) {
            beleaguered table{count};
            cache::detail::two_queues subject{count};
            subject.keep_sketch();
            subject.admit_by(how);
            for (cache::detail::entry_id id = 0; id < count; ++id) {
                subject.insert(table, id);
            }
            for (std::size_t left = count; left != 0; --left) {
                CHECK(subject.victim(table) < count);
                CHECK(subject.size() == left - 1);
            }
        }
    }
}

namespace {

/// Entries of weight one without anything else.
struct plain_entries {
    std::vector<cache::detail::entry_link> links;
    std::vector<cache::detail::entry_marks> all_marks;

    explicit plain_entries(std::size_t count) : links(count), all_marks(count) {}

    cache::detail::entry_link& link(cache::detail::entry_id id) { return links[id]; }
    cache::detail::entry_marks& marks(cache::detail::entry_id id) { return all_marks[id]; }
    static std::uint32_t weight(cache::detail::entry_id) { return 1; }
    static std::uint64_t hash(cache::detail::entry_id id) { return orfeas::mix64(id); }
};

} // namespace

TEST_CASE("cache: the sample that adaptive learns from stays the same while shards of unequal size evict in turn") {
    cache::adaptive::shared chooser{2};
    auto const sampled = [&] {
        int count = 0;
        for (std::uint64_t key = 0; key < 10'000; ++key) {
            count += chooser.samples(orfeas::mix64(key)) ? 1 : 0;
        }
        return count;
    };
    plain_entries few{5'000};
    plain_entries many{20'000};
    cache::adaptive of_few{few.links.size(), chooser};
    cache::adaptive of_many{many.links.size(), chooser};
    for (cache::detail::entry_id id = 0; id < many.links.size(); ++id) {
        if (id < few.links.size()) {
            of_few.insert(few, id);
        }
        of_many.insert(many, id);
    }
    of_few.insert(few, of_few.victim(few));
    of_many.insert(many, of_many.victim(many));
    int const before = sampled();
    CHECK(before > 10'000 / 16 - 100);
    CHECK(before < 10'000 / 16 + 100);
    for (int i = 0; i < 100; ++i) {
        of_few.insert(few, of_few.victim(few));
        REQUIRE(sampled() == before);
        of_many.insert(many, of_many.victim(many));
        REQUIRE(sampled() == before);
    }
}

TEST_CASE("cache: adaptive is never much behind the best of the others") {
    struct workload {
        char const* name;
        std::size_t capacity;
        std::vector<std::uint64_t> keys;
    };
    std::vector<std::uint64_t> moving; // favourites that change: recency counts
    std::mt19937_64 random{7};
    for (std::uint64_t i = 0; i < 60'000; ++i) {
        moving.push_back(i / 40 + random() % 1'500);
    }
    std::vector<std::uint64_t> loop;
    for (std::uint64_t i = 0; i < 90'000; ++i) {
        loop.push_back(i % 3'000);
    }
    workload const workloads[] = {
        {"zipf", 1'000, zipf(60'000, 50'000, 3)}, {"moving", 1'000, moving}, {"loop", 2'000, loop}};
    for (auto const& each : workloads) {
        INFO(each.name);
        double const ours = mean_hit_ratio<cache::adaptive>(each.capacity, each.keys);
        CHECK(ours > mean_hit_ratio<cache::s3_fifo>(each.capacity, each.keys) - 0.04);
        CHECK(ours > mean_hit_ratio<cache::strict_lru>(each.capacity, each.keys) - 0.04);
        CHECK(ours > mean_hit_ratio<cache::fifo>(each.capacity, each.keys) - 0.04);
    }
}

TEMPLATE_TEST_CASE("cache: every policy survives entries of all weights that change and go", "", cache::adaptive,
                   cache::s3_fifo, cache::lru, cache::strict_lru, cache::fifo) {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    cache::local<std::uint64_t, std::string, TestType> subject{
        {.capacity_bytes = 20'000, .shards = 2},
        [](std::uint64_t, std::string const& text) -> std::size_t { return text.size(); }};
    std::vector<std::string> last(300);
    for (int step = 0; step < 60'000; ++step) {
        std::uint64_t const key = random() % last.size();
        switch (random() % 8) {
        case 0:
            subject.erase(key);
            break;
        case 1:
        case 2:
            last[key] = std::string(random() % 400, static_cast<char>('a' + step % 26));
            REQUIRE(subject.put(key, last[key]));
            break;
        default:
            if (auto const found = subject.get(key)) {
                REQUIRE(*found == last[key]);
            }
        }
        if (step % 100 == 0) {
            REQUIRE(subject.stats().bytes <= 20'000);
        }
    }
    CHECK(subject.stats().hits > 0);
    std::size_t const left = subject.size();
    CHECK(subject.clear() == left);
    CHECK(subject.stats().bytes == 0);
}
