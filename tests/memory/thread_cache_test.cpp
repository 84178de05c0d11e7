// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/failing_resource.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/thread_cache.hpp>
#include <orfeas/memory/tracking_resource.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <type_traits>
#include <vector>

using namespace orfeas::literals;
using namespace orfeas::memory;
using orfeas::memory::detail::size_classes;

namespace {

static_assert(copying_resource<thread_cache<heap_resource>> && !copying_resource<thread_cache<resource_ref>>);
static_assert(!std::is_move_constructible_v<thread_cache<heap_resource>>);
static_assert(!std::is_constructible_v<thread_cache<heap_resource>, heap_resource&, stream_ref>);

using tracked = tracking_resource<heap_resource>;

struct block {
    unsigned char* begin;
    std::size_t bytes;
    unsigned char pattern;

    void fill() const { std::memset(begin, pattern, bytes); }
    bool intact() const {
        for (std::size_t i = 0; i < bytes; i += i + 64 < bytes ? 61 : 1) {
            if (begin[i] != pattern) {
                return false;
            }
        }
        return true;
    }
};

/// Allocates and frees at random, each block with a pattern of its own. True when no pattern was ever lost.
template<class Cache>
bool churn(Cache& cache, std::mt19937_64& random, int steps, std::size_t largest) {
    std::vector<block> live;
    bool good = true;
    for (int i = 0; i < steps; ++i) {
        if (live.size() < 50 && random() % 2 == 0) {
            auto const bytes = orfeas_test::log_uniform(random, largest);
            if (void* const p = cache.try_allocate(bytes)) {
                live.push_back({static_cast<unsigned char*>(p), bytes, static_cast<unsigned char>(random())});
                live.back().fill();
            }
        } else if (!live.empty()) {
            std::swap(live[random() % live.size()], live.back());
            good = good && live.back().intact();
            cache.deallocate(live.back().begin, live.back().bytes);
            live.pop_back();
        }
    }
    for (auto const& each : live) {
        good = good && each.intact();
        cache.deallocate(each.begin, each.bytes);
    }
    return good;
}

} // namespace

TEST_CASE("memory: a size takes the smallest block that holds it") {
    CHECK(size_classes::bytes(0) == 512);
    CHECK(size_classes::bytes(3) == 2048);
    CHECK(size_classes::bytes(4) == 2560);
    CHECK(size_classes::bytes(8) == 5120);
    CHECK(size_classes::bytes(31) == 256_KiB);
    for (std::size_t i = 1; i < size_classes::count; ++i) {
        CHECK(size_classes::bytes(i) > size_classes::bytes(i - 1));
        CHECK(size_classes::bytes(i) % 512 == 0);
    }
    bool right = size_classes::index(0) == 0;
    for (std::size_t bytes = 1; bytes <= 256_KiB; ++bytes) {
        auto const i = size_classes::index(bytes);
        right = right && bytes <= size_classes::bytes(i) && (i == 0 || bytes > size_classes::bytes(i - 1));
    }
    CHECK(right);
}

TEST_CASE("memory: a thread cache hands out again what it took back") {
    heap_resource heap;
    tracked below{heap};
    {
        thread_cache cache{below};
        void* const a = cache.allocate(1000);
        CHECK(reinterpret_cast<std::uintptr_t>(a) % 512 == 0);
        CHECK(cache.cached_bytes() == 0); // one request is no reason to take more
        cache.deallocate(a, 1000);
        CHECK(cache.cached_bytes() == 1024);
        CHECK(cache.try_allocate(520, 512) == a);
        CHECK(below.allocations() == 1);
        cache.deallocate(a, 520, 512);
        cache.deallocate(nullptr, 1);
        CHECK(below.live_bytes() == 1024); // what is kept counts as allocated below
        cache.flush();
        CHECK(cache.cached_bytes() == 0);
        CHECK(below.leaks().empty());
        cache.deallocate(cache.allocate(0), 0);
        CHECK(cache.cached_bytes() == 512);
    }
    CHECK(below.leaks().empty());
}

TEST_CASE("memory: a class that runs out is refilled in growing batches") {
    heap_resource heap;
    tracked below{heap};
    thread_cache cache{below};
    std::vector<void*> taken;
    for (int i = 0; i < 100; ++i) {
        taken.push_back(cache.allocate(4096));
    }
    CHECK(below.allocations() == 1 + 2 + 4 + 8 + 6 * 16);
    CHECK(cache.cached_bytes() == (1 + 2 + 4 + 8 + 6 * 16 - 100) * 4096);
    for (void* const p : taken) {
        cache.deallocate(p, 4096);
    }
    CHECK(cache.cached_bytes() <= 64 * 4096); // so many of one class at most
    CHECK(cache.cached_bytes() >= 48 * 4096);
    cache.flush();
    CHECK(below.leaks().empty());
}

TEST_CASE("memory: a thread cache keeps no more than its limit") {
    heap_resource heap;
    tracked below{heap};
    thread_cache cache{below, thread_cache_options{.limit_bytes = 1_MiB}};
    std::vector<void*> taken;
    for (int i = 0; i < 60; ++i) {
        taken.push_back(cache.allocate(100'000));
        CHECK(cache.cached_bytes() <= 512_KiB);
    }
    for (void* const p : taken) {
        cache.deallocate(p, 100'000);
        CHECK(cache.cached_bytes() <= 1_MiB);
    }
    CHECK(cache.cached_bytes() > 0);
    void* const other = cache.allocate(200'000);
    cache.deallocate(other, 200'000);
    CHECK(cache.allocate(200'000) == other); // what is new is kept, whatever lay there before
    cache.deallocate(other, 200'000);
    CHECK(below.live_bytes() == cache.cached_bytes());
}

TEST_CASE("memory: a thread cache of nothing passes everything through") {
    heap_resource heap;
    tracked below{heap};
    thread_cache cache{below, thread_cache_options{.limit_bytes = 0}};
    void* const p = cache.allocate(1000);
    cache.deallocate(p, 1000);
    CHECK(cache.cached_bytes() == 0);
    CHECK(below.leaks().empty());
}

TEST_CASE("memory: large and strictly aligned requests pass through a thread cache") {
    heap_resource heap;
    tracked below{heap};
    thread_cache cache{below};
    void* const large = cache.allocate(256_KiB + 1);
    CHECK(below.live()[0].bytes == 256_KiB + 1);
    CHECK(below.live()[0].alignment == alignof(std::max_align_t));
    void* const aligned = cache.try_allocate(100, 4096);
    CHECK(reinterpret_cast<std::uintptr_t>(aligned) % 4096 == 0);
    CHECK(below.live()[1].alignment == 4096);
    cache.deallocate(large, 256_KiB + 1);
    cache.deallocate(aligned, 100, 4096);
    CHECK(below.leaks().empty());
    CHECK(cache.block_bytes(100'000) == 112_KiB);
    CHECK(cache.block_bytes(300'000) == 300'000);
    CHECK(cache.block_bytes(100, 4096) == 100);
}

TEST_CASE("memory: before a thread cache gives up, it gives back") {
    heap_resource heap;
    limiting_resource limited{heap, 64_KiB};
    thread_cache cache{limited};
    std::vector<void*> taken;
    for (int i = 0; i < 16; ++i) {
        taken.push_back(cache.allocate(4096)); // batches that find no room are no failure
    }
    CHECK(cache.try_allocate(4096) == nullptr);
    for (void* const p : taken) {
        cache.deallocate(p, 4096);
    }
    CHECK(cache.cached_bytes() == 64_KiB);
    void* const p = cache.allocate(60'000);
    CHECK(limited.used_bytes() == 64_KiB - cache.cached_bytes());
    CHECK_THROWS_AS(cache.allocate(60'000), out_of_memory);
    CHECK_THROWS_AS(cache.allocate(1_MiB), out_of_memory);
    cache.deallocate(p, 60'000);
    void* const q = cache.try_allocate(64_KiB);
    CHECK(q != nullptr);
    cache.deallocate(q, 64_KiB);
}

TEST_CASE("memory: every request may fail below, and nothing is lost") {
    heap_resource heap;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        tracked counted{heap};
        {
            failing_resource below{counted, {.probability = 0.3, .seed = seed}};
            thread_cache cache{below, thread_cache_options{.limit_bytes = 512_KiB}};
            std::mt19937_64 random{seed};
            CHECK(churn(cache, random, 2000, 400'000));
        }
        CHECK(counted.leaks().empty());
    }
}

TEST_CASE("memory: what is taken from a thread cache is nobody else's") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    heap_resource heap;
    tracked p{heap};
    {
        thread_cache cache{p};
        CHECK(churn(cache, random, 30'000, 400'000));
        CHECK(cache.cached_bytes() <= 4_MiB);
        CHECK(p.live_bytes() == cache.cached_bytes());
    }
    CHECK(p.live_bytes() == 0);
}

TEST_CASE("memory: caches over one resource take each other's blocks") {
    heap_resource heap;
    tracked below{heap};
    tracked elsewhere{heap};
    {
        thread_cache a{below};
        thread_cache b{below};
        CHECK(a == b);
        CHECK_FALSE(a == thread_cache{elsewhere});
        void* const p = a.allocate(3000);
        b.deallocate(p, 3000);
        CHECK(b.allocate(3000) == p);
        b.deallocate(p, 3000);
    }
    CHECK(below.leaks().empty());
}

TEST_CASE("memory: what other threads give back comes to the owner") {
    heap_resource heap;
    tracked below{heap};
    {
        thread_cache cache{below};
        void* const a = cache.allocate(1000);
        void* const large = cache.allocate(1_MiB);
        std::thread{[&] {
            cache.deallocate_remote(a, 1000);
            cache.deallocate_remote(large, 1_MiB);
            cache.deallocate_remote(nullptr, 1);
        }}.join();
        CHECK(below.live_allocations() == 2);
        CHECK(cache.allocate(1000) == a);
        CHECK(below.live_allocations() == 1);
        cache.deallocate_remote(a, 1000);
    }
    CHECK(below.leaks().empty()); // also what the owner never looked at
}

TEST_CASE("memory: a flush may be asked for from anywhere") {
    heap_resource heap;
    tracked below{heap};
    thread_cache cache{below};
    void* const a = cache.allocate(1000);
    void* const b = cache.allocate(5000);
    cache.deallocate(a, 1000);
    std::thread{[&] { cache.request_flush(); }}.join();
    CHECK(below.live_allocations() == 2);
    cache.deallocate(b, 5000);
    CHECK(below.leaks().empty());
    cache.deallocate(cache.allocate(1000), 1000);
    CHECK(cache.cached_bytes() == 1024); // asked for once
}

TEST_CASE("memory: buffers live in a thread cache") {
    heap_resource heap;
    tracked p{heap};
    thread_cache cache{p};
    for (int i = 0; i < 100; ++i) {
        buffer<int, thread_cache<tracked>> numbers{cache, 1000};
        int const in = i;
        int out = 0;
        numbers.copy_in({&in, 1});
        numbers.copy_out({&out, 1});
        CHECK(out == i);
    }
    CHECK(p.live_allocations() == 1);
    CHECK(cache.host_accessible());
}

TEST_CASE("memory: workers with a cache each, whose blocks end on other threads") {
    auto const seed = orfeas_test::test_seed();
    INFO("seed " << seed);
    constexpr int workers = 4;
    heap_resource heap;
    tracked p{heap};
    {
        struct parcel {
            block what;
            int from;
        };
        struct worker {
            explicit worker(tracked& below) : cache{below} {}
            thread_cache<tracked> cache;
            std::mutex guard;
            std::deque<parcel> inbox;
        };
        std::deque<worker> all;
        for (int w = 0; w < workers; ++w) {
            all.emplace_back(p);
        }
        std::atomic<bool> good{true};
        auto const finish = [&](int self, parcel const& each) {
            if (!each.what.intact()) {
                good = false;
            }
            auto& owner = all[static_cast<std::size_t>(each.from)].cache;
            if (each.from == self) {
                owner.deallocate(each.what.begin, each.what.bytes);
            } else {
                owner.deallocate_remote(each.what.begin, each.what.bytes);
            }
        };
        std::vector<std::thread> threads;
        for (int w = 0; w < workers; ++w) {
            threads.emplace_back([&, w] {
                std::mt19937_64 random{seed + static_cast<std::uint64_t>(w)};
                auto& own = all[static_cast<std::size_t>(w)];
                for (int i = 0; i < 3000; ++i) {
                    auto const bytes = orfeas_test::log_uniform(random, 50'000);
                    auto* const begin = static_cast<unsigned char*>(own.cache.allocate(bytes));
                    parcel const sent{{begin, bytes, static_cast<unsigned char>(random())}, w};
                    sent.what.fill();
                    auto& to = all[random() % workers];
                    {
                        std::scoped_lock const lock{to.guard};
                        to.inbox.push_back(sent);
                    }
                    std::unique_lock lock{own.guard};
                    if (!own.inbox.empty()) {
                        auto const got = own.inbox.front();
                        own.inbox.pop_front();
                        lock.unlock();
                        finish(w, got);
                    }
                }
            });
        }
        for (auto& each : threads) {
            each.join();
        }
        for (int w = 0; w < workers; ++w) {
            for (auto const& each : all[static_cast<std::size_t>(w)].inbox) {
                finish(w, each);
            }
        }
        CHECK(good);
    }
    CHECK(p.live_allocations() == 0);
    CHECK(p.live_bytes() == 0);
}
