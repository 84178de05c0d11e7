// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/record_log.hpp>
#include <orfeas/observe/cost_watch.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/optional_log_file.hpp>
#include <orfeas/serve/cost_api.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using orfeas::memory_storage;
using orfeas::observe::cost_watch;

namespace {

struct accounts_in_memory {
    cost_watch<orfeas::observe::optional_log_file> kept{{}, {.price = "3.6/h"}, orfeas::observe::optional_log_file{""}};
    cost_watch<orfeas::observe::optional_log_file>& costs() { return kept; }
};

struct accounts {
    explicit accounts(memory_storage ledger = {}) : kept{{}, {.price = "3.6/h"}, std::move(ledger)} {}

    cost_watch<memory_storage> kept;
    cost_watch<memory_storage>& costs() { return kept; }
};
static_assert(orfeas::serve::costed_source<accounts>);

/// Frames of one GPU, half busy, and ten requests a second.
void run(accounts& of, int seconds) {
    orfeas::observe::history frames{3};
    for (int i = 0; i < seconds; ++i) {
        frames.begin_frame(orfeas::wall_time{480'000h + std::chrono::seconds{i}});
        auto const set = [&](std::string const& name, double value, std::string const& gpu) {
            frames.set(name + gpu, value, [&] {
                orfeas::observe::series about;
                about.name = name;
                if (!gpu.empty()) {
                    about.labels = {{"gpu", gpu}};
                }
                return about;
            });
        };
        set("gpu_memory_total_bytes", 1, "0");
        set("gpu_utilization_ratio", 0.5, "0");
        set("http_application_requests_per_second", 10, "");
        of.kept.take(frames);
    }
}

} // namespace

TEST_CASE("costs are told as JSON; what is not known is null", "[cost]") {
    accounts of;
    run(of, 101);
    auto const answer = orfeas::serve::costs(of.kept.report(), of.kept.month(), of.kept.has_ledger());
    auto const told = nlohmann::json::parse(answer.body().text());
    CHECK(told["report"]["currency"] == "USD");
    CHECK(told["report"]["overall"]["money"].get<double>() == Approx(0.1));
    CHECK(told["report"]["overall"]["idle_money"].get<double>() == Approx(0.05));
    CHECK(told["report"]["overall"]["money_per_request"].get<double>() == Approx(0.0001));
    CHECK(told["report"]["overall"]["money_per_gigabyte"].is_null());
    CHECK(told["report"]["devices"].size() == 1);
    CHECK(told["month"]["money_so_far"].get<double>() == Approx(0.1));
    CHECK(told["month"]["projected_money"].is_null());
    CHECK(told["has_ledger"] == true);
}

TEST_CASE("the ledger is told as CSV", "[cost]") {
    accounts of;
    REQUIRE_FALSE(of.kept.open());
    run(of, 10);
    of.kept.flush();
    auto const answer = orfeas::serve::cost_ledger(of);
    std::string const text{answer.body().text()};
    CHECK(std::count(text.begin(), text.end(), '\n') >= 2);
    CHECK_THAT(text, Catch::Matchers::Contains("USD"));
}

TEST_CASE("a ledger that could not be opened is not told as one without costs", "[cost]") {
    accounts of{memory_storage{"somebody else's notes"}};
    REQUIRE(of.kept.open());
    run(of, 10);
    try {
        orfeas::serve::cost_ledger(of);
        FAIL("it was told");
    } catch (orfeas::http::problem_error const& error) {
        CHECK(error.problem().status() == orfeas::http::status::service_unavailable);
        CHECK_THAT(error.problem().json(), Catch::Matchers::Contains("no log of records"));
    }
}

TEST_CASE("where no ledger is kept, none is told, and how to keep one is", "[cost]") {
    accounts_in_memory of;
    REQUIRE_FALSE(of.kept.open());
    CHECK_FALSE(of.kept.has_ledger());
    try {
        orfeas::serve::cost_ledger(of);
        FAIL("it was told");
    } catch (orfeas::http::problem_error const& error) {
        CHECK(error.problem().status() == orfeas::http::status::not_found);
        auto const told = nlohmann::json::parse(error.problem().json());
        CHECK(told["field"] == "cost_ledger");
        CHECK_THAT(told["allowed"].get<std::string>(), orfeas_test::contains("ORFEAS_OBSERVATORY_COST_LEDGER"));
    }
    auto const answer = orfeas::serve::costs(of.kept.report(), of.kept.month(), of.kept.has_ledger());
    CHECK(nlohmann::json::parse(answer.body().text())["has_ledger"] == false);
}
