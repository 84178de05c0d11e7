// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/observe/cost_watch.hpp>
#include <orfeas/observe/sampler.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;

namespace {

cost::cost_options const two_a_second{.currency = "EUR", .price = "2/s", .max_gap = 10s};

using watch = observe::cost_watch<memory_storage>;

/// A service under a sampler, with the series that the house has.
struct service {
    manual_clock clock{};
    observe::sampler<manual_clock> sampler{{.history_size = 10}, clock};
    watch costs;
    std::map<std::string, std::optional<double>> busy{{"0", 0.5}}; // by GPU that is seen
    double served = 100;
    double made_bytes = 0;
    double l1_hits = 0;
    double loads = 0;
    double load_seconds = 0;

    explicit service(memory_storage ledger = {}, observe::cost_watch_options const& series = {})
        : costs{series, two_a_second, std::move(ledger)} {
        REQUIRE_FALSE(costs.open());
        sampler.add_source([this](measurement_sink sink) { tell(sink); });
        sampler.add_listener([this](observe::history const& frames) { costs.take(frames); });
        sampler.sample();
    }

    void tell(measurement_sink sink) const {
        for (auto const& [index, share] : busy) {
            std::array<label, 2> const labels{{{"gpu", index}, {"name", "H100"}}};
            sink({"gpu_memory_total_bytes", measurement_kind::gauge, unit::bytes, 1e9, labels});
            sink({"gpu_utilization_ratio", measurement_kind::gauge, unit::ratio, share.value_or(cost::absent), labels});
        }
        auto const counter = [&](std::string_view name, double value) {
            sink({name, measurement_kind::counter, unit::none, value});
        };
        counter("http_application_requests_total", served);
        counter("generated_bytes_total", made_bytes);
        counter("cache_l1_hits_total", l1_hits);
        counter("cache_loads_total", loads);
        counter("load_gpu_seconds_total", load_seconds);
    }
    void frame(std::chrono::seconds later = 1s) {
        clock.advance(later);
        sampler.sample();
    }
};

} // namespace

TEST_CASE("observe: frames are accounted for: GPUs, requests, bytes, loads and hits") {
    service of;
    of.served += 4;
    of.made_bytes = 2e9;
    of.loads = 2;
    of.load_seconds = 3;
    of.l1_hits = 5;
    of.frame(2s);
    of.busy["0"] = std::nullopt; // seen, without a reading of its use
    of.served = 1;               // restarted
    of.frame(1s);
    auto const report = of.costs.report();
    CHECK(report.currency == "EUR");
    CHECK(report.overall.money == 6);
    CHECK(report.overall.idle_money == 2);
    CHECK(report.overall.busy_ratio == 0.5);
    CHECK(report.requests == Approx(5));
    CHECK(report.overall.money_per_gigabyte == Approx(3));
    CHECK(report.mean_load_money == Approx(3));
    CHECK(report.saved_money == Approx(15));
    REQUIRE(report.devices.size() == 1);
    CHECK(report.devices[0].device == "0");
    CHECK(report.devices[0].name == "H100");
    CHECK(of.costs.month().money_so_far == 6);
}

TEST_CASE("observe: a GPU that is gone costs nothing, and frames that are too far apart are not counted") {
    service of;
    of.busy["1"] = 1;
    of.frame(1s); // one is seen for a second, the other for the first time
    of.busy.erase("0");
    of.frame(5s);
    CHECK(of.costs.report().devices[0].figures.money == 2);
    CHECK(of.costs.report().devices[1].figures.money == 10);
    of.served += 1'000;
    of.frame(11s);
    CHECK(of.costs.report().requests == 0);
    CHECK(of.costs.report().overall.money == 12);
    CHECK(of.costs.report().overall.unobserved_seconds == 11);
}

TEST_CASE("observe: series that are not there leave figures absent") {
    service of{{}, {.presence = "none", .utilization = "", .requests = "", .load_seconds = ""}};
    of.l1_hits = 5;
    of.loads = 5;
    of.frame();
    auto const report = of.costs.report();
    CHECK(std::isnan(report.overall.money));
    CHECK(report.requests == 0);
    CHECK(report.cache_hits == Approx(5));
    CHECK(std::isnan(report.saved_money));
    CHECK_THROWS_WITH((watch{{.presence = ""}, {}, {}}), orfeas_test::contains("presence"));
    CHECK_THROWS_WITH((watch{{}, {.price = "?"}, {}}), orfeas_test::contains("price"));
}

TEST_CASE("observe: costs outlive the watch in its ledger, and are exported") {
    service first;
    first.frame();
    first.costs.flush();
    std::string csv;
    auto const into = [&](std::string_view piece) { csv.append(piece); };
    REQUIRE_FALSE(first.costs.write_csv(into));
    CHECK(csv.find("EUR,0,H100,") != std::string::npos);
    service second{first.costs.with_book([](watch::book& book) { return book.ledger().storage(); })};
    second.frame();
    CHECK(second.costs.report().overall.money == 4);
    std::map<std::string, double> values;
    auto const to_values = [&](measurement const& each) { values.emplace(each.name, each.value); };
    second.costs.measure(to_values);
    CHECK(values["cost_money_total"] == 4);
    CHECK(values["cost_month_money"] == 4);
}

TEST_CASE("observe: costs are asked for while frames are counted") {
    service of;
    std::atomic<bool> is_over{false};
    std::thread asking{[&] {
        double last = 0;
        while (!is_over) {
            double const now =
                of.costs.with_book([](watch::book& book) { return book.meter().totals().total().money; });
            std::size_t names = 0;
            auto const count = [&](measurement const&) { ++names; };
            of.costs.measure(count);
            if (now < last || names == 0 || of.costs.report().currency != "EUR") {
                std::abort(); // Catch's assertions are for one thread
            }
            last = now;
        }
    }};
    for (int i = 0; i < 500; ++i) {
        of.served += 3;
        of.frame();
    }
    is_over = true;
    asking.join();
    CHECK(of.costs.report().overall.money == 1'000);
    CHECK(of.costs.report().requests == Approx(1'500));
}

TEST_CASE("observe: a clock that is set makes nothing cheaper or dearer") {
    service of;
    for (auto const by : {3'600s, -3'600s, -86'400s, 0s}) {
        of.clock.set_wall_by(by);
        for (int i = 0; i < 5; ++i) {
            of.served += 4;
            of.frame();
        }
    }
    auto const known = of.costs.report();
    CHECK(known.requests == Approx(80));
    CHECK(known.overall.money == Approx(40)); // 20 s at 2 a second
}
