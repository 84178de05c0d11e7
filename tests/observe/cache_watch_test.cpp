// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cache/local.hpp>
#include <orfeas/observe/cache_watch.hpp>

#include <cmath>
#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace orfeas;
using cache::redis::breaker_state;
using observe::cache_watch;
using observe::clearing_outcome;

namespace {

using texts = cache::local<std::string, std::string>;
static_assert(observe::reports_cache<texts>);
static_assert(!observe::reports_cache<std::string>);

/// Tells what it is told to tell, as a cache of two tiers.
struct two_tiers {
    cache::tiered_stats figures;
    cache::tiered_stats stats() const { return figures; }
};
static_assert(observe::reports_cache<two_tiers>);

struct other_stats {
    int stats() const { return 0; }
};
static_assert(!observe::reports_cache<other_stats>);

cache::redis::node_report node(std::string name, bool is_primary, bool connected,
                               breaker_state breaker = breaker_state::closed) {
    cache::redis::node_report made{std::move(name), is_primary, {}};
    made.connection.connected = connected;
    made.connection.breaker = breaker;
    return made;
}

/// A way to clear that notes its patterns, and answers at once or leaves that to the test.
struct clearing_stub {
    std::vector<std::string> patterns;
    std::vector<observe::cache_cleared> waiting;

    observe::cache_clearing how(bool takes_patterns, bool at_once) {
        return {[this, at_once](std::string pattern,
                                observe::cache_cleared& done) -> std::optional<cache::invalidation_report> {
                    patterns.push_back(std::move(pattern));
                    if (at_once) {
                        return cache::invalidation_report{.l1_entries = 3};
                    }
                    waiting.push_back(std::move(done));
                    return std::nullopt;
                },
                takes_patterns};
    }
};

} // namespace

TEST_CASE("observe: the report of a local cache is in its tier's figures") {
    texts small{{.capacity_bytes = 100'000}};
    cache_watch watched;
    watched.add("texts", small);
    auto const before = *watched.report("texts");
    CHECK(std::isnan(before.stats.hit_ratio));
    CHECK_FALSE(before.can_clear);
    CHECK_FALSE(before.stats.has_l2);
    small.put("a", "1");
    CHECK(small.get("a"));
    CHECK(small.get("a"));
    CHECK(small.get("a"));
    CHECK_FALSE(small.get("b"));
    auto const after = *watched.report("texts");
    CHECK(after.name == "texts");
    CHECK(after.stats.l1_hits == 3);
    CHECK(after.stats.l2_hits == 0);
    CHECK(after.stats.misses == 1);
    CHECK(after.stats.hit_ratio == 0.75);
    CHECK(after.stats.l1.entries == 1);
    CHECK(after.stats.l1.capacity_bytes == 100'000);
    CHECK(after.stats.nodes.empty());
    CHECK_FALSE(watched.report("other"));
}

TEST_CASE("observe: caches have names of their own, and go") {
    texts const one;
    two_tiers const two{{.l1_hits = 5, .l2_hits = 7, .has_l2 = true}};
    cache_watch watched;
    watched.add("one", one);
    watched.add("two", two);
    CHECK_THROWS_AS(watched.add("two", one), option_error);
    CHECK_THROWS_AS(watched.add("", one), option_error);
    CHECK(watched.names() == std::vector<std::string>{"one", "two"});
    CHECK(watched.report("two")->stats.l2_hits == 7);
    CHECK(watched.remove("one"));
    CHECK_FALSE(watched.remove("one"));
    CHECK(watched.names() == std::vector<std::string>{"two"});
    CHECK_FALSE(watched.report("one"));
}

TEST_CASE("observe: a cache is cleared as it was told to be") {
    texts const held;
    clearing_stub at_once;
    clearing_stub later;
    cache_watch watched;
    watched.add("kept", held);
    watched.add("at once", held, at_once.how(false, true));
    watched.add("later", held, later.how(true, false));
    CHECK(watched.report("later")->can_clear);
    std::vector<std::uint64_t> removed;
    std::vector<std::exception_ptr> failures;
    auto const note = [&](std::exception_ptr failed, cache::invalidation_report report) {
        failures.push_back(std::move(failed));
        removed.push_back(report.l1_entries);
        CHECK(watched.names().size() == 3); // no lock is held
    };
    CHECK(watched.clear("nobody", "", note) == clearing_outcome::unknown);
    CHECK(watched.clear("kept", "", note) == clearing_outcome::not_offered);
    CHECK(watched.clear("at once", "a*", note) == clearing_outcome::no_patterns);
    CHECK(removed.empty());
    CHECK(watched.clear("at once", "", note) == clearing_outcome::begun);
    CHECK(removed == std::vector<std::uint64_t>{3});
    CHECK(watched.clear("later", "a*", note) == clearing_outcome::begun);
    CHECK(later.patterns == std::vector<std::string>{"a*"});
    CHECK(removed.size() == 1);
    later.waiting.at(0)(nullptr, {.l1_entries = 4});
    CHECK(watched.clear("later", "", note) == clearing_outcome::begun);
    later.waiting.at(1)(std::make_exception_ptr(std::runtime_error{"no"}), {});
    CHECK(removed == std::vector<std::uint64_t>{3, 4, 0});
    CHECK(failures.at(1) == nullptr);
    CHECK(failures.at(2) != nullptr);
}

TEST_CASE("observe: a cache's status names the servers that are away, and is operational without them") {
    cache::tiered_stats stats;
    CHECK(observe::status_of(stats).detail == "in this process");
    stats.has_l2 = true;
    CHECK(observe::status_of(stats).detail == "works in this process alone: no primary server is known");
    stats.nodes = {node("a:1", true, true), node("b:2", false, false)}; // of a replica nothing is wanted
    CHECK(observe::status_of(stats).detail == "connected to 1 server");
    stats.nodes.push_back(node("c:3", true, true));
    CHECK(observe::status_of(stats).detail == "connected to 2 servers");
    stats.nodes.push_back(node("d:4", true, false));
    stats.nodes.push_back(node("e:5", true, false, breaker_state::open));
    stats.nodes.push_back(node("f:6", false, true, breaker_state::half_open));
    auto const status = observe::status_of(stats);
    CHECK(status.operational);
    CHECK(status.detail == "works without d:4 (not connected), e:5 (breaker open), f:6 (breaker half open)");
}
