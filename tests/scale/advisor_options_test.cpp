// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/scale/advisor.hpp>
#include <orfeas/scale/advisor_options.hpp>

#include <string>

namespace scale = orfeas::scale;
using namespace std::chrono_literals;

namespace {

std::string refused(scale::advisor_options const& options) {
    try {
        scale::advisor const made{options};
    } catch (orfeas::option_error const& error) {
        return error.field();
    }
    return "";
}

} // namespace

TEST_CASE("the defaults are those of the HPA", "[scale]") {
    scale::advisor_options const options;
    CHECK(refused(options).empty());
    CHECK(options.up() ==
          scale::scaling_rules{{{scale::policy_kind::percent, 100, 15s}, {scale::policy_kind::pods, 4, 15s}}});
    CHECK(options.down() ==
          scale::scaling_rules{{{scale::policy_kind::percent, 100, 15s}}, scale::policy_choice::max, 300s});
    CHECK_FALSE(options.may_rest());
}

TEST_CASE("options are read from the environment and refused by their name", "[scale]") {
    auto const read = orfeas::from_environment<scale::advisor_options>(
        {}, {"ORFEAS_SCALE_MAX_REPLICAS=40", "ORFEAS_SCALE_DOWN_POLICIES=2/1min,10%/1min",
             "ORFEAS_SCALE_DOWN_CHOICE=min", "ORFEAS_SCALE_MODEL_BYTES=24GiB", "ORFEAS_SCALE_DEVICE_BYTES=80GiB"});
    CHECK(read.max_replicas == 40);
    CHECK(read.down().policies.size() == 2);
    CHECK(read.down().choice == scale::policy_choice::min);
    CHECK(read.model_bytes == 24ULL << 30U);
    CHECK_THROWS_WITH(orfeas::from_environment<scale::advisor_options>({}, {"ORFEAS_SCALE_UP_POLICIES=fast"}),
                      "ORFEAS_SCALE_UP_POLICIES is 'fast', but must be a list of policies such as 4/15s or "
                      "100%/1min, with periods of at most 30min");
    CHECK_THROWS_AS(orfeas::from_environment<scale::advisor_options>({}, {"ORFEAS_SCALE_REPLICAS=3"}),
                    orfeas::option_error);
}

TEST_CASE("options that do not go together are refused", "[scale]") {
    CHECK(refused({.min_replicas = 0}) == "min_replicas");
    CHECK(refused({.min_replicas = 5, .max_replicas = 4}) == "min_replicas");
    CHECK(refused({.tolerance = -0.1}) == "tolerance");
    CHECK(refused({.up_policies = {}}) == "up_policies");
    CHECK(refused({.up_choice = "fastest"}) == "up_choice");
    CHECK(refused({.down_window = 3'601s}) == "down_window");
    CHECK(refused({.model_bytes = 1}) == "device_bytes");
    CHECK(refused({.devices_per_replica = 2, .replicas_per_device = 2}) == "replicas_per_device");
    CHECK(refused({.budget_per_hour = 10}) == "budget_per_hour");
    CHECK(refused({.min_replicas = 4, .price_per_hour = 3, .budget_per_hour = 10}) == "budget_per_hour");
    CHECK(refused({.min_replicas = 3, .price_per_hour = 3, .budget_per_hour = 10}).empty());
}
