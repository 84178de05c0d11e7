// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/local.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace cache = orfeas::cache;

namespace {

std::size_t by_value(int, int weight) {
    return static_cast<std::size_t>(weight);
}
std::size_t one_each(int, int) {
    return 1;
}

using int_cache = cache::local<int, int, orfeas::manual_clock>;

/// The plain truth: a list from the newest to the oldest, searched from the front.
class model {
  public:
    explicit model(std::size_t capacity) : capacity_{capacity} {}

    std::optional<int> get(int key, orfeas::monotonic_time now) {
        auto const found = find(key);
        if (found == entries_.end()) {
            return std::nullopt;
        }
        if (found->expires_at <= now) {
            entries_.erase(found);
            return std::nullopt;
        }
        entries_.splice(entries_.begin(), entries_, found);
        return found->value;
    }

    bool put(int key, int value, std::chrono::nanoseconds ttl, orfeas::monotonic_time now) {
        erase(key);
        if (static_cast<std::size_t>(value) > capacity_ || ttl <= 0ns) {
            return false;
        }
        while (bytes() + static_cast<std::size_t>(value) > capacity_) {
            entries_.pop_back();
        }
        entries_.push_front({key, value, now + ttl});
        return true;
    }

    bool erase(int key) {
        auto const found = find(key);
        if (found == entries_.end()) {
            return false;
        }
        entries_.erase(found);
        return true;
    }

    std::size_t remove_expired(orfeas::monotonic_time now) {
        return std::erase_if(entries_, [&](entry const& each) { return each.expires_at <= now; });
    }

    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const {
        std::size_t total = 0;
        for (entry const& each : entries_) {
            total += static_cast<std::size_t>(each.value);
        }
        return total;
    }

  private:
    struct entry {
        int key;
        int value;
        orfeas::monotonic_time expires_at;
    };

    std::list<entry>::iterator find(int key) {
        return std::find_if(entries_.begin(), entries_.end(), [&](entry const& each) { return each.key == key; });
    }

    std::size_t capacity_;
    std::list<entry> entries_;
};

/// Counts events into a map that the test owns.
struct event_log {
    std::map<cache::event, std::uint64_t>* counts;
    void operator()(cache::event what, std::uint64_t count) noexcept { (*counts)[what] += count; }
};

} // namespace

TEST_CASE("cache: random operations agree with a plain LRU list, step by step") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    auto const pick = [&](int low, int high) { return std::uniform_int_distribution{low, high}(random); };
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 200, .shards = 1}, by_value, clock};
    model truth{200};
    for (int step = 0; step < 50'000; ++step) {
        int const key = pick(0, 60);
        switch (pick(0, 9)) {
        case 0:
            clock.advance(std::chrono::milliseconds{pick(0, 500)});
            break;
        case 1:
            CHECK(subject.erase(key) == (truth.get(key, clock.now()).has_value()));
            truth.erase(key);
            break;
        case 2:
            if (pick(0, 50) == 0) {
                REQUIRE(subject.remove_expired() == truth.remove_expired(clock.now()));
            }
            break;
        case 3:
        case 4:
        case 5: {
            int const weight = pick(0, 40) == 0 ? 201 : pick(0, 30);
            auto const ttl = std::chrono::milliseconds{pick(0, 3'000)};
            REQUIRE(subject.put(key, weight, ttl) == truth.put(key, weight, ttl, clock.now()));
            break;
        }
        default:
            REQUIRE(subject.get(key) == truth.get(key, clock.now()));
        }
        cache::cache_stats const stats = subject.stats();
        REQUIRE(stats.entries == truth.size());
        REQUIRE(stats.bytes == truth.bytes());
        REQUIRE(stats.bytes <= 200);
    }
}

TEST_CASE("cache: with many shards a hit is always the value that was put last") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    cache::local<std::string, int> subject{{.capacity_bytes = 2'000, .shards = 8},
                                           [](std::string const&, int) -> std::size_t { return 10; }};
    std::unordered_map<std::string, int> last;
    std::size_t hits = 0;
    for (int step = 0; step < 20'000; ++step) {
        std::string const key = "key " + std::to_string(random() % 400);
        if (random() % 3 == 0) {
            REQUIRE(subject.put(key, step));
            last[key] = step;
        } else if (auto const found = subject.get(key)) {
            REQUIRE(*found == last.at(key));
            ++hits;
        }
        REQUIRE(subject.stats().bytes <= 2'000);
    }
    CHECK(hits > 0);
    CHECK(subject.stats().evictions > 0);
}

TEST_CASE("cache: the least recently used entry goes first, a lookup renews and a peek does not") {
    int_cache subject{{.capacity_bytes = 3, .shards = 1}, one_each};
    subject.put(1, 10);
    subject.put(2, 20);
    subject.put(3, 30);
    CHECK(subject.get(1) == 10);
    CHECK(subject.peek(2) == 20);
    subject.put(4, 40);
    CHECK_FALSE(subject.peek(2));
    CHECK(subject.peek(1) == 10);
    CHECK(subject.stats().hits == 1);
    CHECK(subject.stats().misses == 0);
}

TEST_CASE("cache: an entry lives for its time and not a nanosecond longer") {
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 10, .ttl = 10s, .shards = 1}, one_each, clock};
    subject.put(1, 1);
    subject.put(2, 2, 1s);
    subject.put(3, 3, std::chrono::nanoseconds::max());
    clock.advance(1s - 1ns);
    CHECK(subject.get(2) == 2);
    clock.advance(1ns);
    CHECK_FALSE(subject.get(2));
    clock.advance(9s);
    CHECK_FALSE(subject.get(1));
    CHECK(subject.stats().expirations == 2);
    clock.advance(std::chrono::hours{24 * 365});
    CHECK(subject.get(3) == 3);
}

TEST_CASE("cache: a time that is not positive stores nothing and drops the old value") {
    int_cache subject{{.capacity_bytes = 10, .shards = 1}, one_each};
    subject.put(1, 1);
    CHECK_FALSE(subject.put(1, 2, 0s));
    CHECK_FALSE(subject.get(1));
    CHECK(subject.stats().refusals == 1);
}

TEST_CASE("cache: a value larger than a shard is refused and the old value does not stay") {
    int_cache subject{{.capacity_bytes = 100, .shards = 1}, by_value};
    CHECK(subject.put(1, 100));
    CHECK_FALSE(subject.put(1, 101));
    CHECK_FALSE(subject.get(1));
    CHECK(subject.stats().bytes == 0);
}

TEST_CASE("cache: an expired entry that makes room counts as expired, not as evicted") {
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 2, .ttl = 1s, .shards = 1}, one_each, clock};
    subject.put(1, 1);
    subject.put(2, 2, 10s);
    clock.advance(2s);
    subject.put(3, 3);
    CHECK(subject.stats().expirations == 1);
    CHECK(subject.stats().evictions == 0);
    subject.put(4, 4);
    CHECK(subject.stats().evictions == 1);
}

TEST_CASE("cache: clear empties it and keeps the counters") {
    int_cache subject{{.capacity_bytes = 100, .shards = 4}, one_each};
    for (int key = 0; key < 20; ++key) {
        subject.put(key, key);
    }
    CHECK(subject.clear() == 20);
    CHECK(subject.size() == 0);
    CHECK(subject.stats().bytes == 0);
    CHECK(subject.stats().insertions == 20);
    CHECK(subject.stats().evictions == 0);
}

TEST_CASE("cache: string keys are looked up by views, and near collisions do not meet") {
    cache::local<std::string, std::string> subject;
    std::string const text = "content:12345";
    subject.put(text, "mesh");
    CHECK(subject.get(std::string_view{text}) == "mesh");
    CHECK(subject.get("content:12345") == "mesh");
    CHECK_FALSE(subject.get(std::string_view{text}.substr(0, 12)));
    CHECK_FALSE(subject.get(std::string_view{"content:12345\0", 14}));
    CHECK(subject.erase(std::string_view{text}));
    CHECK_FALSE(subject.erase(text));
}

namespace {

/// All values of it hash alike where std::hash is asked.
struct colliding {
    int id;
    friend bool operator==(colliding, colliding) = default;
};

} // namespace

template<>
struct std::hash<colliding> {
    std::size_t operator()(colliding) const noexcept { return 42; }
};

TEST_CASE("cache: keys of one hash are told apart") {
    cache::local<colliding, int> subject;
    for (int id = 0; id < 100; ++id) {
        subject.put({id}, id);
    }
    for (int id = 0; id < 100; ++id) {
        REQUIRE(subject.get({id}) == id);
    }
    REQUIRE(subject.erase({50}));
    CHECK_FALSE(subject.get({50}));
    CHECK(subject.get({51}) == 51);
}

TEST_CASE("cache: the hit ratio is that of the last minute") {
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 10, .shards = 1}, one_each, clock};
    CHECK(std::isnan(subject.stats().hit_ratio));
    subject.put(1, 1);
    for (int i = 0; i < 3; ++i) {
        CHECK(subject.get(1));
    }
    CHECK_FALSE(subject.get(2));
    CHECK(subject.stats().hit_ratio == 0.75);
    clock.advance(30s);
    CHECK_FALSE(subject.get(2));
    CHECK(subject.stats().hit_ratio == 0.6);
    clock.advance(31s);
    CHECK(subject.stats().hit_ratio == 0.0);
    clock.advance(60s);
    CHECK(std::isnan(subject.stats().hit_ratio));
    CHECK(subject.stats().hits == 3);
}

TEST_CASE("cache: the observer sees what the counters count") {
    std::map<cache::event, std::uint64_t> counts;
    orfeas::manual_clock clock;
    cache::local<int, int, orfeas::manual_clock, event_log> subject{
        {.capacity_bytes = 20, .ttl = 60s, .shards = 1}, by_value, clock, event_log{&counts}};
    std::mt19937 random{3};
    for (int step = 0; step < 3'000; ++step) {
        int const key = static_cast<int>(random() % 30);
        if (random() % 2 == 0) {
            subject.put(key, static_cast<int>(random() % 22), std::chrono::seconds{random() % 9});
        } else if (subject.get(key)) {
            clock.advance(1s);
        }
    }
    subject.remove_expired();
    subject.record(cache::event::load);
    subject.record(cache::event::coalesced);
    subject.record(cache::event::load_failure);
    cache::cache_stats const stats = subject.stats();
    CHECK(counts[cache::event::hit] == stats.hits);
    CHECK(counts[cache::event::miss] == stats.misses);
    CHECK(counts[cache::event::insertion] == stats.insertions);
    CHECK(counts[cache::event::refusal] == stats.refusals);
    CHECK(counts[cache::event::eviction] == stats.evictions);
    CHECK(counts[cache::event::expiration] == stats.expirations);
    CHECK(stats.expirations > 0);
    CHECK(stats.evictions > 0);
    CHECK(stats.loads == 1);
    CHECK(stats.coalesced == 1);
    CHECK(stats.load_failures == 1);
}

TEST_CASE("cache: the default charge holds what a value owns") {
    cache::local<std::string, std::shared_ptr<std::vector<char> const>> subject{
        {.capacity_bytes = 100'000, .shards = 1}};
    subject.put("mesh", std::make_shared<std::vector<char> const>(60'000));
    CHECK(subject.stats().bytes > 60'000);
    CHECK(subject.stats().bytes < 61'000);
    subject.put("other", std::make_shared<std::vector<char> const>(60'000));
    CHECK(subject.size() == 1);
}

TEST_CASE("cache: options out of range are refused with their range") {
    CHECK_THROWS_WITH((cache::local<int, int>{{.capacity_bytes = 0}}), orfeas_test::contains("capacity_bytes"));
    CHECK_THROWS_WITH((cache::local<int, int>{{.ttl = 0ms}}), orfeas_test::contains("ttl"));
    CHECK_THROWS_AS((cache::local<int, int>{{.shards = 5'000}}), orfeas::option_error);
}

TEST_CASE("cache: options come from the environment") {
    auto const options = orfeas::from_environment<cache::local_options>(
        {}, {"ORFEAS_CACHE_CAPACITY_BYTES=256MiB", "ORFEAS_CACHE_TTL=10min", "ORFEAS_CACHE_SHARDS=4"});
    CHECK(options.capacity_bytes == 256U << 20U);
    CHECK(options.ttl == 10min);
    CHECK(options.shards == 4);
    CHECK_THROWS_AS(orfeas::from_environment<cache::local_options>({}, {"ORFEAS_CACHE_SIZE=1"}), orfeas::option_error);
}

namespace {

/// Fails when it is copied, once told so.
struct fragile {
    int value = 0;
    std::shared_ptr<bool> breaks = std::make_shared<bool>(false);

    explicit fragile(int v) : value{v} {}
    fragile(fragile&&) = default;
    fragile& operator=(fragile&&) = default;
    fragile& operator=(fragile const&) = delete;
    fragile(fragile const& other) : value{other.value}, breaks{other.breaks} {
        if (*breaks) {
            throw std::bad_alloc{};
        }
    }
};

} // namespace

TEST_CASE("cache: a value that fails to be copied and a weigher that throws leave the cache whole") {
    bool weigher_fails = false;
    cache::local<int, fragile> subject{{.capacity_bytes = 10, .shards = 1}, [&](int, fragile const&) -> std::size_t {
                                           if (weigher_fails) {
                                               throw std::runtime_error{"no weight"};
                                           }
                                           return 1;
                                       }};
    fragile value{7};
    auto const breaks = value.breaks;
    subject.put(1, std::move(value));
    *breaks = true;
    CHECK_THROWS_AS(subject.get(1), std::bad_alloc);
    *breaks = false;
    CHECK(subject.get(1)->value == 7);
    weigher_fails = true;
    CHECK_THROWS_AS(subject.put(2, fragile{8}), std::runtime_error);
    CHECK(subject.size() == 1);
}

TEST_CASE("cache: threads that read, write and erase never see a foreign value or an excess") {
    constexpr std::uint64_t capacity = 64 * 1024;
    cache::local<std::uint64_t, std::shared_ptr<std::uint64_t const>> subject{
        {.capacity_bytes = capacity, .shards = 4},
        [](std::uint64_t key, auto const&) -> std::size_t { return 64 + key % 512; }};
    std::atomic<std::uint64_t> wrong{0};
    auto const work = [&](unsigned seed) {
        std::mt19937_64 random{seed};
        for (int i = 0; i < 20'000; ++i) {
            std::uint64_t const key = random() % 500;
            switch (random() % 8) {
            case 0:
                subject.erase(key);
                break;
            case 1:
                wrong += subject.stats().bytes > capacity ? 1U : 0U;
                break;
            case 2:
            case 3:
                subject.put(key, std::make_shared<std::uint64_t const>(key));
                break;
            default:
                if (auto const found = subject.get(key)) {
                    wrong += **found != key ? 1U : 0U;
                }
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
        threads.emplace_back(work, seed);
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(wrong == 0);
    CHECK(subject.stats().hits > 0);
    CHECK(subject.stats().evictions > 0);
    subject.clear();
    CHECK(subject.stats().bytes == 0);
}
