// SPDX-License-Identifier: MIT
//
// Two processes, as far as the server can tell: what one changes the other must not serve any more.

#include "cache/tiered.hpp"
#include "cache/tiered_process.hpp"
#include "support/redis_server.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>

namespace bench {

namespace {

using namespace std::chrono_literals;
namespace redis = orfeas::cache::redis;

// ---- how soon ----

/// Notes when a process has dealt with a push.
struct push_watch {
    std::mutex mutex;
    std::condition_variable came;
    std::uint64_t count = 0;
    stopwatch_time last{};

    void note() {
        auto const now = steady_clock::now();
        std::scoped_lock const hold{mutex};
        ++count;
        last = now;
        came.notify_all();
    }

    std::uint64_t seen() {
        std::scoped_lock const hold{mutex};
        return count;
    }

    /// When the push with this number had been dealt with.
    stopwatch_time wait_for(std::uint64_t number) {
        std::unique_lock hold{mutex};
        if (!came.wait_for(hold, 5s, [&] { return count >= number; })) {
            throw std::runtime_error{"a push does not come"};
        }
        return last;
    }
};

/// A client as the options ask for it, which tells `watch` of each push after the cache has seen it.
redis::client_factory watched_client(orfeas::cache::tiered_options const& options, push_watch& watch) {
    auto const make = std::make_shared<redis::client_factory>(orfeas::cache::client_for(options));
    return [make, &watch](asio::any_io_executor executor, redis::connection_options connection,
                          redis::client_hooks hooks, orfeas::logger log) {
        auto const inner = std::make_shared<redis::client_hooks>(std::move(hooks));
        redis::client_hooks outer;
        outer.set_up = [inner](redis::request& greeting) { inner->set_up(greeting); };
        outer.changed = [inner](redis::node_number node, std::uint64_t generation, bool connected) {
            inner->changed(node, generation, connected);
        };
        outer.push = [inner, &watch](redis::node_number node, redis::reply_view push) {
            inner->push(node, push);
            watch.note();
        };
        return (*make)(std::move(executor), std::move(connection), std::move(outer), std::move(log));
    };
}

orfeas::task<stopwatch_time> put_and_look_at_the_clock(versioned_cache& cache, versioned value) {
    bool const stored = co_await cache.put(value.key, value);
    auto const now = steady_clock::now();
    if (!stored) {
        throw std::runtime_error{"a put is not taken"};
    }
    co_return now;
}

void measure_delay(report& to) {
    orfeas_test::redis_server const server;
    orfeas::cache::tiered_options options;
    options.l2 = {server.url()};
    push_watch watch;
    versioned_cache::parts with;
    with.client = watched_client(options, watch);
    cache_process writer{options};
    cache_process reader{options, std::move(with)};
    writer.wait_until_connected();
    reader.wait_until_connected();
    std::vector<double> after_return;
    std::vector<double> whole;
    int const rounds = to.arguments().quick ? 1'000 : 10'000;
    for (int i = 1; i <= rounds; ++i) {
        versioned value;
        value.key = static_cast<std::uint64_t>(i % 50);
        value.version = static_cast<std::uint64_t>(i);
        reader.run(reader.cache().get(value.key)); // from now on it is watched, if it is there
        bool const is_watched = reader.cache().get_local(value.key).has_value();
        auto const before = watch.seen();
        auto const begin = steady_clock::now();
        auto const returned = writer.run(put_and_look_at_the_clock(writer.cache(), value));
        if (!is_watched) {
            continue;
        }
        auto const gone = watch.wait_for(before + 1);
        if (reader.cache().get_local(value.key)) {
            throw std::runtime_error{"an entry is served after the push that invalidates it"};
        }
        auto const late = std::chrono::duration<double, std::milli>(gone - returned).count();
        after_return.push_back(std::max(late, 0.0)); // the push may be there before the reply
        whole.push_back(std::chrono::duration<double, std::milli>(gone - begin).count());
    }
    std::string const title = "tiered: put here, gone there";
    to.add({.bench = "cache",
            .name = title + ", p99 after put returned",
            .unit = "ms",
            .ours = quantile(after_return, 0.99),
            .target = bar{"ours", "<=", 5}});
    to.add({.bench = "cache",
            .name = title + ", median from the call of put",
            .unit = "ms",
            .ours = quantile(whole, 0.5)});
    to.add(
        {.bench = "cache", .name = title + ", p99 from the call of put", .unit = "ms", .ours = quantile(whole, 0.99)});
}

// ---- how surely ----

constexpr std::size_t keys = 8;
constexpr std::size_t loading = 2;          // the place of get_or_load among the calls
constexpr std::uint64_t fences = 1'000'000; // keys from here on have no value

/// One key: the truth, and what each process knows of it for certain.
struct key_history {
    std::atomic<std::uint64_t> truth{1};               ///< where loaders read it
    std::array<std::atomic<std::uint64_t>, 2> floor{}; ///< a process must not serve what is older
    std::mutex writing;
    bool is_written = false; ///< by one writer at a time, so that the order of versions is the server's
};

struct history {
    explicit history(stopwatch_time until) : end{until} {}

    stopwatch_time end;
    std::array<key_history, keys> all;
    std::atomic<std::uint64_t> next_fence{fences};
    std::atomic<std::uint64_t> reads{0};
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> writes{0};
    std::atomic<std::uint64_t> stale{0};
    std::atomic<std::uint64_t> wrong{0};
    std::array<std::atomic<std::uint64_t>, 4> stale_by_call{};

    bool is_over() const { return steady_clock::now() >= end; }
};

void raise(std::atomic<std::uint64_t>& floor, std::uint64_t to) {
    auto seen = floor.load();
    while (seen < to && !floor.compare_exchange_weak(seen, to)) {}
}

/// What a process read: not older than what it knew when it began to read.
void judge(history& seen, std::size_t process, std::uint64_t key, std::uint64_t floor,
           std::optional<versioned> const& got, std::size_t call) {
    seen.reads.fetch_add(1, std::memory_order_relaxed);
    if (!got) {
        return;
    }
    seen.hits.fetch_add(1, std::memory_order_relaxed);
    if (got->key != key) {
        seen.wrong.fetch_add(1);
    } else if (got->version < floor) {
        seen.stale.fetch_add(1);
        seen.stale_by_call[call].fetch_add(1);
    }
    if (call != loading) { // a loader may see the truth before the cache hears of it
        raise(seen.all[key].floor[process], got->version);
    }
}

/// Reads the truth, and takes a while to hand it over.
struct slow_load {
    history* seen;
    std::uint64_t key;
    std::chrono::microseconds duration;

    orfeas::task<versioned> operator()() {
        versioned made;
        made.key = key;
        made.version = seen->all[key].truth.load();
        co_await pause(duration);
        co_return made;
    }
};

orfeas::task<> read_on(history& seen, std::size_t process, versioned_cache& cache, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    while (!seen.is_over()) {
        auto const key = random() % keys;
        auto const floor = seen.all[key].floor[process].load();
        auto const call = random() % 8;
        if (call < 4) {
            auto const got = co_await cache.get(key);
            judge(seen, process, key, floor, got, 0);
        } else if (call < 5) {
            judge(seen, process, key, floor, cache.get_local(key), 1);
        } else if (call < 7) {
            std::chrono::microseconds const duration{random() % 1'000};
            slow_load load{&seen, key, duration};
            std::optional<versioned> const got = co_await cache.get_or_load(key, std::move(load));
            judge(seen, process, key, floor, got, loading);
        } else {
            auto const other = (key + 1) % keys;
            auto const other_floor = seen.all[other].floor[process].load();
            std::vector<std::uint64_t> both{key, other};
            auto const got = co_await cache.get_many(std::move(both));
            judge(seen, process, key, floor, got[0], 3);
            judge(seen, process, other, other_floor, got[1], 3);
        }
        if (random() % 4 == 0) { // a hit does not suspend: others want to run as well
            std::chrono::microseconds const rest{random() % 300};
            co_await pause(rest);
        }
    }
}

bool begin_writing(key_history& of) {
    std::scoped_lock const hold{of.writing};
    return !std::exchange(of.is_written, true);
}

void end_writing(key_history& of) {
    std::scoped_lock const hold{of.writing};
    of.is_written = false;
}

/// Changes the truth, and then the cache. What the other process's connection answers afterwards comes behind the push.
orfeas::task<> write_on(history& seen, std::size_t process, versioned_cache& cache, versioned_cache& other,
                        asio::io_context& others_loop, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    while (!seen.is_over()) {
        auto const key = random() % keys;
        auto& of = seen.all[key];
        if (begin_writing(of)) {
            versioned value;
            value.key = key;
            value.version = of.truth.load() + 1;
            of.truth.store(value.version);
            bool const erases = random() % 4 == 0;
            bool done = false;
            if (erases) {
                done = co_await cache.erase(key);
            } else {
                done = co_await cache.put(key, value);
            }
            raise(of.floor[process], value.version);
            auto const fence = seen.next_fence.fetch_add(1);
            co_await asio::co_spawn(others_loop, other.get(fence), asio::use_awaitable);
            if (done) {
                raise(of.floor[1 - process], value.version);
            }
            seen.writes.fetch_add(1, std::memory_order_relaxed);
            end_writing(of);
        }
        std::chrono::microseconds const rest{random() % 2'000};
        co_await pause(rest);
    }
}

void check_history(report& to, unsigned threads) {
    constexpr std::size_t readers = 8; // of each process
    constexpr std::size_t writers = 4;
    orfeas_test::redis_server const server;
    orfeas::cache::tiered_options options;
    options.l2 = {server.url()};
    cache_process first{options, {}, threads};
    cache_process second{options, {}, threads};
    std::array<cache_process*, 2> const both{&first, &second};
    first.wait_until_connected();
    second.wait_until_connected();
    history seen{steady_clock::now() + (to.arguments().quick ? 6s : 60s)};
    std::vector<std::future<void>> running;
    std::uint64_t seed = 1;
    for (std::size_t p = 0; p < both.size(); ++p) {
        auto& other = *both[1 - p];
        for (std::size_t i = 0; i < readers; ++i) {
            running.push_back(both[p]->begin(read_on(seen, p, both[p]->cache(), ++seed)));
        }
        for (std::size_t i = 0; i < writers; ++i) {
            running.push_back(both[p]->begin(write_on(seen, p, both[p]->cache(), other.cache(), other.io(), ++seed)));
        }
    }
    for (auto& each : running) {
        each.get();
    }
    std::string const title = "tiered: two processes, " + std::to_string(threads) +
                              (threads == 1 ? " thread each" : " threads each") + ", 8 keys changing";
    auto const add = [&](char const* what, double count, std::optional<bar> target = {}) {
        to.add({.bench = "cache", .name = title + ": " + what, .ours = count, .target = std::move(target)});
    };
    add("stale reads", static_cast<double>(seen.stale.load()), bar{"ours", "<=", 0});
    add("wrong values", static_cast<double>(seen.wrong.load()), bar{"ours", "<=", 0});
    add("reads", static_cast<double>(seen.reads.load()));
    add("values read", static_cast<double>(seen.hits.load()));
    add("writes", static_cast<double>(seen.writes.load()));
    if (seen.stale.load() != 0) {
        add("stale by get", static_cast<double>(seen.stale_by_call[0].load()));
        add("stale by get_local", static_cast<double>(seen.stale_by_call[1].load()));
        add("stale by get_or_load", static_cast<double>(seen.stale_by_call[2].load()));
        add("stale by get_many", static_cast<double>(seen.stale_by_call[3].load()));
    }
}

} // namespace

void measure_tiered_invalidation(report& to) {
    measure_delay(to);
    check_history(to, 1);
    check_history(to, 4);
}

} // namespace bench
