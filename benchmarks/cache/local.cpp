// SPDX-License-Identifier: MIT

#include "cache/local.hpp"

#include "cache/lineup.hpp"
#include "support/cpu_timer.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

/// What a read cost several threads.
struct crew_time {
    double cpu;        ///< nanoseconds a read
    double processors; ///< that worked on it at a time
};

/// Each cache is read by a thread of its own, all at once; the same cache may stand there twice.
crew_time time_crew(std::vector<contestant> const& caches, key_list const& keys) {
    std::vector<std::thread> threads;
    auto const began = std::chrono::steady_clock::now();
    auto const cpu_before = process_cpu_nanoseconds();
    for (auto const& each : caches) {
        threads.emplace_back([&each, &keys] { each.get(keys); });
    }
    for (auto& each : threads) {
        each.join();
    }
    auto const cpu = process_cpu_nanoseconds() - cpu_before;
    std::chrono::duration<double, std::nano> const wall = std::chrono::steady_clock::now() - began;
    return {cpu / static_cast<double>(caches.size() * keys.size()), cpu / wall.count()};
}

/// The CPU time a read of two threads over that of one: the median of the rounds in which two processors worked, since
/// threads that take turns do not disturb each other. Nothing if there were too few.
std::optional<double> two_against_one(contestant const& one, contestant const& other, key_list const& keys,
                                      std::size_t rounds) {
    constexpr double both = 1.6;
    std::vector<double> ratios;
    for (std::size_t round = 0; round < 10 * rounds && ratios.size() < rounds; ++round) {
        auto const alone = time_crew({one}, keys);
        auto const together = time_crew({one, other}, keys);
        if (round != 0 && together.processors >= both) {
            ratios.push_back(together.cpu / alone.cpu);
        }
    }
    return ratios.size() < 3 ? std::nullopt : std::optional{median_of(std::move(ratios))};
}

/// Beside it: two threads that share nothing but the processors, whose loss is not the cache's doing; and a map whose
/// readers write to what they share, to see that such a thing shows.
void measure_two_threads(report& to, std::string const& what, key_list const& keys, std::size_t rounds) {
    auto const filled = [](contestant_maker const& maker) {
        auto made = maker.make(roomy);
        made.fill(held);
        return made;
    };
    auto const makers = lineup();
    auto const ours = filled(makers.front());
    auto const shared = two_against_one(ours, ours, keys, rounds);
    auto const apart = two_against_one(ours, filled(makers.front()), keys, rounds);
    result made{.bench = "cache", .name = "L1 hit, CPU of two threads against one, " + what, .unit = "x"};
    if (!shared) {
        made.skipped = "the machine had no two processors free at the same time";
    } else {
        made.ours = *shared;
        made.target = bar{"ours", "<=", 1.15};
    }
    if (apart) {
        made.peers.emplace_back("a cache for each thread", *apart);
    }
    for (auto const& each : makers) {
        if (each.name == tbb_hash_map) {
            auto const map = filled(each);
            if (auto const contended = two_against_one(map, map, keys, rounds)) {
                made.peers.emplace_back(each.name, *contended);
            }
        }
    }
    to.add(std::move(made));
}

} // namespace

void measure_local_times(report& to) {
    bool const quick = to.arguments().quick;
    std::size_t const reads = 2'000'000;
    std::size_t const some = 500'000; // in the time of which a busy machine may leave both processors to us
    measure_hits(to, reads, quick ? 5 : 31);
    measure_two_threads(to, "Zipf 0.99", zipf_keys(some, held, exponent, 3), quick ? 15 : 61);
    measure_two_threads(to, "one hot key", key_list(some, key_of_rank(0)), quick ? 15 : 61);
    measure_get_or_put(to, quick ? 1'000'000 : 2'000'000, quick ? 5 : 15);
}

} // namespace bench
