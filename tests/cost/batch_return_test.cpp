// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cost/batch_return.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace orfeas;
using cost::batch_return;

namespace {

std::vector<std::byte> saved(batch_return const& object) {
    std::vector<std::byte> bytes;
    state_writer out{bytes};
    object.save(out);
    return bytes;
}

} // namespace

TEST_CASE("cost: larger batches cost less by item, and the return of each step is told") {
    batch_return costs;
    for (int i = 0; i < 10; ++i) {
        costs.update(1, 1.0, 2);
        costs.update(4, 2.0, 2);
        costs.update(8, 4.8, 2);
    }
    auto const all = costs.sizes();
    REQUIRE(all.size() == 3);
    CHECK(all[0].size == 1);
    CHECK(all[0].money_per_item == Approx(2));
    CHECK(std::isnan(all[0].saved_per_item));
    CHECK(all[1].money_per_item == Approx(1));
    CHECK(all[1].seconds_per_item == Approx(0.5));
    CHECK(all[1].saved_per_item == Approx(1));
    CHECK(all[1].money_per_added_item == Approx(2.0 / 3)); // 4 - 2 for 3 more
    CHECK(all[2].money_per_item == Approx(1.2));
    CHECK(all[2].saved_per_item == Approx(-0.2)); // a step too far
    CHECK(all[2].saved_error == Approx(0).margin(1e-12));
    CHECK(all[2].latency_seconds == 4.8);
    CHECK(costs.best(10)->size == 4);
    CHECK(costs.best(1.5)->size == 1);
    CHECK_FALSE(costs.best(0.5));
}

TEST_CASE("cost: a size is advised once it has enough samples, by its slow batches") {
    batch_return costs{{.samples = 20, .min_samples = 5, .quantile = 0.9}};
    for (int i = 0; i < 4; ++i) {
        costs.update(2, 1, 1);
    }
    CHECK_FALSE(costs.best(10));
    for (int i = 0; i < 16; ++i) {
        costs.update(2, i < 14 ? 1 : 5, 1); // 2 of 20 are slow
    }
    CHECK(costs.sizes()[0].latency_seconds == 1);
    costs.update(2, 5, 1); // and a third, for one of the first
    CHECK(costs.sizes()[0].latency_seconds == 5);
    CHECK_FALSE(costs.best(2));
    CHECK(costs.best(5));
}

TEST_CASE("cost: what is no batch is not taken in, and the memory is bounded") {
    batch_return costs{{.sizes = 3}};
    double const infinity = std::numeric_limits<double>::infinity();
    costs.update(0, 1, 1);
    costs.update(1, -1, 1);
    costs.update(1, infinity, 0);
    costs.update(1, 1, std::nan("")); // without a price there is no cost
    CHECK(costs.sizes().empty());
    for (std::uint64_t const size : {5U, 6U, 7U, 5U, 8U}) { // 6 came longest ago
        costs.update(size, 1, 1);
    }
    std::vector<std::uint64_t> sizes;
    for (auto const& each : costs.sizes()) {
        sizes.push_back(each.size);
    }
    CHECK(sizes == std::vector<std::uint64_t>{5, 7, 8});
    CHECK(std::isnan(costs.sizes()[0].saved_per_item));
    CHECK(costs.sizes()[0].samples == 2);
    CHECK(std::isnan(costs.sizes()[1].money_error)); // of one sample
    costs.reset();
    CHECK(costs.sizes().empty());
}

TEST_CASE("cost: batches agree with a plain model on streams at random") {
    std::mt19937_64 random{4};
    std::lognormal_distribution<> noise{0, 0.3};
    for (int run = 0; run < 20; ++run) {
        batch_return costs{{.sizes = 16, .samples = 32, .min_samples = 3, .quantile = 0.8}};
        std::map<std::uint64_t, std::deque<std::pair<double, double>>> model;
        for (int i = 0; i < 1'000; ++i) {
            auto const size = 1 + random() % 16;
            double const seconds = (0.1 + 0.02 * static_cast<double>(size)) * noise(random);
            double const price = random() % 2 == 0 ? 1 : 3;
            costs.update(size, seconds, price);
            auto& kept = model[size];
            kept.emplace_back(seconds, seconds * price);
            if (kept.size() > 32) {
                kept.pop_front();
            }
        }
        double best_money = 1e9;
        std::uint64_t best_size = 0;
        auto const all = costs.sizes();
        REQUIRE(all.size() == model.size());
        std::size_t at = 0;
        for (auto const& [size, kept] : model) {
            std::vector<double> seconds;
            double money = 0;
            for (auto const& [time, paid] : kept) {
                seconds.push_back(time);
                money += paid;
            }
            std::sort(seconds.begin(), seconds.end());
            money /= static_cast<double>(kept.size() * size);
            double const latency = seconds[(seconds.size() * 8 + 9) / 10 - 1];
            INFO("run " << run << ", size " << size << ", seed 4");
            CHECK(all[at].size == size);
            CHECK(all[at].money_per_item == Approx(money));
            CHECK(all[at].latency_seconds == latency);
            ++at;
            if (kept.size() >= 3 && latency <= 0.35 && money < best_money) {
                best_money = money;
                best_size = size;
            }
        }
        auto const best = costs.best(0.35);
        CHECK((best ? best->size : 0) == best_size);
    }
}

TEST_CASE("cost: batches go on from their state, and refuse one that was damaged") {
    batch_return whole{{.sizes = 4, .samples = 8, .min_samples = 2}};
    auto first = whole;
    auto const feed = [](batch_return& to, int i) { to.update(1 + static_cast<std::uint64_t>(i * i % 5), 0.1 * i, 2); };
    for (int i = 0; i < 100; ++i) {
        feed(whole, i);
        i < 50 ? feed(first, i) : void();
    }
    auto const bytes = saved(first);
    batch_return second{first.options()};
    state_reader in{bytes};
    REQUIRE_FALSE(second.load(in));
    for (int i = 50; i < 100; ++i) {
        feed(second, i);
    }
    CHECK(saved(second) == saved(whole));
    for (std::size_t at = 0; at < bytes.size(); at += 7) {
        auto damaged = bytes;
        damaged[at] ^= std::byte{4};
        state_reader bad{damaged};
        CHECK(second.load(bad));
    }
    batch_return other;
    state_reader foreign{bytes};
    CHECK(other.load(foreign) == state_error::other_options);
    CHECK_THROWS_WITH((batch_return{{.samples = 4, .min_samples = 5}}), orfeas_test::contains("min_samples"));
}

TEST_CASE("cost: batches are measured by size") {
    batch_return costs;
    costs.update(4, 2, 3);
    int count = 0;
    costs.measure(
        [&](measurement const& each) {
            REQUIRE(each.labels.size() == 2);
            CHECK(each.labels[0] == label{"batch_size", "4"});
            CHECK(each.labels[1] == label{"currency", "EUR"});
            CHECK((each.name != "cost_batch_money_per_item" || each.value == 1.5));
            ++count;
        },
        "EUR");
    CHECK(count == 3);
}
