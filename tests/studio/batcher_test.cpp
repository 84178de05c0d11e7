// SPDX-License-Identifier: MIT
#include "service/batcher.hpp"
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using orfeas::manual_clock;

namespace {

void arrive(studio::batcher& batches, manual_clock const& clock, int count) {
    for (int i = 0; i < count; ++i) {
        batches.arrive(clock.now());
    }
}

} // namespace

TEST_CASE("studio: a request that comes while all is quiet is taken at once") {
    manual_clock clock;
    studio::batcher batches{2, 2ms};
    CHECK(batches.next(clock.now(), {8}).take == 0);
    CHECK_FALSE(batches.next(clock.now(), {8}).until);
    batches.arrive(clock.now());
    CHECK(batches.next(clock.now(), {8}).take == 1);
    CHECK(batches.waiting() == 0);
    CHECK(batches.in_flight() == 1);
    batches.finish(1);
    batches.arrive(clock.now());
    CHECK(batches.next(clock.now(), {8}).take == 1);
}

TEST_CASE("studio: with others in work a request waits for company, but no longer than the delay") {
    manual_clock clock;
    studio::batcher batches{2, 2ms};
    batches.arrive(clock.now());
    CHECK(batches.next(clock.now(), {8}).take == 1);
    auto const came = clock.now();
    batches.arrive(came);
    auto const first = batches.next(clock.now(), {8});
    CHECK(first.take == 0);
    CHECK(first.until == came + 2ms);
    clock.advance(1ms);
    arrive(batches, clock, 2);
    CHECK(batches.next(clock.now(), {8}).until == came + 2ms); // the oldest's time counts
    clock.advance(1ms);
    CHECK(batches.next(clock.now(), {8}).take == 2); // its share of three
    CHECK(batches.next(clock.now(), {8}).until == came + 3ms);
}

TEST_CASE("studio: nobody waits when the others are done, the batch is full, or there is no delay") {
    manual_clock clock;
    studio::batcher batches{1, 2ms};
    batches.arrive(clock.now());
    CHECK(batches.next(clock.now(), {2}).take == 1);
    batches.arrive(clock.now());
    CHECK(batches.next(clock.now(), {2}).take == 0);
    batches.finish(1);
    CHECK(batches.next(clock.now(), {2}).take == 1); // alone
    arrive(batches, clock, 2);
    CHECK(batches.next(clock.now(), {2}).take == 2); // full

    studio::batcher prompt{2, 0ms};
    prompt.arrive(clock.now());
    CHECK(prompt.next(clock.now(), {8}).take == 1);
    prompt.arrive(clock.now());
    CHECK(prompt.next(clock.now(), {8}).take == 1);
}

TEST_CASE("studio: a worker takes its share of those that wait, and no more than is advised") {
    manual_clock clock;
    studio::batcher batches{2, 2ms};
    arrive(batches, clock, 20);
    CHECK(batches.next(clock.now(), {4}).take == 4);
    CHECK(batches.next(clock.now(), {4}).take == 4);
    clock.advance(1s); // saturated: what waits is long due
    CHECK(batches.next(clock.now(), {8}).take == 6);
    CHECK(batches.next(clock.now(), {1}).take == 1);
    CHECK(batches.next(clock.now(), {0}).take == 1); // no advice takes less than one
    CHECK(batches.next(clock.now(), {8}).take == 2);
    CHECK(batches.waiting() == 2);
    CHECK(batches.in_flight() == 18);
}

TEST_CASE("studio: a batch takes as many as weigh no more than is advised, but never none") {
    manual_clock clock;
    studio::batcher batches{1, 2ms};
    for (auto const weight : {30U, 30U, 40U, 90U, 20U, 0U, 81U, 200U, 5U}) {
        batches.arrive(clock.now(), weight);
    }
    studio::batch_limits const most{.requests = 8, .weight = 100};
    CHECK(batches.next(clock.now(), most).take == 3); // 100
    CHECK(batches.next(clock.now(), most).take == 1); // 90: who came first goes first, and full is not waited for
    CHECK(batches.next(clock.now(), most).take == 2); // 20
    CHECK(batches.next(clock.now(), most).take == 1); // 81
    CHECK(batches.next(clock.now(), most).take == 1); // 200, alone
    CHECK(batches.next(clock.now(), most).take == 0); // 5 may have company
    clock.advance(2ms);
    CHECK(batches.next(clock.now(), most).take == 1);

    auto const heavy = std::numeric_limits<std::uint64_t>::max();
    batches.finish(9);
    for (auto const weight : {heavy, heavy, std::uint64_t{1}}) {
        batches.arrive(clock.now(), weight);
    }
    CHECK(batches.next(clock.now(), {8}).take == 1);
    CHECK(batches.next(clock.now(), {8}).take == 1);
}

TEST_CASE("studio: every request is taken once, in its order, within its delay") {
    auto const seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random{seed};
    auto const below = [&](unsigned n) { return static_cast<std::uint32_t>(random() % n); };
    for (int round = 0; round < 50; ++round) {
        manual_clock clock;
        std::uint32_t const workers = 1 + below(4);
        auto const delay = std::chrono::milliseconds{below(5)};
        studio::batcher batches{workers, delay};
        std::vector<orfeas::monotonic_time> waiting; // a plain model
        std::vector<std::uint32_t> busy;
        for (int step = 0; step < 400; ++step) {
            clock.advance(std::chrono::microseconds{below(1500)});
            if (below(2) == 0) {
                waiting.push_back(clock.now());
                batches.arrive(clock.now(), 10);
            }
            if (!busy.empty() && below(3) == 0) {
                batches.finish(busy.back());
                busy.pop_back();
            }
            studio::batch_limits const most{.requests = 1 + below(8), .weight = below(70)};
            while (busy.size() < workers) {
                auto const decided = batches.next(clock.now(), most);
                if (decided.take == 0) {
                    REQUIRE((waiting.empty() || (decided.until && *decided.until == waiting.front() + delay)));
                    REQUIRE((waiting.empty() || (!busy.empty() && clock.now() < waiting.front() + delay)));
                    break;
                }
                REQUIRE(decided.take <= most.requests);
                REQUIRE(decided.take <= waiting.size());
                REQUIRE((decided.take == 1 || decided.take * 10 <= most.weight));
                waiting.erase(waiting.begin(), waiting.begin() + decided.take);
                busy.push_back(decided.take);
            }
            REQUIRE(batches.waiting() == waiting.size());
        }
    }
}

TEST_CASE("studio: a request that is withdrawn does not wait, and those before it do") {
    manual_clock clock;
    studio::batcher batches{1, 2ms};
    arrive(batches, clock, 2);
    batches.withdraw();
    CHECK(batches.waiting() == 1);
    CHECK(batches.next(clock.now(), {8}).take == 1);
}
