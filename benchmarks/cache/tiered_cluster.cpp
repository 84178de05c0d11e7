// SPDX-License-Identifier: MIT
//
// A cluster of six nodes whose slots move to and fro under the callers.

#include "cache/tiered.hpp"
#include "cache/tiered_process.hpp"
#include "support/redis_cluster.hpp"

#include <orfeas/cache/redis/cluster_slots.hpp>
#include <orfeas/cache/tiers/key_space.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <random>

namespace bench {

namespace {

using namespace std::chrono_literals;
namespace redis = orfeas::cache::redis;
using orfeas_test::redis_cluster;

constexpr std::size_t callers = 64;
constexpr std::size_t keys_each = 16; // written by one caller, read by all
constexpr std::size_t keys = callers * keys_each;

std::uint16_t slot_of(std::uint64_t key) {
    static orfeas::cache::detail::key_space<std::uint64_t> const names{orfeas::cache::tiered_options{}.key_prefix};
    return redis::slot_of_key(names.text_of(key));
}

/// Keys that share a few slots, so that many of the calls concern one that moves.
std::uint64_t key_number(std::size_t index) {
    static std::vector<std::uint64_t> const all = [] {
        std::vector<std::uint64_t> made;
        for (std::uint64_t key = 0; made.size() < keys; ++key) {
            if (slot_of(key) % 512 == 7) {
                made.push_back(key);
            }
        }
        return made;
    }();
    return all[index];
}

struct cluster_seen {
    std::atomic<bool> is_over{false};
    std::vector<std::atomic<std::uint64_t>> stored = std::vector<std::atomic<std::uint64_t>>(keys); // versions
    std::vector<std::atomic<std::uint64_t>> begun = std::vector<std::atomic<std::uint64_t>>(keys);
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> missing{0};
    std::atomic<std::uint64_t> wrong{0};
    std::mutex mutex;
    std::vector<double> gets; // ms
    std::vector<double> puts;
};

orfeas::task<> put_one(cluster_seen& seen, versioned_cache& cache, std::size_t index) {
    versioned value;
    value.key = key_number(index);
    value.version = seen.begun[index].fetch_add(1) + 1;
    auto const begin = steady_clock::now();
    bool const stored = co_await cache.put(value.key, value);
    auto const took = ms_since(begin);
    if (stored) {
        seen.stored[index].store(value.version);
    } else {
        seen.refused.fetch_add(1);
    }
    std::scoped_lock const hold{seen.mutex};
    seen.puts.push_back(took);
}

orfeas::task<> get_one(cluster_seen& seen, versioned_cache& cache, std::size_t index) {
    auto const key = key_number(index);
    auto const least = seen.stored[index].load();
    auto const begin = steady_clock::now();
    auto const got = co_await cache.get(key);
    auto const took = ms_since(begin);
    if (!got) {
        seen.missing.fetch_add(least > 0 ? 1 : 0);
    } else if (got->key != key || got->version < least || got->version > seen.begun[index].load()) {
        seen.wrong.fetch_add(1);
    }
    std::scoped_lock const hold{seen.mutex};
    seen.gets.push_back(took);
}

orfeas::task<> call_on(cluster_seen& seen, versioned_cache& cache, std::size_t caller) {
    std::mt19937_64 random{caller + 1};
    while (!seen.is_over.load()) {
        if (random() % 4 == 0) {
            co_await put_one(seen, cache, caller * keys_each + random() % keys_each);
        } else {
            co_await get_one(seen, cache, random() % keys);
        }
        co_await pause(1ms);
    }
}

std::vector<std::uint16_t> slots_to_move() {
    std::vector<std::uint16_t> slots;
    for (std::size_t i = 0; i < keys; ++i) {
        slots.push_back(slot_of(key_number(i)));
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    return slots;
}

std::size_t migrate_until(redis_cluster const& cluster, stopwatch_time end) {
    auto const slots = slots_to_move();
    std::vector<std::size_t> owners;
    for (auto const slot : slots) {
        owners.push_back(redis_cluster::first_owner(slot));
    }
    std::size_t moves = 0;
    for (std::size_t i = 0; steady_clock::now() < end; i = (i + 1) % slots.size()) {
        auto const next = (owners[i] + 1) % redis_cluster::primaries;
        cluster.migrate(slots[i], owners[i], next);
        owners[i] = next;
        ++moves;
    }
    return moves;
}

} // namespace

void measure_tiered_cluster(report& to) {
    redis_cluster const cluster;
    orfeas::cache::tiered_options options;
    options.l2_topology = "cluster";
    options.l2 = {"redis://" + cluster.name(0), "redis://" + cluster.name(1)};
    options.l1_bytes = 64U << 10U; // most reads go to the nodes
    cache_process process{options};
    process.wait_until_connected();
    cluster_seen seen;
    for (std::size_t i = 0; i < keys; ++i) {
        process.run(put_one(seen, process.cache(), i));
    }
    seen.puts.clear();
    std::vector<std::future<void>> running;
    for (std::size_t i = 0; i < callers; ++i) {
        running.push_back(process.begin(call_on(seen, process.cache(), i)));
    }
    auto const moves = migrate_until(cluster, steady_clock::now() + (to.arguments().quick ? 8s : 60s));
    seen.is_over = true;
    for (auto& each : running) {
        each.get();
    }
    auto const stats = process.cache().stats();
    auto const add = [&](char const* what, char const* unit, double figure, std::optional<bar> target = {}) {
        to.add({.bench = "cache",
                .name = std::string{"tiered: cluster of six, 64 callers, slots moving: "} + what,
                .unit = unit,
                .ours = figure,
                .target = std::move(target)});
    };
    add("slots moved", "", static_cast<double>(moves));
    add("calls", "", static_cast<double>(seen.gets.size() + seen.puts.size()));
    add("reads of the nodes", "", static_cast<double>(stats.l2_reads));
    add("puts not taken", "", static_cast<double>(seen.refused.load()), bar{"ours", "<=", 0});
    add("values not found", "", static_cast<double>(seen.missing.load()), bar{"ours", "<=", 0});
    add("wrong values", "", static_cast<double>(seen.wrong.load()), bar{"ours", "<=", 0});
    add("get, p99", "ms", quantile(seen.gets, 0.99), bar{"ours", "<=", 50});
    add("put, p99", "ms", quantile(seen.puts, 0.99), bar{"ours", "<=", 50});
    add("longest call", "ms", std::max(quantile(seen.gets, 1), quantile(seen.puts, 1)));
}

} // namespace bench
