// SPDX-License-Identifier: MIT

#include "cache/ring.hpp"

#include "support/cpu_timer.hpp"

#include <orfeas/cache/hash_ring.hpp>
#include <orfeas/cache/ketama_ring.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace bench {

namespace {

using orfeas::cache::hash_ring;
using orfeas::cache::ketama_ring;
using orfeas::cache::ring_member;

/// Nodes with names that no other placement has.
std::vector<ring_member> nodes(std::size_t count, std::size_t placement) {
    std::vector<ring_member> members;
    for (std::size_t i = 0; i < count; ++i) {
        members.push_back({"10." + std::to_string(placement) + ".0." + std::to_string(i) + ":6379"});
    }
    return members;
}

/// The hashes of `count` keys, the same in each run.
template<class Ring>
std::vector<std::uint64_t> hashes(std::size_t count) {
    std::mt19937_64 random{1};
    std::vector<std::uint64_t> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back(Ring::hash_of("mesh:" + std::to_string(random())));
    }
    return all;
}

/// Keys of the fullest and of the emptiest node over the mean.
struct spread {
    double most;
    double least;

    double deviation() const { return std::max(most - 1, 1 - least); }
};

template<class Ring>
spread spread_of(Ring const& ring, std::vector<std::uint64_t> const& keys) {
    std::vector<std::size_t> counts(ring.size());
    for (auto const key : keys) {
        ++counts[ring.node_of(key)];
    }
    auto const [least, most] = std::minmax_element(counts.begin(), counts.end());
    double const mean = static_cast<double>(keys.size()) / static_cast<double>(counts.size());
    return {static_cast<double>(*most) / mean, static_cast<double>(*least) / mean};
}

/// The worst of many placements.
template<class Ring>
spread worst_spread(std::size_t count, std::size_t placements, std::vector<std::uint64_t> const& keys) {
    spread worst{0, 1};
    for (std::size_t placement = 0; placement < placements; ++placement) {
        auto const one = spread_of(Ring{nodes(count, placement)}, keys);
        worst = {std::max(worst.most, one.most), std::min(worst.least, one.least)};
    }
    return worst;
}

/// Keys whose node has another name now, over those that had to move.
struct movement {
    double mean = 0;
    double worst = 0;

    void add(double one, std::size_t of) {
        mean += one / static_cast<double>(of);
        worst = std::max(worst, one);
    }
};

template<class Ring>
double moved(Ring const& from, Ring const& to, std::vector<std::uint64_t> const& keys, double ideal) {
    std::size_t count = 0;
    for (auto const key : keys) {
        count += from.members()[from.node_of(key)].name != to.members()[to.node_of(key)].name ? 1U : 0U;
    }
    return static_cast<double>(count) / static_cast<double>(keys.size()) / ideal;
}

template<class Ring>
movement when_added(std::size_t count, std::size_t placements, std::vector<std::uint64_t> const& keys) {
    movement all;
    for (std::size_t placement = 0; placement < placements; ++placement) {
        Ring const before{nodes(count, placement)};
        Ring const after{nodes(count + 1, placement)};
        all.add(moved(before, after, keys, 1.0 / static_cast<double>(count + 1)), placements);
    }
    return all;
}

/// One node of equals gets twice the weight.
movement when_doubled(std::size_t count, std::size_t placements, std::vector<std::uint64_t> const& keys) {
    movement all;
    double const n = static_cast<double>(count);
    for (std::size_t placement = 0; placement < placements; ++placement) {
        auto members = nodes(count, placement);
        hash_ring const before{members};
        hash_ring const after = before.with({members[0].name, 2});
        all.add(moved(before, after, keys, 2 / (n + 1) - 1 / n), placements);
    }
    return all;
}

void measure_spread(report& to, std::size_t placements) {
    auto const keys = hashes<hash_ring>(400'000);
    auto const ketama_keys = hashes<ketama_ring>(400'000);
    for (std::size_t const count : {3U, 8U, 16U}) {
        auto const ours = worst_spread<hash_ring>(count, placements, keys).deviation() * 100;
        auto const ketama = worst_spread<ketama_ring>(count, placements, ketama_keys).deviation() * 100;
        to.add({.bench = "cache",
                .name = "ring, worst of " + std::to_string(placements) + " placements, N = " + std::to_string(count),
                .unit = "% off the mean",
                .ours = ours,
                .peers = {{"ketama", ketama}},
                .target = bar{"ours", "<=", 2.5}});
    }
    auto const many = hashes<hash_ring>(1'000'000);
    to.add({.bench = "cache",
            .name = "ring, peak of the worst placement, N = 64, 1M keys",
            .unit = "x the mean",
            .ours = worst_spread<hash_ring>(64, placements, many).most,
            .target = bar{"ours", "<=", 1.08}});
}

void add_movement(report& to, std::string const& what, movement const& all) {
    to.add({.bench = "cache",
            .name = "ring, keys moved, mean, " + what,
            .unit = "x ideal",
            .ours = all.mean,
            .target = bar{"ours", "<=", 1.10}});
    to.add({.bench = "cache", .name = "ring, keys moved, worst, " + what, .unit = "x ideal", .ours = all.worst});
}

void measure_movement(report& to, std::size_t placements) {
    auto const keys = hashes<hash_ring>(400'000);
    for (std::size_t const count : {3U, 8U, 15U, 16U, 64U}) {
        auto const steps = std::to_string(count) + " to " + std::to_string(count + 1) + " nodes";
        add_movement(to, steps, when_added<hash_ring>(count, placements, keys));
    }
    for (std::size_t const count : {3U, 8U, 16U}) {
        auto const what = "one weight of " + std::to_string(count) + " doubled";
        add_movement(to, what, when_doubled(count, placements, keys));
    }
}

constexpr std::size_t mask = (1U << 16U) - 1;

template<class Ring>
contender lookups(std::string name, std::size_t count, std::size_t operations) {
    return {std::move(name), static_cast<double>(operations),
            [ring = Ring{nodes(count, 0)}, keys = hashes<Ring>(mask + 1), operations] {
                std::size_t sum = 0;
                for (std::size_t i = 0; i < operations; ++i) {
                    sum += ring.node_of(keys[i & mask]);
                }
                benchmark::DoNotOptimize(sum);
            }};
}

/// Each lookup waits for the one before: latency, not throughput.
contender chained_lookups(std::size_t count, std::size_t operations) {
    return {"chained", static_cast<double>(operations),
            [ring = hash_ring{nodes(count, 0)}, keys = hashes<hash_ring>(mask + 1), operations] {
                std::size_t last = 0;
                for (std::size_t i = 0; i < operations; ++i) {
                    last = ring.node_of(keys[i & mask] + (static_cast<std::uint64_t>(last) << 50U));
                }
                benchmark::DoNotOptimize(last);
            }};
}

contender hashed_lookups(std::size_t count, std::size_t operations) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < 4'096; ++i) {
        keys.push_back("mesh:" + std::to_string(i * 0x9e3779b97f4a7c15U).substr(0, 15));
    }
    return {"hashed", static_cast<double>(operations),
            [ring = hash_ring{nodes(count, 0)}, keys = std::move(keys), operations] {
                std::size_t sum = 0;
                for (std::size_t i = 0; i < operations; ++i) {
                    sum += ring.node_of(hash_ring::hash_of(keys[i & 4'095]));
                }
                benchmark::DoNotOptimize(sum);
            }};
}

void measure_lookup(report& to, std::size_t operations, int rounds) {
    auto const times = race({lookups<hash_ring>("8", 8, operations), lookups<hash_ring>("64", 64, operations),
                             chained_lookups(8, operations), hashed_lookups(8, operations),
                             lookups<ketama_ring>("ketama", 8, operations / 8)},
                            rounds);
    std::array const names{"ring, lookup, N = 8", "ring, lookup, N = 64", "ring, lookup after lookup, N = 8"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        result made{.bench = "cache", .name = names[i], .unit = "ns", .ours = times[i], .target = bar{"ours", "<=", 5}};
        if (i == 0) {
            made.peers.emplace_back("ketama", times[4]);
        }
        to.add(std::move(made));
    }
    to.add({.bench = "cache", .name = "ring, hash of 20 bytes and lookup, N = 8", .unit = "ns", .ours = times[3]});
}

void measure_construction(report& to, int rounds) {
    auto const build = [](std::size_t count) {
        return contender{std::to_string(count), 1, [members = nodes(count, 0)] {
                             hash_ring const ring{members};
                             benchmark::DoNotOptimize(ring.slots().data());
                         }};
    };
    auto const times = race({build(8), build(64)}, rounds);
    to.add({.bench = "cache", .name = "ring, construction, N = 8", .unit = "ms", .ours = times[0] / 1e6});
    to.add({.bench = "cache", .name = "ring, construction, N = 64", .unit = "ms", .ours = times[1] / 1e6});
}

} // namespace

void measure_ring(report& to) {
    bool const quick = to.arguments().quick;
    measure_spread(to, 40);
    measure_movement(to, quick ? 10 : 40);
    measure_lookup(to, quick ? 4'000'000 : 40'000'000, quick ? 3 : 9);
    measure_construction(to, quick ? 3 : 9);
}

} // namespace bench
