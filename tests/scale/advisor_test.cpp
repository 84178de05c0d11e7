// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/scale/advisor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace scale = orfeas::scale;
using namespace orfeas::literals;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using scale::scaling_term;

namespace {

/// Advice that follows the metrics at once.
scale::advisor_options prompt() {
    scale::advisor_options made;
    made.max_replicas = 20;
    made.up_policies = {"1000000/1s"};
    made.down_window = 0s;
    return made;
}

/// Advice for requests a second, of which a replica carries one.
scale::advisor_options by_load() {
    auto made = prompt();
    made.target_utilization = 0;
    made.load_per_replica = 1;
    return made;
}

scale::observation serving(std::uint32_t replicas, double load) {
    return {.replicas = replicas, .ready = replicas, .queue = 0, .load = load};
}

bool says(scale::scaling_advice const& of, std::string const& text) {
    return std::any_of(of.reasons.begin(), of.reasons.end(),
                       [&](std::string const& each) { return each.find(text) != std::string::npos; });
}

} // namespace

TEST_CASE("the metric that wants the most decides, and each is told", "[scale]") {
    auto options = prompt();
    options.target_queue = 2;
    options.target_p95_ms = 500;
    scale::advisor made{options};
    auto const& said =
        made.advise(0s, {.replicas = 4, .ready = 4, .utilization = 0.7, .queue = 16, .p95_ms = 750, .load = 1});
    CHECK(said.desired_replicas == 8);
    CHECK(said.limiting_term == scaling_term::metric);
    CHECK(said.limiting_metric == "queue");
    REQUIRE(said.metrics.size() == 3);
    CHECK(said.metrics[0].desired_replicas == 4U);
    CHECK(said.metrics[1].desired_replicas == 8U);
    CHECK(said.metrics[2].desired_replicas == 6U);
    CHECK(said.reasons == std::vector<std::string>{"utilization is 0.7 against 0.7: 4 replicas",
                                                   "queue is 16 against 2: 8 replicas",
                                                   "p95_ms is 750 against 500: 6 replicas", "queue decides"});
}

TEST_CASE("a latency that nobody has because nobody asks keeps no replica", "[scale]") {
    auto options = prompt();
    options.target_p95_ms = 500;
    scale::advisor made{options};
    scale::observation seen{.replicas = 4, .ready = 4, .utilization = 0, .load = 0};
    CHECK(made.advise(0s, seen).desired_replicas == 1);
    seen.load = 3; // here it should be known
    CHECK(made.advise(15s, seen).desired_replicas == 4);
}

TEST_CASE("no advice is not the advice to have none", "[scale]") {
    scale::advisor made{prompt()};
    CHECK(made.last() == nullptr);
    made.advise(0s, {.replicas = 4, .ready = 4, .utilization = 0.7});
    REQUIRE(made.last() != nullptr);
    CHECK(made.last()->desired_replicas == 4);
    std::vector<std::byte> bytes;
    orfeas::state_writer out{bytes};
    made.save(out);
    scale::advisor restarted{prompt()};
    orfeas::state_reader in{bytes};
    REQUIRE_FALSE(restarted.load(in));
    CHECK(restarted.last() == nullptr);
}

TEST_CASE("metrics of the caller's own count like the others", "[scale]") {
    scale::advisor made{prompt()};
    std::vector<scale::metric_reading> const own{{"streams", scale::metric_kind::average_value, 30, 3}};
    auto const& said = made.advise(0s, {.replicas = 4, .ready = 4, .utilization = 0.7, .further = own});
    CHECK(said.desired_replicas == 10);
    CHECK(said.limiting_metric == "streams");
}

TEST_CASE("what could not be read keeps replicas, but does not keep others from being added", "[scale]") {
    auto options = prompt();
    options.target_queue = 2;
    scale::advisor made{options};
    auto const& less = made.advise(0s, {.replicas = 4, .ready = 4, .utilization = 0.2});
    CHECK(less.desired_replicas == 4);
    CHECK(less.limiting_term == scaling_term::missing_metrics);
    CHECK(says(less, "queue could not be read"));
    CHECK(made.advise(15s, {.replicas = 4, .ready = 4, .utilization = 1}).desired_replicas == 6);
    auto const& blind = made.advise(30s, {.replicas = 6, .ready = 6});
    CHECK(blind.desired_replicas == 6);
    CHECK(blind.limiting_term == scaling_term::missing_metrics);
    CHECK_FALSE(blind.metrics[0].desired_replicas);
}

TEST_CASE("a predicted load adds replicas before it comes, by its upper value", "[scale]") {
    scale::advisor made{by_load()};
    auto seen = serving(4, 4);
    seen.forecast = scale::predicted_load{7, 6, 8.5, 300s};
    auto const& said = made.advise(0s, seen);
    CHECK(said.desired_replicas == 9);
    CHECK(said.limiting_term == scaling_term::forecast);
    CHECK(said.reactive_replicas == 4);
    CHECK(said.forecast_replicas == 9U);
    CHECK(says(said, "in 300 s the load will be 7 (6 to 8.5): 9 replicas"));
    seen = serving(9, 9);
    seen.forecast = scale::predicted_load{2, 1, 3, 300s}; // a fall is not anticipated
    CHECK(made.advise(15s, seen).desired_replicas == 9);
}

TEST_CASE("with a forecast there never are fewer replicas than without", "[scale]") {
    std::mt19937 random{11};
    auto const below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
    for (int run = 0; run < 200; ++run) {
        auto options = by_load();
        options.target_utilization = 0.7;
        options.up_policies = {std::to_string(1 + below(6)) + "/30s"};
        options.up_window = std::chrono::seconds{below(60)};
        options.down_window = std::chrono::seconds{below(120)};
        scale::advisor without{options};
        scale::advisor with{options};
        std::uint32_t current = 1 + below(20);
        for (int i = 0; i < 60; ++i) {
            scale::observation seen{.replicas = current, .ready = current, .load = below(30) * 1.0};
            if (below(10) != 0) {
                seen.utilization = below(100) / 100.0;
            }
            auto const time = std::chrono::seconds{i * 15};
            auto const reactive = without.advise(time, seen).desired_replicas;
            if (below(4) != 0) {
                seen.forecast = scale::predicted_load{10, 5, below(30) * 1.0, 60s};
            }
            auto const ahead = with.advise(time, seen).desired_replicas;
            REQUIRE(ahead >= reactive);
            current = below(2) == 0 ? reactive : ahead;
        }
    }
}

TEST_CASE("replicas that do not fit into the devices are not advised, and it is said why", "[scale]") {
    auto options = by_load();
    options.model_bytes = 30_GiB;
    options.device_bytes = 80_GiB;
    options.devices = 3;
    options.replicas_per_device = 4;
    scale::advisor made{options};
    auto const& said = made.advise(0s, serving(2, 15));
    CHECK(said.desired_replicas == 6);
    CHECK(said.limiting_term == scaling_term::gpu_memory);
    CHECK(said.fitting_replicas == 6U);
    CHECK(says(said, "3 devices with 76 GiB to give hold 6 replicas of 30 GiB"));
    auto seen = serving(6, 15);
    seen.devices_now = 5;
    CHECK(made.advise(15s, seen).desired_replicas == 10);
}

TEST_CASE("a replica that serves evidently fits; the others are given up", "[scale]") {
    auto options = by_load();
    options.model_bytes = 90_GiB;
    options.device_bytes = 80_GiB;
    options.devices = 4;
    scale::advisor made{options};
    scale::observation seen{.replicas = 4, .ready = 2, .queue = 0, .load = 4};
    auto const& said = made.advise(0s, seen);
    CHECK(said.desired_replicas == 2);
    CHECK(said.limiting_term == scaling_term::gpu_memory);
    CHECK(says(said, "none fits"));
}

TEST_CASE("no more is advised than the budget pays", "[scale]") {
    auto options = by_load();
    options.price_per_hour = 2.5;
    options.budget_per_hour = 20;
    scale::advisor made{options};
    auto const& said = made.advise(0s, serving(4, 15));
    CHECK(said.desired_replicas == 8);
    CHECK(said.limiting_term == scaling_term::budget);
    CHECK(said.cost_per_hour == 20);
    CHECK(says(said, "a budget of 20 an hour pays 8 replicas at 2.5"));
    auto const& less = made.advise(15s, serving(12, 15)); // at once, whatever the policies
    CHECK(less.desired_replicas == 8);
}

TEST_CASE("bounds hold whatever the metrics say", "[scale]") {
    auto options = by_load();
    options.min_replicas = 3;
    scale::advisor made{options};
    CHECK(made.advise(0s, serving(2, 50)).limiting_term == scaling_term::minimum);
    CHECK(made.last()->desired_replicas == 3);
    CHECK(made.advise(15s, serving(25, 50)).limiting_term == scaling_term::maximum);
    CHECK(made.last()->desired_replicas == 20);
    CHECK(made.advise(30s, serving(5, 1)).limiting_term == scaling_term::minimum);
    CHECK(made.last()->desired_replicas == 3);
}

TEST_CASE("without scale-to-zero, no replica means that scaling is switched off", "[scale]") {
    scale::advisor made{by_load()};
    auto const& said = made.advise(0s, serving(0, 10));
    CHECK(said.desired_replicas == 0);
    CHECK(said.limiting_term == scaling_term::disabled);
}

TEST_CASE("who has been idle for long is told to rest, and to wake up when work comes", "[scale]") {
    auto options = by_load();
    options.min_replicas = 2;
    options.idle_after = 600s;
    options.cold_start = 30s;
    options.cold_start_limit = 60s;
    scale::advisor made{options};
    CHECK(made.advise(0s, serving(2, 1)).desired_replicas == 2);
    CHECK(made.advise(100s, serving(2, 0)).desired_replicas == 2);
    CHECK(made.advise(599s, serving(2, 0)).desired_replicas == 2);
    auto const& rest = made.advise(600s, serving(2, 0)); // the last work was seen at 0
    CHECK(rest.desired_replicas == 0);
    CHECK(rest.limiting_term == scaling_term::idle);
    CHECK(says(rest, "no work for 600 s, and a cold start of 30 s is acceptable"));
    CHECK(made.advise(615s, serving(0, 0)).desired_replicas == 0);
    scale::observation blind{.replicas = 0};
    CHECK(made.advise(630s, blind).desired_replicas == 0); // who cannot see starts nothing
    auto const& awake = made.advise(645s, serving(0, 7));
    CHECK(awake.desired_replicas == 7);
    CHECK(awake.limiting_term == scaling_term::activation);
    scale::observation queued = serving(0, 0);
    queued.queue = 1;
    CHECK(made.advise(660s, queued).desired_replicas == 2);
}

TEST_CASE("nobody rests who waits for work, cannot see whether there is any, or starts too slowly", "[scale]") {
    auto options = by_load();
    options.idle_after = 60s;
    options.cold_start = 30s;
    options.cold_start_limit = 60s;
    SECTION("a forecast of work") {
        scale::advisor made{options};
        made.advise(0s, serving(1, 0));
        auto seen = serving(1, 0);
        seen.forecast = scale::predicted_load{1, 0, 2, 60s};
        CHECK(made.advise(600s, seen).desired_replicas == 2);
        seen.replicas = seen.ready = 0;
        CHECK(made.advise(615s, seen).desired_replicas == 2); // it starts ahead, too
    }
    SECTION("load that could not be read") {
        scale::advisor made{options};
        made.advise(0s, serving(1, 0));
        CHECK(made.advise(600s, {.replicas = 1, .ready = 1, .queue = 0}).desired_replicas == 1);
        CHECK(made.advise(630s, serving(1, 0)).desired_replicas == 1); // and idleness begins anew
    }
    SECTION("load that could not be read where there is no replica") {
        scale::advisor made{options};
        made.advise(0s, serving(0, 0));
        auto const& said = made.advise(15s, {.queue = 0});
        CHECK(said.desired_replicas == 0);
        CHECK(said.limiting_term == scale::scaling_term::missing_metrics);
        CHECK(said.reasons.back() == "there is no replica, and whether there is work could not be read");
    }
    SECTION("a cold start that nobody may wait for") {
        options.cold_start = 90s;
        scale::advisor made{options};
        made.advise(0s, serving(1, 0));
        CHECK(made.advise(600s, serving(1, 0)).desired_replicas == 1);
    }
}

TEST_CASE("a time that goes back is none that passed", "[scale]") {
    auto options = by_load();
    options.down_window = 60s;
    scale::advisor made{options};
    made.advise(10'000s, serving(9, 9));
    CHECK(made.advise(10s, serving(9, 1)).desired_replicas == 9);
    CHECK(made.advise(69s, serving(9, 1)).desired_replicas == 9);
    CHECK(made.advise(70s, serving(9, 1)).desired_replicas == 1);
}

TEST_CASE("what was saved goes on as if nothing had been", "[scale]") {
    auto options = by_load();
    options.up_policies = {"3/60s"};
    options.down_window = 120s;
    std::mt19937 random{3};
    scale::advisor one{options};
    std::uint32_t current = 5;
    for (int i = 0; i < 200; ++i) {
        auto const load = static_cast<double>(random() % 25);
        auto const time = std::chrono::seconds{i * 10};
        std::vector<std::byte> bytes;
        orfeas::state_writer out{bytes};
        one.save(out);
        scale::advisor other{options};
        orfeas::state_reader in{bytes};
        REQUIRE_FALSE(other.load(in));
        auto const said = one.advise(time, serving(current, load));
        REQUIRE(other.advise(time, serving(current, load)) == said);
        current = said.desired_replicas;
    }
}

TEST_CASE("a state that is not whole, or of other options, is refused and changes nothing", "[scale]") {
    scale::advisor saved{by_load()};
    saved.advise(0s, serving(3, 3));
    std::vector<std::byte> bytes;
    orfeas::state_writer out{bytes};
    saved.save(out);
    auto other = by_load();
    other.max_replicas = 21;
    scale::advisor refusing{other};
    orfeas::state_reader whole{bytes};
    CHECK(refusing.load(whole) == orfeas::state_error::other_options);
    scale::advisor same{by_load()};
    orfeas::state_reader cut{std::span{bytes}.first(bytes.size() - 1)};
    CHECK(same.load(cut) == orfeas::state_error::truncated_state);
    bytes[40] ^= std::byte{1};
    orfeas::state_reader damaged{bytes};
    CHECK(same.load(damaged) == orfeas::state_error::corrupted_state);
}

TEST_CASE("the advice is measured", "[scale]") {
    scale::advisor made{by_load()};
    std::map<std::string, double> seen;
    auto const look = [&] {
        seen.clear();
        made.measure([&](orfeas::measurement const& of) {
            seen[std::string{of.name} + (of.labels.empty() ? "" : ":" + std::string{of.labels[0].value})] = of.value;
        });
    };
    look();
    CHECK(seen["scale_desired_replicas"] != seen["scale_desired_replicas"]);
    made.advise(0s, serving(3, 7));
    made.advise(15s, serving(7, 7));
    made.advise(30s, serving(7, 2));
    look();
    CHECK(seen["scale_desired_replicas"] == 2);
    CHECK(seen["scale_current_replicas"] == 7);
    CHECK(seen["scale_metric_replicas:load"] == 2);
    CHECK(seen["scale_advices_total"] == 3);
    CHECK(seen["scale_ups_total"] == 0);
    CHECK(seen["scale_downs_total"] == 1);
}

TEST_CASE("the report is JSON that begins with what autoscalers read", "[scale]") {
    scale::advisor made{by_load()};
    auto const text = orfeas::to_json(made.advise(0s, serving(3, 7)));
    CHECK_THAT(text, Catch::Matchers::StartsWith(R"({"desired_replicas":7,"current_replicas":3,"ready_replicas":3,)"
                                                 R"("limiting_term":"metric","limiting_metric":"load",)"));
    CHECK_THAT(text, Contains(R"("metrics":[{"name":"load","kind":"average_value","value":7,"target":1,)"));
    CHECK_THAT(text, Contains(R"("forecast_replicas":null)"));
    CHECK_THAT(text, Contains(R"("reasons":["load is 7 against 1: 7 replicas","load decides"])"));
}
