// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/scaling_watch.hpp>
#include <orfeas/serve/scaling_api.hpp>

#include <nlohmann/json.hpp>

#include <optional>

namespace {

struct scaled {
    orfeas::observe::scaling_watch watch{};
    orfeas::observe::scaling_watch const& scaling() const { return watch; }
};
static_assert(orfeas::serve::scaled_source<scaled>);

} // namespace

TEST_CASE("KEDA finds the desired replicas at the top, and what each metric wanted below", "[scale]") {
    orfeas::scale::advisor advisor;
    auto const& advice = advisor.advise({}, {.replicas = 2, .ready = 2, .utilization = 1.4});
    auto const answer = orfeas::serve::scaling(std::optional{advice});
    auto const told = nlohmann::json::parse(answer.body().text());
    CHECK(told["desired_replicas"] == advice.desired_replicas);
    CHECK(told["current_replicas"] == 2);
    CHECK_FALSE(told["metrics"].empty());
}

TEST_CASE("without an advice the answer is an error, for 0 would end the service", "[scale]") {
    CHECK_THROWS_AS(orfeas::serve::scaling(scaled{}.scaling().advice()), orfeas::http::problem_error);
}
