// SPDX-License-Identifier: MIT

#include "cache/local.hpp"

#include "cache/lineup.hpp"
#include "support/cpu_timer.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace {

constexpr std::size_t held = 100'000;
constexpr std::size_t roomy = held * 13 / 10; // shards do not fill evenly: so all of those keys stay
constexpr double exponent = 0.99;

/// A bar that our ratio to a peer must reach.
struct peer_bar {
    std::string_view peer;
    double least;
};

/// The race's figures: ours beside all peers, and a result for each bar against one of them.
void add_race(report& to, std::string const& name, std::vector<contender> const& all, race_times const& times,
              std::optional<bar> own_bar, std::vector<peer_bar> const& bars) {
    result made{.bench = "cache", .name = name, .unit = "ns", .ours = times.median(0), .target = std::move(own_bar)};
    for (std::size_t i = 1; i < all.size(); ++i) {
        made.peers.emplace_back(all[i].name, times.median(i));
        made.ratios.emplace_back(all[i].name, times.ratio(i, 0));
    }
    to.add(made);
    for (auto const& each : bars) {
        result one{.bench = "cache", .name = name + ", against " + std::string{each.peer}, .unit = "ns"};
        auto const found = std::find_if(all.begin(), all.end(), [&](auto const& c) { return c.name == each.peer; });
        if (found == all.end()) {
            one.skipped = std::string{each.peer} + " is not installed";
        } else {
            auto const i = static_cast<std::size_t>(found - all.begin());
            one.ours = made.ours;
            one.peers.push_back(made.peers[i - 1]);
            one.ratios.push_back(made.ratios[i - 1]);
            one.target = bar{"ratio:" + std::string{each.peer}, ">=", each.least};
        }
        to.add(std::move(one));
    }
}

void measure_hits(report& to, std::size_t reads, int rounds) {
    auto const keys = std::make_shared<key_list const>(zipf_keys(reads, held, exponent, 1));
    std::vector<contender> all;
    for (auto const& each : lineup()) {
        auto const entrant = each.make(roomy);
        entrant.fill(held);
        all.push_back({each.name, static_cast<double>(reads), [entrant, keys] {
                           if (entrant.get(*keys) != keys->size()) {
                               throw std::logic_error{entrant.name + " lost entries for which it has room"};
                           }
                       }});
    }
    add_race(to, "L1 hit, u64 to u64, 100k entries, Zipf 0.99", all, race_rounds(all, rounds), bar{"ours", "<=", 15},
             {{std_lru, 3.0}, {boost_lru, 2.0}, {hyper_clock, 4.5}});
}

void measure_get_or_put(report& to, std::size_t requests, int rounds) {
    // Other requests in each round: a cache could learn those that come again and again in the same order.
    auto const lists = std::make_shared<std::vector<key_list>>();
    for (int round = 0; round <= rounds; ++round) {
        lists->push_back(zipf_keys(requests, 1'000'000, exponent, 100 + static_cast<std::uint64_t>(round)));
    }
    std::vector<contender> all;
    std::vector<std::shared_ptr<std::size_t>> hits; // in the last round
    for (auto const& each : lineup()) {
        if (!each.evicts) {
            continue;
        }
        hits.push_back(std::make_shared<std::size_t>(0));
        all.push_back({each.name, static_cast<double>(requests),
                       [entrant = each.make(held), lists, hit = hits.back(), round = std::size_t{0}]() mutable {
                           *hit = entrant.get_or_put((*lists)[round++]);
                       }});
    }
    add_race(to, "get or put, 100k of 1M keys, Zipf 0.99", all, race_rounds(all, rounds), std::nullopt,
             {{std_lru, 2.2}});
    auto const share = [&](std::size_t i) {
        return 100 * static_cast<double>(*hits[i]) / static_cast<double>(requests);
    };
    result ratio{.bench = "cache", .name = "get or put, hits", .unit = "%", .ours = share(0), .lower_is_better = false};
    for (std::size_t i = 1; i < all.size(); ++i) {
        ratio.peers.emplace_back(all[i].name, share(i));
    }
    to.add(std::move(ratio));
}

/// Each cache is read by a thread of its own, all at once; the same cache may stand there twice.
contender readers(std::vector<contestant> caches, std::shared_ptr<key_list const> keys) {
    auto const operations = static_cast<double>(caches.size() * keys->size());
    return {std::to_string(caches.size()), operations, [caches = std::move(caches), keys = std::move(keys)] {
                std::vector<std::thread> threads;
                for (auto const& each : caches) {
                    threads.emplace_back([&each, &keys] { each.get(*keys); });
                }
                for (auto& each : threads) {
                    each.join();
                }
            }};
}

/// A peer is two threads that share nothing but the processor: what they lose is not the cache's doing.
void measure_two_threads(report& to, std::string const& what, key_list requests, int rounds) {
    auto const keys = std::make_shared<key_list const>(std::move(requests));
    auto const filled = [&](contestant_maker const& maker) {
        auto const made = maker.make(roomy);
        made.fill(held);
        return made;
    };
    auto const makers = lineup();
    auto const ours = filled(makers[0]);
    auto const other = filled(makers[0]);
    auto const flat = filled(makers[2]);
    std::vector<contender> const all{readers({ours}, keys), readers({ours, ours}, keys), readers({ours, other}, keys),
                                     readers({flat}, keys), readers({flat, flat}, keys)};
    auto const times = race_rounds(all, rounds);
    to.add({.bench = "cache",
            .name = "L1 hit, CPU of two threads against one, " + what,
            .unit = "x",
            .ours = times.ratio(1, 0),
            .peers = {{"a cache for each thread", times.ratio(2, 0)}, {makers[2].name, times.ratio(4, 3)}},
            .target = bar{"ours", "<=", 1.15}});
}

} // namespace

void measure_local_times(report& to) {
    bool const quick = to.arguments().quick;
    std::size_t const reads = 2'000'000;
    measure_hits(to, reads, quick ? 5 : 31);
    measure_two_threads(to, "Zipf 0.99", zipf_keys(reads, held, exponent, 3), quick ? 9 : 31);
    measure_two_threads(to, "one hot key", key_list(reads, key_of_rank(0)), quick ? 9 : 31);
    measure_get_or_put(to, quick ? 1'000'000 : 2'000'000, quick ? 5 : 15);
}

} // namespace bench
