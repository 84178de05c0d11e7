// SPDX-License-Identifier: MIT
//
// Three servers that share the keys: one of them is killed, or frozen, under load, and comes back.

#include "cache/tiered.hpp"
#include "cache/tiered_process.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis.hpp>
#include <orfeas/cache/tiers/key_space.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <random>

namespace bench {

namespace {

using namespace std::chrono_literals;
namespace redis = orfeas::cache::redis;
using redis_server = orfeas_test::redis_server;

constexpr std::size_t callers = 64;
constexpr std::uint64_t keys = 4'096;
constexpr double slack_ms = 50; // for the loop's other work, and for the machine's

/// What the callers see.
struct load_seen {
    std::atomic<bool> is_over{false};
    std::mutex mutex;
    std::vector<double> calls; // ms
    std::uint64_t wrong = 0;

    void note(double ms, bool is_wrong) {
        std::scoped_lock const hold{mutex};
        calls.push_back(ms);
        wrong += is_wrong ? 1U : 0U;
    }
};

orfeas::task<> call_on(load_seen& seen, versioned_cache& cache, std::uint64_t seed) {
    std::mt19937_64 random{seed};
    while (!seen.is_over.load()) {
        versioned value;
        value.key = random() % keys;
        bool is_wrong = false;
        auto const begin = steady_clock::now();
        if (random() % 4 == 0) {
            co_await cache.put(value.key, value);
        } else {
            auto const got = co_await cache.get(value.key);
            is_wrong = got && got->key != value.key;
        }
        seen.note(ms_since(begin), is_wrong);
        co_await pause(1ms);
    }
}

/// Three servers, a tiered cache over them, and beside it a client of the same servers to ask by itself.
struct sharded_world {
    std::vector<std::unique_ptr<redis_server>> servers;
    std::optional<cache_process> process;
    std::unique_ptr<redis::sharded_client> client;
    std::uint64_t dead_key = keys; // a key of server 0 that the callers leave alone
    double deadline_ms = 0;

    sharded_world() {
        orfeas::cache::tiered_options options;
        std::vector<redis::endpoint> endpoints;
        for (int i = 0; i < 3; ++i) {
            servers.push_back(std::make_unique<redis_server>());
            options.l2.push_back(servers.back()->url());
            endpoints.push_back(redis::parse_endpoint(servers.back()->url()));
        }
        process.emplace(options);
        client = std::make_unique<redis::sharded_client>(process->io().get_executor(), endpoints);
        client->start();
        process->wait_until_connected();
        while (client->node_of(text_of(dead_key)) != 0) {
            ++dead_key;
        }
        deadline_ms = std::chrono::duration<double, std::milli>(redis::connection_options{}.call_deadline).count();
    }
    ~sharded_world() { process->run(client->stop()); }

    static std::string text_of(std::uint64_t key) {
        return orfeas::cache::detail::key_space<std::uint64_t>{orfeas::cache::tiered_options{}.key_prefix}.text_of(key);
    }
};

/// Times `calls` calls, one after the other, each of which is refused because the breaker is open; the probes in between
/// are not counted.
orfeas::task<std::vector<double>> time_refusals(sharded_world& of, std::size_t calls) {
    std::string const key = sharded_world::text_of(of.dead_key);
    redis::request asked;
    asked.append("GET", key);
    std::vector<double> took; // µs
    auto const limit = steady_clock::now() + 10s;
    while (took.size() < calls && steady_clock::now() < limit) {
        auto const begin = steady_clock::now();
        redis::node_result const got = co_await of.client->execute(redis::access::read, key, asked);
        std::chrono::duration<double, std::micro> const time = steady_clock::now() - begin;
        if (got.error == redis::make_error_code(redis::error::breaker_open)) {
            took.push_back(time.count());
        }
    }
    co_return took;
}

/// The same through the tiered cache, whose breaker another caller may find open.
orfeas::task<std::vector<double>> time_misses(sharded_world& of, std::size_t calls) {
    std::vector<double> took;
    auto& cache = of.process->cache();
    auto const limit = steady_clock::now() + 10s;
    while (took.size() < calls && steady_clock::now() < limit) {
        auto const begin = steady_clock::now();
        auto const got = co_await cache.get(of.dead_key);
        std::chrono::duration<double, std::micro> const time = steady_clock::now() - begin;
        if (!got) {
            took.push_back(time.count());
        }
    }
    co_return took;
}

/// Milliseconds until a value of the node's is taken again.
orfeas::task<double> recover(versioned_cache& cache, std::uint64_t key) {
    auto const begin = steady_clock::now();
    versioned value;
    value.key = key;
    bool stored = false;
    while (!stored && ms_since(begin) < 20'000) {
        stored = co_await cache.put(key, value);
        co_await pause(1ms);
    }
    co_return ms_since(begin);
}

void measure_fault(report& to, std::string const& title, void (*harm)(redis_server&), void (*heal)(redis_server&)) {
    sharded_world w;
    auto& cache = w.process->cache();
    load_seen seen;
    std::vector<std::future<void>> running;
    for (std::size_t i = 0; i < callers; ++i) {
        running.push_back(w.process->begin(call_on(seen, cache, i + 1)));
    }
    auto const phase = to.arguments().quick ? 1s : 5s;
    std::this_thread::sleep_for(phase);
    harm(*w.servers[0]);
    auto const under_load = w.process->run(time_refusals(w, 2'000)); // 0 were it never to open
    std::this_thread::sleep_for(phase);
    seen.is_over = true;
    for (auto& each : running) {
        each.get();
    }
    running.clear();
    auto const refusals = w.process->run(time_refusals(w, 20'000));
    auto const misses = w.process->run(time_misses(w, 20'000));
    seen.is_over = false;
    for (std::size_t i = 0; i < callers; ++i) {
        running.push_back(w.process->begin(call_on(seen, cache, i + 100)));
    }
    std::this_thread::sleep_for(phase);
    heal(*w.servers[0]);
    auto const recovered = w.process->run(recover(cache, w.dead_key));
    std::this_thread::sleep_for(phase);
    seen.is_over = true;
    for (auto& each : running) {
        each.get();
    }
    auto const add = [&](char const* what, char const* unit, double figure, std::optional<bar> target = {}) {
        to.add(
            {.bench = "cache", .name = title + ": " + what, .unit = unit, .ours = figure, .target = std::move(target)});
    };
    add("longest call (deadline 500 ms, slack 50 ms)", "ms", quantile(seen.calls, 1),
        bar{"ours", "<=", w.deadline_ms + slack_ms});
    add("p99 of all calls", "ms", quantile(seen.calls, 0.99));
    add("wrong values", "", static_cast<double>(seen.wrong), bar{"ours", "<=", 0});
    add("refused calls timed", "", static_cast<double>(refusals.size()), bar{"ours", ">=", 1'000});
    add("a call of the client while the breaker is open, p99", "us", quantile(refusals, 0.99), bar{"ours", "<=", 5});
    add("a call of the client while the breaker is open, median", "us", quantile(refusals, 0.5));
    add("the same among 64 callers, p99", "us", quantile(under_load, 0.99));
    add("tiered.get while the breaker is open, median", "us", quantile(misses, 0.5));
    add("tiered.get while the breaker is open, p99", "us", quantile(misses, 0.99));
    add("taken again after the node answers", "ms", recovered, bar{"ours", "<=", 1'000});
}

} // namespace

void measure_tiered_faults(report& to) {
    measure_fault(
        to, "tiered: one node of three killed", [](redis_server& node) { node.kill(); },
        [](redis_server& node) { node.restart(); });
    measure_fault(
        to, "tiered: one node of three frozen", [](redis_server& node) { node.freeze(); },
        [](redis_server& node) { node.thaw(); });
}

} // namespace bench
