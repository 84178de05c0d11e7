// SPDX-License-Identifier: MIT
#include "memory/random.hpp"
#include "support/catch.hpp"

#include <orfeas/cache/hash_ring.hpp>
#include <orfeas/cache/ketama_ring.hpp>
#include <orfeas/cache/node_distribution.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/manual_clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace cache = orfeas::cache;
using namespace std::chrono_literals;
using counts = std::vector<std::uint64_t>;

TEST_CASE("cache: requests are counted by node and window") {
    orfeas::manual_clock clock;
    cache::request_counter requests{2};
    CHECK(requests.last(300s, clock.now()) == counts{0, 0});
    requests.record(0, clock.now());
    requests.record(1, clock.now());
    requests.record(1, clock.now());
    CHECK(requests.last(1s, clock.now()) == counts{1, 2});
    clock.advance(2s);
    CHECK(requests.last(1s, clock.now()) == counts{0, 0});
    CHECK(requests.last(10s, clock.now()) == counts{1, 2});
    clock.advance(58s);
    requests.record(0, clock.now());
    CHECK(requests.last(10s, clock.now()) == counts{1, 0});
    CHECK(requests.last(60s, clock.now()) == counts{2, 2});
    clock.advance(241s);
    CHECK(requests.last(300s, clock.now()) == counts{1, 0});
    clock.advance(1h);
    CHECK(requests.last(300s, clock.now()) == counts{0, 0});
    CHECK(requests.total(1) == 2);
}

TEST_CASE("cache: the windows are those of a list of all requests") {
    auto const seed = orfeas_test::test_seed();
    INFO("ORFEAS_TEST_SEED=" << seed);
    std::mt19937_64 random{seed};
    orfeas::manual_clock clock;
    cache::request_counter requests{3};
    std::vector<std::pair<std::int64_t, std::size_t>> all; // second and node
    auto const second = [&] {
        return std::chrono::floor<std::chrono::seconds>(clock.now().time_since_epoch()).count();
    };
    for (int step = 0; step < 5'000; ++step) {
        clock.advance(std::chrono::milliseconds{random() % 10 == 0 ? random() % 90'000 : random() % 1'500});
        std::size_t const node = random() % 3;
        requests.record(node, clock.now());
        all.emplace_back(second(), node);
        auto const width = std::vector{1, 10, 60, 300}[random() % 4];
        if (random() % 3 == 0) {
            clock.advance(std::chrono::milliseconds{random() % 20'000});
        }
        counts expected(3);
        for (auto const& [when, which] : all) {
            expected[which] += when >= second() - width ? 1U : 0U;
        }
        REQUIRE(requests.last(std::chrono::seconds{width}, clock.now()) == expected);
    }
}

TEST_CASE("cache: a time that steps back counts for the present second") {
    orfeas::manual_clock clock;
    auto const early = clock.now();
    cache::request_counter requests{1};
    clock.advance(100s);
    requests.record(0, clock.now());
    requests.record(0, early);
    CHECK(requests.last(1s, clock.now()) == counts{2});
}

TEST_CASE("cache: requests of several threads are all counted") {
    cache::request_counter requests{2};
    orfeas::manual_clock clock;
    auto const work = [&](std::size_t node) {
        for (int i = 0; i < 20'000; ++i) {
            requests.record(node, clock.now());
            if (i % 100 == 0) {
                clock.advance(17ms);
                auto const seen = requests.last(10s, clock.now());
                if (seen[node] > requests.total(node)) {
                    std::abort();
                }
            }
        }
    };
    std::thread other{work, std::size_t{1}};
    work(0);
    other.join();
    CHECK(requests.total(0) == 20'000);
    CHECK(requests.total(1) == 20'000);
    CHECK(requests.last(300s, clock.now()) == counts{20'000, 20'000});
}

TEMPLATE_TEST_CASE("cache: the distribution reports keys and requests against the weights", "", cache::hash_ring,
                   cache::ketama_ring) {
    TestType const ring{{{"a"}, {"b", 3}}};
    orfeas::manual_clock clock;
    cache::request_counter requests{2};
    auto const idle = cache::distribution_of(ring, requests, clock.now());
    CHECK(idle.request_peak_60s == 0);
    CHECK(idle.key_peak == Approx(1).margin(0.25));
    CHECK(idle.key_peak >= 1);
    for (int i = 0; i < 8; ++i) {
        requests.record(i < 4 ? 0 : 1, clock.now());
    }
    clock.advance(15s);
    auto const busy = cache::distribution_of(ring, requests, clock.now());
    REQUIRE(busy.nodes.size() == 2);
    CHECK(busy.nodes[1].name == "b");
    CHECK(busy.nodes[1].weight_share == 0.75);
    CHECK(busy.nodes[0].key_share == ring.share(0));
    CHECK(busy.nodes[0].requests == 4);
    CHECK(busy.nodes[0].requests_10s == 0);
    CHECK(busy.nodes[0].requests_60s == 4);
    CHECK(busy.request_peak_60s == Approx(0.5 / 0.25));
    CHECK_THAT(orfeas::to_json(busy), orfeas_test::contains(R"("name":"b","weight":3,"weight_share":0.75)"));
}
