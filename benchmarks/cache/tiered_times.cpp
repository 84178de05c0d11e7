// SPDX-License-Identifier: MIT
//
// What the calls of a tiered cache take, on a loop that has nothing else to do.

#include "cache/tiered.hpp"
#include "cache/tiered_process.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis.hpp>

#include <functional>

namespace bench {

namespace {

namespace redis = orfeas::cache::redis;

constexpr std::uint64_t keys = 1'000;
constexpr std::size_t batch = 100;

versioned value_of(std::uint64_t key) {
    versioned value;
    value.key = key;
    return value;
}

void demand(bool holds) {
    if (!holds) {
        throw std::runtime_error{"a value is missing"};
    }
}

orfeas::task<> get_each(versioned_cache& cache, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        auto const got = co_await cache.get(i % keys);
        demand(got && got->key == i % keys);
    }
}

orfeas::task<> get_each_here(versioned_cache& cache, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        demand(cache.get_local(i % keys).has_value());
    }
    co_return;
}

orfeas::task<> put_each(versioned_cache& cache, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        bool const stored = co_await cache.put(i % keys, value_of(i % keys));
        demand(stored);
    }
}

orfeas::task<> get_batches(versioned_cache& cache, std::size_t count) {
    for (std::size_t i = 0; i < count; i += batch) {
        std::vector<std::uint64_t> asked;
        for (std::size_t k = 0; k < batch; ++k) {
            asked.push_back((i + k) % keys);
        }
        auto const got = co_await cache.get_many(std::move(asked));
        for (auto const& each : got) {
            demand(each.has_value());
        }
    }
}

/// The client alone: the same keys, no envelope, no second tier.
orfeas::task<> ask_each(redis::sharded_client& client, std::size_t count) {
    redis::request asked;
    redis::node_result got;
    for (std::size_t i = 0; i < count; ++i) {
        std::string const key = "orfeas:" + std::to_string(i % keys);
        asked.clear();
        asked.append("GET", key);
        got = co_await client.execute(redis::access::read, key, asked, std::move(got.replies));
        demand(got && got.replies.front().string().has_value());
    }
}

/// Nanoseconds an operation: the median of some rounds.
double time_of(cache_process& on, std::size_t count, int rounds,
               std::function<orfeas::task<>(std::size_t)> const& make) {
    std::vector<double> times;
    on.run(make(count / 10));
    for (int i = 0; i < rounds; ++i) {
        auto const begin = steady_clock::now();
        on.run(make(count));
        times.push_back(ms_since(begin) * 1e6 / static_cast<double>(count));
    }
    return quantile(std::move(times), 0.5);
}

} // namespace

void measure_tiered_times(report& to) {
    orfeas_test::redis_server const server;
    orfeas::cache::tiered_options options;
    options.l2 = {server.url()};
    cache_process both{options};
    options.l1_bytes = 1; // keeps nothing
    cache_process far{options};
    both.wait_until_connected();
    far.wait_until_connected();
    redis::sharded_client client{far.io().get_executor(), {redis::parse_endpoint(server.url())}};
    client.start();
    both.run(put_each(both.cache(), keys));

    int const rounds = to.arguments().quick ? 5 : 15;
    auto& near_cache = both.cache();
    auto& far_cache = far.cache();
    double const here = time_of(both, 1'000'000, rounds, [&](std::size_t n) { return get_each_here(near_cache, n); });
    double const hit = time_of(both, 200'000, rounds, [&](std::size_t n) { return get_each(near_cache, n); });
    double const asked = time_of(far, 5'000, rounds, [&](std::size_t n) { return ask_each(client, n); });
    double const read = time_of(far, 5'000, rounds, [&](std::size_t n) { return get_each(far_cache, n); });
    double const written = time_of(far, 5'000, rounds, [&](std::size_t n) { return put_each(far_cache, n); });
    double const many = time_of(far, 20'000, rounds, [&](std::size_t n) { return get_batches(far_cache, n); });
    far.run(client.stop());

    auto const add = [&](char const* what, double figure, std::vector<std::pair<std::string, double>> peers = {}) {
        to.add({.bench = "cache",
                .name = std::string{"tiered: "} + what,
                .unit = "ns",
                .ours = figure,
                .peers = std::move(peers)});
    };
    add("get_local, a hit", here);
    add("get, a hit here", hit);
    add("get, a hit on the server", read, {{"client's GET", asked}});
    add("put", written, {{"client's GET", asked}});
    add("get_many of 100, a key on the server", many, {{"get, one after the other", read}});
}

} // namespace bench
