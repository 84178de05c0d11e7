// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cost/meter.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;
using cost::absent;

namespace {

cost::cost_options const two_a_second{.currency = "EUR", .price = "2/s", .device_prices = {"L4=0.5/s"}, .max_gap = 10s};

cost::device_amounts const& device(cost::meter const& of, std::size_t place) {
    return of.totals().devices.at(place).amounts;
}

struct measured {
    std::map<std::string, double> values; // by name and gpu

    explicit measured(cost::meter const& of) {
        of.measure([&](measurement const& each) {
            std::string key{each.name};
            for (auto const& about : each.labels) {
                key.append(about.name == "gpu" ? "@" + std::string{about.value} : "");
            }
            bool const is_new = values.emplace(key, each.value).second;
            CHECK(is_new);
            CHECK((each.kind == measurement_kind::counter) == each.name.ends_with("_total"));
            CHECK(each.name.starts_with("cost_"));
            CHECK(std::is_sorted(each.labels.begin(), each.labels.end(),
                                 [](label const& a, label const& b) { return a.name < b.name; }));
        });
    }
};

} // namespace

TEST_CASE("cost: a device costs its price while it is seen, and idles for the rest of its use") {
    cost::meter meter{two_a_second};
    auto const gpu = meter.place({"0", "H100", ""});
    REQUIRE(gpu);
    meter.device_time(*gpu, 100s, 1); // only shows that it is there
    CHECK(device(meter, *gpu) == cost::device_amounts{});
    meter.device_time(*gpu, 104s, 0.25);
    meter.device_time(*gpu, 105s, 7); // as 1
    meter.device_time(*gpu, 106s, absent);
    auto const& used = device(meter, *gpu);
    CHECK(used.busy_seconds == 2);
    CHECK(used.idle_seconds == 3);
    CHECK(used.unrated_seconds == 1);
    CHECK(used.money == 12);
    CHECK(used.idle_money == 6);
    CHECK(used.priced_seconds == 6);
    CHECK(used.priced_rated_seconds == 5);
    meter.requests(4);
    meter.generated(3e9);
    auto const report = meter.report();
    CHECK(report.currency == "EUR");
    CHECK(report.overall.money_per_request == 3);
    CHECK(report.overall.money_per_gigabyte == Approx(4));
}

TEST_CASE("cost: time in which a device was not seen is not charged") {
    cost::meter meter{two_a_second};
    auto const gpu = *meter.place({"0", "", ""});
    meter.device_time(gpu, 0s, 1);
    meter.device_time(gpu, 10s, 1);
    meter.device_time(gpu, 20s + 1ns, 1); // longer than 10 s
    CHECK(device(meter, gpu).busy_seconds == 10);
    CHECK(device(meter, gpu).unobserved_seconds == Approx(10));
    meter.device_time(gpu, 21s, 1);
    CHECK(device(meter, gpu).money == Approx(22));
}

TEST_CASE("cost: a clock that jumps is charged for no more than the gap, and gone on with") {
    cost::meter meter{two_a_second};
    auto const gpu = *meter.place({"0", "", ""});
    meter.device_time(gpu, 1'000s, 1);
    meter.device_time(gpu, 5'000s, 1); // set ahead
    meter.device_time(gpu, 1'001s, 1); // and back: refused eight times, then taken for good
    for (int i = 2; i <= 8; ++i) {
        meter.device_time(gpu, 1'000s + i * 1s, 1);
    }
    CHECK(device(meter, gpu).money == 0);
    meter.device_time(gpu, 1'009s, 1);
    CHECK(device(meter, gpu).money == 2);
    meter.device_time(gpu, 1'009s, 1); // no time
    CHECK(device(meter, gpu).money == 2);
    auto const least = std::chrono::nanoseconds::min();
    for (int i = 0; i < 8; ++i) {
        meter.device_time(gpu, least, 1);
    }
    meter.device_time(gpu, std::chrono::nanoseconds::max(), 1);
    CHECK(device(meter, gpu).money == 2);
    CHECK(std::isfinite(device(meter, gpu).unobserved_seconds));
}

TEST_CASE("cost: without a price there is no cost, and prices may change") {
    cost::meter meter{{.max_gap = 10s}};
    auto const gpu = *meter.place({"0", "L4", ""});
    meter.device_time(gpu, 0s, 1);
    meter.device_time(gpu, 5s, 1);
    CHECK(std::isnan(meter.report().overall.money));
    CHECK(meter.report().overall.unpriced_seconds == 5);
    meter.set_prices({std::nullopt, {{"L4", 3}}});
    meter.device_time(gpu, 6s, 0);
    CHECK(meter.report().overall.money == 3);
    CHECK(meter.report().overall.idle_money == 3);
    CHECK(meter.report().overall.unpriced_seconds == 5);
    CHECK(meter.report().devices[0].money_per_hour == Approx(3 * 3'600));
}

TEST_CASE("cost: devices are told apart by key, learn their names, and are bounded") {
    cost::meter meter{{.price = "1/s", .device_prices = {"L4=9/s"}, .max_devices = 8}};
    auto const first = meter.place({"", "", "GPU-1"});
    CHECK(meter.place({"0", "L4", "GPU-1"}) == first); // now it has a name, and its price
    CHECK(meter.report().devices[0].name == "L4");
    CHECK(meter.report().devices[0].money_per_hour == Approx(9 * 3'600));
    for (int i = 1; i < 8; ++i) {
        CHECK(meter.place({std::to_string(i), "", ""}) != first);
    }
    CHECK(meter.place({"7", "", ""}) == 7);
    CHECK_FALSE(meter.place({"8", "", ""}));
    CHECK_FALSE(meter.place({}));
    CHECK_THROWS_AS(cost::meter{{.price = "free"}}, option_error);
}

TEST_CASE("cost: requests and bytes may be told for a device") {
    cost::meter meter{two_a_second};
    auto const a = *meter.place({"0", "", ""});
    auto const b = *meter.place({"1", "L4", ""});
    for (auto const gpu : {a, b}) {
        meter.device_time(gpu, 0s, 1);
        meter.device_time(gpu, 8s, 1);
    }
    meter.requests(4, a);
    meter.requests(1);
    meter.generated(2e9, b);
    auto const report = meter.report();
    CHECK(report.overall.money == 20);
    CHECK(report.overall.money_per_request == 4);
    CHECK(report.devices[0].figures.money_per_request == 4);
    CHECK(std::isnan(report.devices[0].figures.money_per_gigabyte));
    CHECK(report.devices[1].figures.money_per_gigabyte == Approx(2));
    CHECK(report.overall.money_per_gigabyte == Approx(10));
}

TEST_CASE("cost: a hit saves the mean cost of the loads until then") {
    cost::meter meter{two_a_second};
    auto const gpu = *meter.place({"0", "", ""});
    meter.lookups(3, 1); // wait for the first load
    CHECK(std::isnan(meter.report().saved_money));
    meter.loads(1, 2, gpu); // 2 s at 2
    CHECK(meter.report().saved_money == 12);
    meter.loads_costing(1, 2); // the mean is 3
    meter.lookups(2, 0);
    CHECK(meter.report().saved_money == 18);
    CHECK(meter.report().mean_load_money == 3);
    CHECK(meter.report().cache_hits == 5);
    CHECK(meter.totals().service.cache_misses == 1);
    cost::meter unpriced;
    unpriced.loads(1, 2, *unpriced.place({"0", "", ""}));
    unpriced.lookups(3, 1);
    CHECK(std::isnan(unpriced.report().saved_money));
}

TEST_CASE("cost: what is no amount is not taken in") {
    cost::meter meter{two_a_second};
    auto const gpu = *meter.place({"0", "", ""});
    for (double const value : {-1.0, absent, std::numeric_limits<double>::infinity()}) {
        meter.requests(value, gpu);
        meter.generated(value, gpu);
        meter.lookups(value, value);
        meter.loads(value, 1, gpu);
        meter.loads(1, value, gpu);
        meter.loads_costing(1, value);
    }
    meter.loads_costing(0, 5);
    CHECK(meter.totals().service == cost::service_amounts{});
    CHECK(device(meter, gpu) == cost::device_amounts{});
}

TEST_CASE("cost: a meter goes on from what was used before") {
    cost::meter meter{two_a_second};
    cost::usage past;
    past.devices.push_back({{"0", "H100", ""}, {.busy_seconds = 5, .priced_seconds = 5, .money = 10}});
    past.service = {.cache_hits = 2, .valued_hits = 1, .loads = 1, .load_money = 4, .saved_money = 4};
    CHECK(meter.add(past));
    auto const gpu = *meter.place({"0", "", ""});
    meter.device_time(gpu, 0s, 1);
    meter.device_time(gpu, 1s, 1);
    meter.lookups(1, 0); // this one and that which was not valued yet
    CHECK(meter.report().overall.money == 12);
    CHECK(meter.report().saved_money == 12);
    cost::meter small{{.max_devices = 8}};
    for (int i = 1; i <= 8; ++i) {
        REQUIRE(small.place({std::to_string(i), "", ""}));
    }
    CHECK_FALSE(small.add(past));
}

TEST_CASE("cost: a meter reports the same names each time, absent where nothing is known") {
    cost::meter meter{two_a_second};
    auto const gpu = *meter.place({"0", "H100", "GPU-1"});
    measured const before{meter};
    meter.device_time(gpu, 0s, 1);
    meter.device_time(gpu, 2s, 0.5);
    meter.requests(2, gpu);
    meter.generated(1e9, gpu);
    meter.loads(1, 1, gpu);
    meter.lookups(3, 1);
    measured after{meter};
    REQUIRE(before.values.size() == after.values.size());
    for (auto const& [key, value] : before.values) {
        INFO(key);
        CHECK(after.values.contains(key));
        CHECK((std::isnan(value) || value == 0 || key == "cost_gpu_money_per_hour@GPU-1"));
    }
    CHECK(after.values["cost_gpu_money_total@GPU-1"] == 4);
    CHECK(after.values["cost_gpu_idle_money_total@GPU-1"] == 2);
    CHECK(after.values["cost_gpu_busy_seconds_total@GPU-1"] == 1);
    CHECK(after.values["cost_money_total"] == 4);
    CHECK(after.values["cost_money_per_request"] == 2);
    CHECK(after.values["cost_money_per_gigabyte"] == Approx(4));
    CHECK(after.values["cost_saved_money_total"] == 6);
    CHECK(after.values["cost_money_per_load"] == 2);
}

namespace {

/// Keeps all that was told and computes each figure anew.
struct plain_model {
    struct reading {
        std::chrono::nanoseconds time;
        double busy;
    };
    std::map<std::size_t, std::vector<reading>> readings{}; // in the order of time
    std::map<std::size_t, double> prices{};
    std::vector<std::pair<double, double>> loads{}; // count, money
    double saved = 0;
    double hits = 0;
    double valued = 0;

    void value() {
        double count = 0;
        double money = 0;
        for (auto const& [some, cost] : loads) {
            count += some;
            money += cost;
        }
        if (count > 0) {
            saved += (hits - valued) * money / count;
            valued = hits;
        }
    }

    double money(std::size_t gpu, bool only_idle) const {
        double sum = 0;
        auto const& all = readings.at(gpu);
        for (std::size_t i = 1; i < all.size(); ++i) {
            double const passed = std::chrono::duration<double>{all[i].time - all[i - 1].time}.count();
            double const part = !only_idle ? 1 : (std::isnan(all[i].busy) ? 0 : 1 - all[i].busy);
            sum += passed <= 10 ? passed * part * prices.at(gpu) : 0;
        }
        return sum;
    }
};

} // namespace

TEST_CASE("cost: a meter agrees with a plain model on streams at random") {
    std::mt19937_64 random{7};
    std::uniform_real_distribution<> part{0, 1};
    for (int run = 0; run < 50; ++run) {
        INFO("run " << run << ", seed 7");
        cost::meter meter{two_a_second};
        plain_model model;
        std::map<std::size_t, std::chrono::nanoseconds> now;
        for (auto const& name : {"H100", "L4", "A100"}) {
            auto const gpu = *meter.place({std::to_string(now.size()), name, ""});
            now[gpu] = {};
            model.prices[gpu] = std::string{name} == "L4" ? 0.5 : 2;
            model.readings[gpu];
        }
        for (int i = 0; i < 500; ++i) {
            std::size_t const gpu = random() % 3;
            switch (random() % 4) {
            case 0: {
                double const seconds = part(random);
                meter.loads(2, seconds, gpu);
                model.loads.emplace_back(2, seconds * model.prices[gpu]);
                model.value();
                break;
            }
            case 1: {
                auto const hits = static_cast<double>(random() % 5);
                meter.lookups(hits, 1);
                model.hits += hits;
                model.value();
                break;
            }
            default: {
                now[gpu] += std::chrono::milliseconds{1 + random() % (random() % 20 == 0 ? 30'000 : 3'000)};
                double const busy = random() % 10 == 0 ? absent : part(random);
                meter.device_time(gpu, now[gpu], busy);
                model.readings[gpu].push_back({now[gpu], busy});
                if (random() % 5 == 0) { // late readings change nothing
                    meter.device_time(gpu, now[gpu] - 1s, 1);
                }
            }
            }
        }
        double all = 0;
        for (auto const& [gpu, price] : model.prices) {
            CHECK(device(meter, gpu).money == Approx(model.money(gpu, false)));
            CHECK(device(meter, gpu).idle_money == Approx(model.money(gpu, true)));
            CHECK(device(meter, gpu).priced_seconds == Approx(model.money(gpu, false) / price));
            all += model.money(gpu, false);
        }
        CHECK(meter.report().overall.money == Approx(all));
        CHECK(meter.totals().service.saved_money == Approx(model.saved));
    }
}
