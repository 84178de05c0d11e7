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
#include <functional>
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
#include <type_traits>
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

using int_cache = cache::local<int, int, cache::strict_lru, orfeas::manual_clock>;

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

    std::optional<int> peek(int key, orfeas::monotonic_time now) {
        auto const found = find(key);
        return found == entries_.end() || found->expires_at <= now ? std::nullopt : std::optional{found->value};
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
    int_cache subject{{.capacity_bytes = 200, .ttl_jitter = 0, .shards = 1}, by_value, clock};
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
            REQUIRE(subject.peek(key) == truth.peek(key, clock.now()));
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
        subject.remove_expired(); // when it does that by itself is not the model's business
        truth.remove_expired(clock.now());
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

TEST_CASE("cache: an entry lives for its time, less a unit of its clock, and not a nanosecond longer") {
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 10, .ttl = 10s, .ttl_jitter = 0, .shards = 1}, one_each, clock};
    subject.put(1, 1);
    subject.put(2, 2, 1s);
    subject.put(3, 3, std::chrono::nanoseconds::max());
    clock.advance(1s - 66us);
    CHECK(subject.get(2) == 2);
    clock.advance(66us);
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
    subject.put(2, 2, 100s);
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
    cache::local<int, int, cache::strict_lru, orfeas::manual_clock, event_log> subject{
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
    auto const token = subject.begin_fill(1);
    subject.erase(1);
    CHECK_FALSE(subject.fill(token, 1, 1));
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

TEST_CASE("cache: what was written elsewhere and is stored here keeps out what was being loaded") {
    cache::local<int, int> subject;
    auto const load = subject.begin_fill(1);
    auto const write = subject.begin_fill(1);
    CHECK(subject.put_if_unchanged(write, 1, 2, std::chrono::hours{1}));
    CHECK_FALSE(subject.fill(load, 1, 1));
    CHECK(subject.get(1) == 2);
    CHECK_FALSE(
        subject.put_if_unchanged(write, 1, 3, std::chrono::hours{1})); // a second writer began before the first ended
    auto const late = subject.begin_fill(1);
    subject.erase(1);
    CHECK_FALSE(subject.put_if_unchanged(late, 1, 4, std::chrono::hours{1}));
    CHECK(subject.get(1) == std::nullopt);
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

TEST_CASE("cache: times are jittered downward, each a little differently") {
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 1'000, .ttl = 100s, .ttl_jitter = 0.2, .shards = 1}, one_each, clock};
    for (int key = 0; key < 1'000; ++key) {
        subject.put(key, key);
    }
    clock.advance(79s);
    CHECK(subject.remove_expired() == 0);
    clock.advance(11s);
    auto const half = subject.remove_expired();
    CHECK(half > 400);
    CHECK(half < 600);
    clock.advance(10s);
    CHECK(subject.remove_expired() == 1'000 - half);
}

TEST_CASE("cache: what nobody asks for again goes by and by as others are put") {
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 10'000, .ttl = 1s, .shards = 1}, one_each, clock};
    for (int key = 0; key < 1'000; ++key) {
        subject.put(key, key);
    }
    clock.advance(2s);
    for (int key = 0; key < 600; ++key) {
        subject.put(10'000 + key, key);
    }
    CHECK(subject.size() < 1'000);
    CHECK(subject.stats().expirations > 600);
}

TEST_CASE("cache: a known absence is no value, but no plain miss either, for its own time") {
    orfeas::manual_clock clock;
    int_cache subject{{.negative_ttl = 5s, .shards = 1}, one_each, clock};
    CHECK(subject.find(1).state == cache::lookup_state::miss);
    subject.put_absent(1);
    CHECK_FALSE(subject.get(1));
    auto const found = subject.find(1);
    CHECK(found.state == cache::lookup_state::absent);
    CHECK_FALSE(found.value);
    CHECK(subject.stats().hits == 2);
    CHECK(subject.stats().misses == 1);
    subject.put(1, 10);
    CHECK(subject.find(1).state == cache::lookup_state::hit);
    subject.put_absent(1, 1s);
    CHECK(subject.find(1).state == cache::lookup_state::absent);
    clock.advance(5s);
    CHECK(subject.find(1).state == cache::lookup_state::miss);
}

TEST_CASE("cache: a known absence is charged its key, and goes when its time is over though values may be stale") {
    orfeas::manual_clock clock;
    cache::local<std::string, int, cache::s3_fifo, orfeas::manual_clock> subject{
        {.negative_ttl = 5s, .stale_while_revalidate = 60s, .shards = 1}, clock};
    subject.put(std::string(1'000, 'v'), 1);
    auto const of_a_value = subject.stats().bytes;
    subject.clear();
    subject.put_absent(std::string(1'000, 'a'));
    CHECK(subject.stats().bytes == of_a_value);
    clock.advance(6s);
    CHECK(subject.find(std::string(1'000, 'a')).state == cache::lookup_state::miss);
    CHECK(subject.size() == 0);
    subject.put_absent("a");
    clock.advance(6s);
    CHECK_FALSE(subject.erase("a"));
    subject.put_absent("b");
    clock.advance(6s);
    CHECK(subject.remove_expired() == 1);
}

TEST_CASE("cache: a value whose time is over is kept as stale for as long as the options say, and get misses it") {
    orfeas::manual_clock clock;
    int_cache subject{{.ttl = 10s, .ttl_jitter = 0, .stale_while_revalidate = 5s, .stale_if_error = 20s, .shards = 1},
                      one_each,
                      clock};
    subject.put(1, 10);
    clock.advance(12s);
    auto const young = subject.find(1);
    CHECK(young.state == cache::lookup_state::stale);
    CHECK(young.value == 10);
    CHECK(young.may_serve_while_loading);
    CHECK_FALSE(subject.get(1));
    CHECK_FALSE(subject.peek(1));
    clock.advance(10s);
    auto const old = subject.find(1);
    CHECK(old.state == cache::lookup_state::stale);
    CHECK_FALSE(old.may_serve_while_loading);
    clock.advance(10s);
    CHECK(subject.find(1).state == cache::lookup_state::miss);
    CHECK(subject.size() == 0);
    CHECK(subject.stats().misses == 4);
}

TEST_CASE("cache: a value that was loaded is not stored if its key was written or invalidated meanwhile") {
    cache::local<std::string, int> subject;
    auto const loaded = [&](auto const& meanwhile) {
        subject.clear();
        auto const token = subject.begin_fill("key");
        meanwhile();
        return subject.fill(token, "key", 1, std::chrono::hours{1});
    };
    CHECK(loaded([] {}));
    CHECK_FALSE(loaded([&] { subject.erase("key"); }));
    CHECK_FALSE(loaded([&] { subject.put("key", 2); }));
    CHECK(subject.get("key") == 2);
    CHECK_FALSE(loaded([&] { subject.clear(); }));
    CHECK_FALSE(loaded([&] { subject.invalidate_prefix("ke"); }));
    CHECK(loaded([&] { static_cast<void>(subject.get("key")); }));
    CHECK(loaded([&] { subject.remove_expired(); }));
    auto const token = subject.begin_fill("none");
    CHECK(subject.fill(token, "none", std::nullopt, std::chrono::hours{1}));
    CHECK(subject.find("none").state == cache::lookup_state::absent);
}

TEST_CASE("cache: entries are invalidated by prefix, by pattern and by what one likes") {
    cache::local<std::string, int> subject;
    for (int i = 0; i < 2'000; ++i) {
        subject.put("user:" + std::to_string(i % 100) + ":" + std::to_string(i), i);
        subject.put("mesh:" + std::to_string(i), i);
    }
    CHECK(subject.invalidate_prefix("user:7:") == 20);
    CHECK_FALSE(subject.get("user:7:107"));
    CHECK(subject.get("user:8:108"));
    CHECK(subject.invalidate_pattern("mesh:?") == 10);
    CHECK(subject.invalidate_pattern("mesh:1[0-4]") == 5);
    CHECK(subject.invalidate_pattern("*:*:*") == 1'980);
    CHECK(subject.invalidate_if([](std::string const& key) { return key.ends_with("9"); }) == 199);
    CHECK(subject.size() == 4'000 - 20 - 15 - 1'980 - 199);
}

TEST_CASE("cache: a visit shows the value without a copy, and may use the cache") {
    cache::local<std::string, std::string> subject;
    subject.put("outer", std::string(100, 'o'));
    subject.put("inner", "i");
    std::string seen;
    CHECK(subject.visit("outer", [&](std::string const& outer) {
        subject.put("outer", "another");
        subject.visit("inner", [&](std::string const& inner) { seen = outer + inner; });
        subject.erase("inner");
    }));
    CHECK(seen == std::string(100, 'o') + "i");
    CHECK(subject.get("outer") == "another");
    CHECK_FALSE(subject.visit("inner", [](std::string const&) {}));
}

TEST_CASE("cache: a value that somebody looks at stays, even if it is removed by a call that ends with an exception") {
    cache::local<int, std::shared_ptr<int const>> subject{{.shards = 1}};
    auto value = std::make_shared<int const>(7);
    std::weak_ptr<int const> const watched = value;
    subject.put(1, std::move(value));
    subject.put(2, std::make_shared<int const>(8));
    bool removed = false;
    auto const only_the_first = [&](int) {
        if (removed) {
            throw std::runtime_error{"no more"};
        }
        return removed = true;
    };
    CHECK(subject.visit(1, [&](auto const& seen) {
        CHECK_THROWS_AS(subject.invalidate_if(only_the_first), std::runtime_error);
        REQUIRE_FALSE(watched.expired());
        CHECK(*seen == 7);
    }));
    CHECK_FALSE(subject.get(1));
    subject.put(3, std::make_shared<int const>(9)); // a writer comes by
    CHECK(watched.expired());
}

TEST_CASE("cache: statistics have windows of 1, 10, 60 and 300 seconds") {
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 10, .ttl = std::chrono::hours{9}, .shards = 1}, one_each, clock};
    subject.put(1, 1);
    for (int second = 0; second < 400; ++second) {
        static_cast<void>(subject.get(1));
        static_cast<void>(subject.get(second % 4 == 0 ? 1 : 2));
        clock.advance(second == 399 ? 0s : 1s);
    }
    auto const windows = subject.stats().windows;
    CHECK(windows[0].seconds == 1);
    CHECK(windows[0].hits + windows[0].misses == 2);
    CHECK(windows[1].hits + windows[1].misses == 20);
    CHECK(windows[2].hits == 60 + 15);
    CHECK(windows[2].misses == 45);
    CHECK(windows[2].hit_ratio == 0.625);
    CHECK(windows[3].hits + windows[3].misses == 600);
}

namespace {

/// A manual clock at whose readings something else may happen, as if in another thread.
struct interrupting_clock {
    orfeas::manual_clock clock{};
    std::shared_ptr<std::function<void()>> interruption = std::make_shared<std::function<void()>>();

    orfeas::monotonic_time now() const noexcept {
        if (auto const once = std::exchange(*interruption, nullptr)) {
            once();
        }
        return clock.now();
    }
    orfeas::wall_time wall_now() const noexcept { return clock.wall_now(); }
};
static_assert(orfeas::clock<interrupting_clock>);

} // namespace

TEST_CASE("cache: what happens while the statistics are read makes no window less than nothing") {
    interrupting_clock clock;
    cache::local<int, int, cache::strict_lru, interrupting_clock> subject{
        {.capacity_bytes = 10, .shards = 1}, one_each, clock};
    subject.put(1, 1);
    CHECK(subject.get(1));
    clock.clock.advance(2s);
    *clock.interruption = [&] {
        static_cast<void>(subject.get(2));
        static_cast<void>(subject.get(1)); // the first in its second: the totals are kept
        clock.clock.advance(1s);
        static_cast<void>(subject.get(1));
    };
    for (auto const& window : subject.stats().windows) {
        CHECK(window.hits <= 3);
        CHECK(window.misses <= 1);
    }
}

TEST_CASE("cache: the windows count evictions by the second although nobody looks anything up") {
    orfeas::manual_clock clock;
    int_cache subject{{.capacity_bytes = 10, .ttl = std::chrono::hours{9}, .shards = 1}, one_each, clock};
    for (int second = 0; second < 30; ++second) {
        for (int i = 0; i < 10; ++i) {
            subject.put(second * 10 + i, i);
        }
        clock.advance(second == 29 ? 0s : 1s);
    }
    auto const windows = subject.stats().windows;
    CHECK(windows[0].evictions == 10);
    CHECK(windows[1].evictions == 100);
    CHECK(windows[2].evictions == 290);
}

TEST_CASE("cache: weights beyond 32 bits are charged, rounded up to a unit of the capacity") {
    constexpr std::uint64_t tebibyte = std::uint64_t{1} << 40U;
    cache::local<int, std::uint64_t> subject{{.capacity_bytes = tebibyte, .shards = 1},
                                             [](int, std::uint64_t bytes) -> std::size_t { return bytes; }};
    CHECK(subject.put(1, tebibyte / 2));
    CHECK(subject.put(2, tebibyte / 4 + 1));
    CHECK(subject.stats().bytes >= tebibyte / 4 * 3 + 1);
    CHECK(subject.stats().bytes < tebibyte / 4 * 3 + 1024);
    CHECK_FALSE(subject.put(3, tebibyte + 1));
    CHECK(subject.put(4, tebibyte));
    CHECK(subject.size() == 1);
}

namespace {

/// Three words that belong together: a torn one shows.
struct sealed {
    std::uint64_t key;
    std::uint64_t number;
    std::uint64_t seal;

    static sealed of(std::uint64_t key, std::uint64_t number) { return {key, number, orfeas::mix64(key ^ number)}; }
    bool whole() const { return seal == orfeas::mix64(key ^ number); }
};

void run_together(int count, auto work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back(work, i);
    }
    for (auto& thread : threads) {
        thread.join();
    }
}

} // namespace

TEST_CASE("cache: readers without a lock see whole values of their key, never older than what they saw before") {
    cache::local<std::uint64_t, sealed> subject{{.shards = 1}};
    constexpr std::uint64_t keys = 50;
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    std::atomic<std::uint64_t> seen{0};
    run_together(4, [&](int me) {
        std::mt19937_64 random{static_cast<unsigned>(me)};
        if (me == 0) {
            for (std::uint64_t number = 1; number <= 40'000 || seen < 1'000; ++number) { // readers may start late
                std::uint64_t const key = random() % keys;
                subject.put(key, sealed::of(key, number));
                if (number % 7 == 0) {
                    subject.erase(random() % keys);
                }
            }
            done = true;
            return;
        }
        std::vector<std::uint64_t> newest(keys);
        while (!done) {
            std::uint64_t const key = random() % keys;
            if (auto const found = subject.get(key)) {
                wrong += found->whole() && found->key == key && found->number >= newest[key] ? 0 : 1;
                newest[key] = found->number;
                ++seen;
            }
        }
    });
    CHECK(wrong == 0);
}

TEST_CASE("cache: what is there is found while the index grows and others come and go", "[slow]") {
    cache::local<std::uint64_t, std::uint64_t> inlined{{.capacity_bytes = 1U << 30U, .shards = 1}};
    cache::local<std::string, std::string> on_heap{{.capacity_bytes = 1U << 30U, .shards = 1}};
    for (std::uint64_t key = 0; key < 20; ++key) {
        inlined.put(key, key);
        on_heap.put(std::to_string(key), std::to_string(key));
    }
    std::atomic<bool> done{false};
    std::atomic<int> lost{0};
    run_together(3, [&](int me) {
        if (me == 0) {
            for (std::uint64_t key = 100; key < 30'000; ++key) {
                inlined.put(key, key);
                on_heap.put(std::to_string(key), std::to_string(key));
                if (key % 2 == 0) {
                    inlined.erase(key - 50);
                    on_heap.erase(std::to_string(key - 50));
                }
            }
            done = true;
            return;
        }
        for (std::uint64_t i = 0; !done; ++i) {
            lost += inlined.get(i % 20) == i % 20 ? 0 : 1;
            auto const text = std::to_string(i % 20);
            lost += on_heap.get(text) == text ? 0 : 1;
        }
    });
    CHECK(lost == 0);
}

TEST_CASE("cache: a walk shows each live value once, with its time, and leaves no trace") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    orfeas::manual_clock clock;
    cache::local<std::string, int, cache::strict_lru, orfeas::manual_clock> subject{
        {.ttl_jitter = 0, .stale_if_error = 60s, .shards = 4}, clock};
    std::map<std::string, std::pair<int, orfeas::monotonic_time>> truth;
    for (int step = 0; step < 20'000; ++step) {
        std::string const key = std::to_string(random() % 3'000);
        switch (random() % 8) {
        case 0:
            subject.erase(key);
            truth.erase(key);
            break;
        case 1:
            subject.put_absent(key);
            truth.erase(key);
            break;
        case 2:
            clock.advance(1ms);
            break;
        default:
            bool const for_ever = random() % 10 == 0;
            std::chrono::nanoseconds const ttl{for_ever ? std::chrono::nanoseconds::max()
                                                        : std::chrono::milliseconds{1 + random() % 3'000}};
            subject.put(key, step, ttl);
            truth[key] = {step, for_ever ? orfeas::monotonic_time::max() : clock.now() + ttl};
        }
    }
    auto const before = subject.stats();
    std::erase_if(truth, [&](auto const& each) { return each.second.second <= clock.now(); });
    auto const expected = truth.size();
    CHECK(expected > 300);
    CHECK(expected < before.entries);
    auto const count = subject.for_each([&](std::string const& key, int value, std::chrono::nanoseconds time_left) {
        auto const found = truth.find(key);
        REQUIRE(found != truth.end());
        REQUIRE(found->second.first == value);
        if (found->second.second == orfeas::monotonic_time::max()) {
            REQUIRE(time_left == std::chrono::nanoseconds::max());
        } else {
            REQUIRE(clock.now() + time_left <= found->second.second);
            REQUIRE(clock.now() + time_left > found->second.second - 66us);
        }
        truth.erase(found);
    });
    CHECK(truth.empty());
    CHECK(count == expected);
    auto const after = subject.stats();
    CHECK(after.hits == before.hits);
    CHECK(after.misses == before.misses);
    CHECK(after.entries == before.entries);
}

TEST_CASE("cache: who walks over the entries may use the cache, and may stop by throwing") {
    cache::local<int, std::string> subject;
    for (int key = 0; key < 2'000; ++key) {
        subject.put(key, std::to_string(key));
    }
    auto const count = subject.for_each([&](int key, std::string const& value, auto) {
        CHECK(subject.get(key) == value);
        if (key % 2 == 0) {
            subject.erase(key);
        }
        subject.put(-1, "another");
    });
    CHECK(count >= 2'000);
    CHECK(subject.size() == 1'001);
    int seen = 0;
    CHECK_THROWS_AS(subject.for_each([&](int, std::string const&, auto) {
        if (++seen == 10) {
            throw std::runtime_error{"enough"};
        }
    }),
                    std::runtime_error);
    CHECK(seen == 10);
}

namespace {

/// A sealed value with memory of its own, whose length and letters follow from its number.
struct sealed_text {
    sealed head;
    std::string tail;

    static sealed_text of(std::uint64_t key, std::uint64_t number) {
        return {sealed::of(key, number), std::string(number % 90, static_cast<char>('a' + number % 26))};
    }
    bool whole() const {
        return head.whole() && tail == std::string(head.number % 90, static_cast<char>('a' + head.number % 26));
    }
};
sealed const& head_of(sealed const& value) {
    return value;
}
sealed const& head_of(sealed_text const& value) {
    return value.head;
}

/// What is known of the values of each key: each has one writer, who numbers its puts and erasures.
class histories {
  public:
    explicit histories(std::size_t keys) : begun_(keys), done_(keys) {}

    std::uint64_t begin(std::uint64_t key) { return ++begun_[key]; }
    void end(std::uint64_t key, std::uint64_t number) { done_[key] = number; }

    /// What a lookup that begins now may find at the least, and one that has ended at the most.
    std::uint64_t least(std::uint64_t key) const { return done_[key]; }
    std::uint64_t most(std::uint64_t key) const { return begun_[key]; }

  private:
    std::vector<std::atomic<std::uint64_t>> begun_;
    std::vector<std::atomic<std::uint64_t>> done_;
};

/// Writers and readers use a cache that grows from nothing until it has to evict; counts what was wrong.
template<class Value, class Cache, class KeyOf>
int faults_under_stress(Cache& subject, unsigned seed, int steps, KeyOf key_of) {
    constexpr std::uint64_t writers = 2;
    constexpr std::uint64_t most_keys = 4'000;
    histories known{most_keys};
    std::atomic<std::uint64_t> keys{writers};
    std::atomic<unsigned> writing{writers};
    std::atomic<int> wrong{0};
    auto const look = [&](std::uint64_t key, bool nested) {
        auto const least = known.least(key);
        subject.visit(key_of(key), [&](Value const& value) {
            if (nested) {
                static_cast<void>(subject.get(key_of(key / 2)));
                subject.for_each([](auto const&...) {});
            }
            sealed const& head = head_of(value);
            bool const right =
                value.whole() && head.key == key && head.number >= least && head.number <= known.most(key);
            wrong += right ? 0 : 1;
        });
    };
    run_together(4, [&](int me) {
        std::mt19937_64 random{seed + static_cast<unsigned>(me)};
        if (static_cast<std::uint64_t>(me) >= writers) {
            while (writing != 0) {
                look(random() % keys, random() % 2'000 == 0);
            }
            return;
        }
        for (int step = 0; step < steps; ++step) {
            if (keys < most_keys && step % 3 == 0) {
                keys += keys < most_keys - writers ? 1U : 0U;
            }
            auto const key = random() % keys / writers * writers + static_cast<unsigned>(me);
            auto const number = known.begin(key);
            switch (random() % 16) {
            case 0:
                subject.erase(key_of(key));
                break;
            case 1:
                subject.put_absent(key_of(key));
                break;
            case 2:
                subject.invalidate_if([&](auto const& each) { return each == key_of(key); });
                break;
            default:
                subject.put(key_of(key), Value::of(key, number));
            }
            known.end(key, number);
            look(key, false);
        }
        --writing;
    });
    return wrong;
}

} // namespace

TEMPLATE_TEST_CASE(
    "cache: whatever the policy, nobody sees a torn, foreign or outdated value while entries come and go", "[slow]",
    cache::adaptive, cache::s3_fifo, cache::lru, cache::strict_lru, cache::fifo) {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    cache::local<std::uint64_t, sealed, TestType> inlined{{.capacity_bytes = 1'500, .shards = 2},
                                                          [](auto const&...) -> std::size_t { return 1; }};
    CHECK(faults_under_stress<sealed>(inlined, seed, 6'000, [](std::uint64_t key) { return key; }) == 0);
    CHECK(inlined.stats().evictions > 0);
    cache::local<std::string, sealed_text, TestType> on_heap{
        {.capacity_bytes = 150'000, .shards = 2},
        [](std::string const&, sealed_text const& value) -> std::size_t { return 50 + value.tail.size(); }};
    CHECK(faults_under_stress<sealed_text>(on_heap, seed, 6'000,
                                           [](std::uint64_t key) { return std::to_string(key); }) == 0);
    CHECK(on_heap.stats().evictions > 0);
    CHECK(on_heap.stats().bytes <= 150'000);
}

TEMPLATE_TEST_CASE("cache: a walk meets what stays once, and whole, while others write", "", std::uint64_t,
                   std::string) {
    auto const text = [](std::uint64_t number) {
        if constexpr (std::is_same_v<TestType, std::string>) {
            return std::to_string(number);
        } else {
            return number;
        }
    };
    constexpr std::uint64_t fixed = 3'000;
    cache::local<TestType, TestType> subject{{.capacity_bytes = 1U << 28U, .shards = 2}};
    for (std::uint64_t key = 0; key < fixed; ++key) {
        subject.put(text(key), text(key));
    }
    std::atomic<bool> done{false};
    std::atomic<int> wrong{0};
    run_together(3, [&](int me) {
        if (me == 0) {
            for (int round = 0; round < 20; ++round) {
                std::map<TestType, int> met;
                subject.for_each([&](TestType const& key, TestType const& value, auto) {
                    wrong += key == value ? 0 : 1;
                    ++met[key];
                });
                for (std::uint64_t key = 0; key < fixed; ++key) {
                    wrong += met[text(key)] == 1 ? 0 : 1;
                }
            }
            done = true;
            return;
        }
        std::mt19937_64 random{static_cast<unsigned>(me)};
        while (!done) {
            auto const moving = text(fixed + random() % 5'000);
            random() % 2 == 0 ? static_cast<void>(subject.put(moving, moving))
                              : static_cast<void>(subject.erase(moving));
            auto const staying = text(random() % fixed);
            subject.put(staying, staying);
        }
    });
    CHECK(wrong == 0);
}

TEST_CASE("cache: a lookup ends in a small index in which every bucket has entries of another one") {
    for (std::size_t capacity = 10; capacity < 40; ++capacity) {
        cache::local<std::uint64_t, std::uint64_t, cache::fifo> subject{
            {.capacity_bytes = capacity, .shards = 1}, [](std::uint64_t, std::uint64_t) -> std::size_t { return 1; }};
        for (std::uint64_t key = 0; key < 3'000; ++key) {
            subject.put(key, key);
            REQUIRE_FALSE(subject.get(~key));
        }
    }
}

TEST_CASE("cache: more threads than cells read correctly, under a lock") {
    cache::local<std::string, std::string> subject{{.shards = 1}};
    subject.put("key", "value");
    std::atomic<int> wrong{0};
    run_together(100, [&](int) {
        for (int i = 0; i < 50; ++i) {
            wrong += subject.get("key") == "value" ? 0 : 1;
        }
    });
    CHECK(wrong == 0);
    CHECK(subject.stats().hits == 5'000);
}

TEMPLATE_TEST_CASE("cache: threads that read, write and erase never see a foreign value or an excess", "",
                   cache::adaptive, cache::s3_fifo, cache::lru, cache::strict_lru, cache::fifo) {
    constexpr std::uint64_t capacity = 64 * 1024;
    cache::local<std::uint64_t, std::shared_ptr<std::uint64_t const>, TestType> subject{
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
