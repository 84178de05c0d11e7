// SPDX-License-Identifier: MIT
#include "service/batch_queue.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

using job = std::unique_ptr<int>; // move-only, as the studio's are
using limits = studio::batch_limits;

/// Notes the batches that it is given. The first batch does not end before it may.
struct worker {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::vector<int>> batches;
    bool may_end = false;

    void operator()(std::span<job> batch) {
        std::unique_lock lock{mutex};
        bool const first = batches.empty();
        auto& noted = batches.emplace_back();
        for (auto const& each : batch) {
            noted.push_back(*each);
        }
        changed.notify_all();
        changed.wait(lock, [&] { return !first || may_end; });
    }
    void wait_for_first() {
        std::unique_lock lock{mutex};
        changed.wait(lock, [&] { return !batches.empty(); });
    }
    void let_end() {
        std::scoped_lock const lock{mutex};
        may_end = true;
        changed.notify_all();
    }
};

bool add(studio::batch_queue<job>& queue, int number, std::uint64_t weight = 0) {
    auto one = std::make_unique<int>(number);
    bool const added = queue.try_add(one, weight);
    CHECK((one == nullptr) == added); // a refused job stays with its owner
    return added;
}

/// Counts its moves; one that is `stuck` cannot be moved for want of memory.
struct heavy_job {
    int number = 0;
    bool stuck = false;
    int moves = 0;

    explicit heavy_job(int n, bool is_stuck = false) : number{n}, stuck{is_stuck} {}
    heavy_job(heavy_job&& from) : number{from.number}, stuck{from.stuck}, moves{from.moves + 1} {
        if (stuck) {
            throw std::bad_alloc{};
        }
    }
    heavy_job& operator=(heavy_job&&) = delete;
};

double measured(studio::batch_queue<job> const& queue, std::string const& name) {
    double found = -1;
    queue.measure([&](orfeas::measurement const& m) { found = m.name == name ? m.value : found; });
    return found;
}

} // namespace

TEST_CASE("studio: what comes while the worker is busy is taken together, up to the advice") {
    worker seen;
    studio::batch_queue<job> queue{1, 10, 0ms, [] { return limits{3}; }, [&](std::span<job> batch) { seen(batch); }};
    CHECK(add(queue, 0));
    seen.wait_for_first();
    for (int i = 1; i <= 4; ++i) {
        CHECK(add(queue, i));
    }
    CHECK(measured(queue, "queue_depth") == 5);
    seen.let_end();
    queue.join();
    CHECK(seen.batches == std::vector<std::vector<int>>{{0}, {1, 2, 3}, {4}});
    CHECK(measured(queue, "queue_depth") == 0);
    CHECK_FALSE(add(queue, 5)); // it has ended
}

TEST_CASE("studio: what weighs too much together is not taken together") {
    worker seen;
    studio::batch_queue<job> queue{1, 10, 0ms, [] { return limits{8, 100}; },
                                   [&](std::span<job> batch) { seen(batch); }};
    CHECK(add(queue, 0));
    seen.wait_for_first();
    for (int const weight : {60, 40, 1, 99}) {
        CHECK(add(queue, weight, static_cast<std::uint64_t>(weight)));
    }
    seen.let_end();
    queue.join();
    CHECK(seen.batches == std::vector<std::vector<int>>{{0}, {60, 40}, {1, 99}});
}

TEST_CASE("studio: a full queue refuses, and counts it") {
    worker seen;
    studio::batch_queue<job> queue{1, 2, 0ms, [] { return limits{8}; }, [&](std::span<job> batch) { seen(batch); }};
    CHECK(add(queue, 0));
    seen.wait_for_first();
    CHECK(add(queue, 1));
    CHECK_FALSE(add(queue, 2));
    CHECK(measured(queue, "queue_rejected_total") == 1);
    CHECK(measured(queue, "queue_capacity") == 2);
    seen.let_end();
}

TEST_CASE("studio: with another in work a job waits for company, and is done when the other is") {
    worker seen;
    studio::batch_queue<job> queue{2, 10, 1h, [] { return limits{2}; }, [&](std::span<job> batch) { seen(batch); }};
    CHECK(add(queue, 0));
    seen.wait_for_first();
    for (int i = 1; i <= 4; ++i) { // a share of two is full with the third
        CHECK(add(queue, i));
    }
    {
        std::unique_lock lock{seen.mutex};
        seen.changed.wait(lock, [&] { return seen.batches.size() == 2; });
        CHECK(seen.batches[1] == std::vector<int>{1, 2});
    }
    seen.let_end();
    queue.join();
    int sum = 0;
    for (auto const& batch : seen.batches) {
        for (int const each : batch) {
            sum += each;
        }
    }
    CHECK(sum == 10); // long before the hour
}

TEST_CASE("studio: a batch that fails does not stop the queue") {
    std::atomic<int> done = 0;
    {
        studio::batch_queue<job> queue{2, 1000, 0ms, [] { return limits{4}; },
                                       [&](std::span<job> batch) {
                                           done += static_cast<int>(batch.size());
                                           throw std::runtime_error{"no memory"};
                                       }};
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&queue] {
                for (int k = 0; k < 100; ++k) {
                    auto one = std::make_unique<int>(k);
                    queue.try_add(one);
                }
            });
        }
        for (auto& each : threads) {
            each.join();
        }
    }
    CHECK(done == 400);
}

TEST_CASE("studio: a job that cannot be added is not counted, and the next ones are done") {
    worker seen;
    studio::batch_queue<heavy_job> queue{1, 2, 0ms, [] { return limits{8}; },
                                         [&](std::span<heavy_job> batch) {
                                             std::vector<job> numbers;
                                             for (auto const& each : batch) {
                                                 numbers.push_back(std::make_unique<int>(each.number));
                                             }
                                             seen(numbers);
                                         }};
    heavy_job first{0};
    CHECK(queue.try_add(first));
    seen.wait_for_first();
    for (int i = 0; i < 5; ++i) {
        heavy_job refused{7, true};
        CHECK_THROWS_AS(queue.try_add(refused), std::bad_alloc);
    }
    heavy_job second{1};
    CHECK(queue.try_add(second)); // the last place
    seen.let_end();
    queue.join();
    CHECK(seen.batches == std::vector<std::vector<int>>{{0}, {1}});
}

TEST_CASE("studio: a job is moved into the queue and into its batch, which never grows") {
    worker seen;
    std::atomic<int> moves = 0;
    studio::batch_queue<heavy_job> queue{2, 100, 0ms, [] { return limits{1000}; },
                                         [&](std::span<heavy_job> batch) {
                                             for (auto const& each : batch) {
                                                 moves += each.moves;
                                             }
                                             std::vector<job> none;
                                             seen(none);
                                         }};
    heavy_job first{0};
    CHECK(queue.try_add(first));
    seen.wait_for_first();
    for (int i = 1; i < 50; ++i) {
        heavy_job next{i};
        CHECK(queue.try_add(next));
    }
    seen.let_end();
    queue.join();
    CHECK(moves == 100);
}

TEST_CASE("studio: advice that fails makes batches of one") {
    worker seen;
    studio::batch_queue<job> queue{1, 10, 0ms, []() -> limits { throw std::bad_alloc{}; },
                                   [&](std::span<job> batch) { seen(batch); }};
    CHECK(add(queue, 0));
    seen.wait_for_first();
    CHECK(add(queue, 1));
    CHECK(add(queue, 2));
    seen.let_end();
    queue.join();
    CHECK(seen.batches == std::vector<std::vector<int>>{{0}, {1}, {2}});
}
