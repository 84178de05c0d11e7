// SPDX-License-Identifier: MIT
//
// Keys are invalidated by a pattern among a million: no command may hold the server up.

#include "cache/tiered.hpp"
#include "cache/tiered_process.hpp"
#include "support/cpu_timer.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/parser.hpp>
#include <orfeas/cache/redis/reply.hpp>

#include <atomic>
#include <string_view>

namespace bench {

namespace {

using namespace std::chrono_literals;
namespace redis = orfeas::cache::redis;

using text_cache = orfeas::cache::tiered<std::string, std::string>;

constexpr int local_keys = 20'000;

std::string local_key(int index) {
    return "here:" + std::to_string(index);
}

void demand(orfeas_test::redis_server const& server, std::vector<std::string> const& command) {
    if (server.command(command).starts_with('-')) {
        throw std::runtime_error{"redis-server does not take " + command[0] + " " + command[1]};
    }
}

/// What the server took for commands of some kinds, in ms.
struct command_times {
    std::vector<double> all;
    std::vector<double> scan;
    std::vector<double> unlink;
};

command_times times_of(orfeas_test::redis_server const& server) {
    auto const raw = server.command({"SLOWLOG", "GET", "-1"});
    redis::response replies;
    redis::parser{}.parse(raw, &replies, nullptr);
    command_times found;
    for (auto const entry : replies.front()) {
        auto const ms = static_cast<double>(entry[2].number().value_or(0)) / 1'000;
        auto const name = entry[3][0].text();
        found.all.push_back(ms);
        if (name == "SCAN") {
            found.scan.push_back(ms);
        } else if (name == "UNLINK") {
            found.unlink.push_back(ms);
        }
    }
    return found;
}

/// Lookups of the local tier, for as long as it is told, each a hit: how many in a second of this thread's CPU, and of time.
struct lookup_rate {
    double by_cpu = 0;
    double by_time = 0;
    std::uint64_t misses = 0;
};

lookup_rate look_up_until(text_cache& cache, std::vector<std::string> const& keys, std::atomic<bool> const& is_over) {
    lookup_rate seen;
    std::uint64_t count = 0;
    auto const cpu = cpu_nanoseconds();
    auto const begin = steady_clock::now();
    while (!is_over.load(std::memory_order_relaxed)) {
        for (auto const& key : keys) {
            seen.misses += cache.get_local(key) ? 0U : 1U;
        }
        count += keys.size();
    }
    seen.by_cpu = static_cast<double>(count) * 1e9 / (cpu_nanoseconds() - cpu);
    seen.by_time = static_cast<double>(count) * 1e3 / ms_since(begin);
    return seen;
}

} // namespace

void measure_tiered_pattern(report& to) {
    bool const is_quick = to.arguments().quick;
    int const all = is_quick ? 200'000 : 1'000'000;
    int const matching = is_quick ? 2'000 : 10'000;
    orfeas_test::redis_server const server{
        {"--enable-debug-command", "yes", "--slowlog-max-len", "1000000", "--slowlog-log-slower-than", "-1"}};
    demand(server, {"DEBUG", "POPULATE", std::to_string(all - matching - local_keys), "orfeas:other", "256"});

    asio::io_context io;
    auto guard = asio::make_work_guard(io);
    orfeas::cache::tiered_options options;
    options.l2 = {server.url()};
    text_cache cache{io.get_executor(), options};
    std::thread loop{[&] { io.run(); }};
    std::vector<std::pair<std::string, std::string>> entries;
    std::vector<std::string> keys;
    for (int i = 0; i < local_keys; ++i) {
        keys.push_back(local_key(i));
        entries.emplace_back(keys.back(), std::string(256, 'v'));
    }
    auto const stored = asio::co_spawn(io, cache.put_many(std::move(entries)), asio::use_future).get();
    std::atomic<bool> is_over{false};
    auto quiet = std::async(std::launch::async, [&] { return look_up_until(cache, keys, is_over); });
    std::this_thread::sleep_for(is_quick ? 500ms : 3s);
    is_over = true;
    auto const before = quiet.get();

    // The server's clock runs on while it waits for a processor: it is judged by runs in which nothing but the invalidation
    // competes with it. The lookups here are watched in others.
    constexpr int runs = 6;
    std::vector<double> slowest;
    std::vector<double> slowest_beside;
    std::vector<double> durations;
    std::vector<double> by_cpu;
    std::vector<double> by_time;
    command_times seen;
    for (int run = 0; run < runs; ++run) {
        demand(server, {"DEBUG", "POPULATE", std::to_string(matching), "orfeas:hit", "256"});
        demand(server, {"SLOWLOG", "RESET"});
        demand(server, {"CONFIG", "SET", "slowlog-log-slower-than", "0"});
        bool const has_lookups = run % 2 == 1;
        is_over = !has_lookups;
        auto busy = std::async(std::launch::async, [&] { return look_up_until(cache, keys, is_over); });
        auto const begin = steady_clock::now();
        auto const done = asio::co_spawn(io, cache.invalidate_pattern("hit:*"), asio::use_future).get();
        durations.push_back(ms_since(begin));
        is_over = true;
        auto const during = busy.get();
        demand(server, {"CONFIG", "SET", "slowlog-log-slower-than", "-1"});
        if (done.l2_entries != static_cast<std::uint64_t>(matching) || done.failed_nodes != 0) {
            throw std::runtime_error{"the pattern does not remove what it should"};
        }
        seen = times_of(server);
        (has_lookups ? slowest_beside : slowest).push_back(quantile(seen.all, 1));
        if (has_lookups) {
            by_cpu.push_back(during.by_cpu / before.by_cpu);
            by_time.push_back(during.by_time / before.by_time);
        }
    }

    asio::co_spawn(io, cache.stop(), asio::use_future).get();
    guard.reset();
    loop.join();

    std::string const title =
        "tiered: invalidate " + std::to_string(matching / 1'000) + "k of " + std::to_string(all / 1'000) + "k: ";
    auto const add = [&](char const* what, char const* unit, double figure, std::optional<bar> target = {}) {
        to.add({.bench = "cache", .name = title + what, .unit = unit, .ours = figure, .target = std::move(target)});
    };
    if (stored != static_cast<std::size_t>(local_keys)) {
        throw std::runtime_error{"not all keys are stored"};
    }
    add("the server's slowest command of 3 runs", "ms", quantile(slowest, 1), bar{"ours", "<=", 5});
    add("the same with two more busy threads on the machine", "ms", quantile(slowest_beside, 1));
    add("a SCAN, median", "ms", quantile(seen.scan, 0.5));
    add("a SCAN, p99", "ms", quantile(seen.scan, 0.99));
    add("an UNLINK, p99", "ms", quantile(seen.unlink, 0.99));
    add("commands", "", static_cast<double>(seen.all.size()));
    add("duration", "ms", quantile(durations, 0.5));
    add("lookups here meanwhile, of before", "", quantile(by_cpu, 0.5));
    add("the same by the clock", "", quantile(by_time, 0.5));
}

} // namespace bench
