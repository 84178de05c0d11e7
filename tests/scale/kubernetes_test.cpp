// SPDX-License-Identifier: MIT
// The advisor against a plain model of the documented algorithm, on random services, and against the examples of the documentation.
#include "scale/kubernetes_model.hpp"
#include "support/catch.hpp"

#include <orfeas/scale/advisor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace scale = orfeas::scale;
namespace model = kubernetes_model;
using namespace std::chrono_literals;

namespace {

class random_service {
  public:
    explicit random_service(std::uint32_t seed) : random_{seed} {
        options_.min_replicas = below(4) + 1;
        options_.max_replicas = options_.min_replicas + below(60);
        options_.target_utilization = 0.001 * utilization_target;
        options_.target_queue = below(2) == 0 ? 0.001 * queue_target : 0;
        options_.target_p95_ms = below(2) == 0 ? 0.001 * latency_target : 0;
        up_ = rules(options_.up_policies, options_.up_choice, options_.up_window);
        down_ = rules(options_.down_policies, options_.down_choice, options_.down_window);
        current_ = below(options_.max_replicas + 5) + 1;
    }

    void run() {
        scale::advisor ours{options_};
        model::autoscaler plain{up_, down_, options_.min_replicas, options_.max_replicas};
        model::whole now = below(100'000);
        std::uint32_t level = 700;
        for (int i = 0; i < 120; ++i) {
            level = below(8) == 0 ? below(2'000) : level;
            auto const seen = look(level);
            auto const& said = ours.advise(std::chrono::seconds{now}, seen);
            auto const wanted = plain.sync(now, current_, wanted_);
            INFO("step " << i << ", from " << current_ << ", wanted " << wanted_.value_or(-1));
            REQUIRE(said.desired_replicas == wanted);
            REQUIRE(said.reasons.size() > said.metrics.size());
            current_ = said.desired_replicas;
            now += below(3) == 0 ? 1 + below(90) : 15;
        }
    }

  private:
    static constexpr model::whole utilization_target = 640;
    static constexpr model::whole queue_target = 3'500;
    static constexpr model::whole latency_target = 250'000;
    static constexpr model::whole tolerance = 10;

    std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

    model::rules rules(std::vector<std::string>& texts, std::string& choice, std::chrono::seconds& window) {
        model::rules made;
        texts.clear();
        for (std::uint32_t i = 0; i <= below(3); ++i) {
            model::policy const each{below(2) == 0, 1 + below(120), 1 + below(300)};
            made.policies.push_back(each);
            texts.push_back(std::to_string(each.value) + (each.is_percent ? "%/" : "/") + std::to_string(each.period) +
                            "s");
        }
        made.select = below(12) == 0  ? model::choice::disabled
                      : below(3) == 0 ? model::choice::min
                                      : model::choice::max;
        choice = made.select == model::choice::max ? "max" : made.select == model::choice::min ? "min" : "disabled";
        made.window = below(2) == 0 ? 0 : below(400);
        window = std::chrono::seconds{made.window};
        return made;
    }

    /// What the service looks like, for ours as well as for the model.
    scale::observation look(std::uint32_t level) {
        scale::observation seen{.replicas = current_};
        std::vector<model::pod> pods(current_);
        model::whole sum = 0;
        model::whole reporting = 0;
        for (auto& each : pods) {
            each.is_ready = below(10) != 0;
            if (each.is_ready && below(15) != 0) {
                each.value = level + below(100);
                sum += *each.value;
                ++reporting;
            }
            seen.ready += each.is_ready ? 1U : 0U;
            seen.missing += each.is_ready && !each.value ? 1U : 0U;
        }
        if (reporting > 0) {
            seen.utilization = 0.001 * static_cast<double>(sum) / static_cast<double>(reporting);
        }
        wanted_.reset();
        unread_ = 0;
        want(model::wanted_by_pods(pods, current_, utilization_target, tolerance));
        if (options_.target_queue > 0) {
            auto const queue = one(seen.queue, level * current_ * 5);
            want(queue ? std::optional{model::wanted_by_average_value(*queue, current_, queue_target, tolerance)}
                       : std::nullopt);
        }
        if (options_.target_p95_ms > 0) {
            auto const latency = one(seen.p95_ms, level * 400);
            want(latency
                     ? std::optional{model::wanted_by_value(*latency, current_, seen.ready, latency_target, tolerance)}
                     : std::nullopt);
        }
        // "If any of these metrics cannot be converted and a scale down is suggested by the others, scaling is skipped."
        if (unread_ > 0 && wanted_ && *wanted_ < current_) {
            wanted_.reset();
        }
        return seen;
    }

    std::optional<model::whole> one(double& value, model::whole middle) {
        if (below(20) == 0) {
            return std::nullopt;
        }
        model::whole const made = middle / 2 + below(static_cast<std::uint32_t>(middle) + 1);
        value = 0.001 * static_cast<double>(made);
        return made;
    }

    void want(std::optional<model::whole> each) {
        unread_ += each ? 0 : 1;
        if (each) {
            wanted_ = std::max(wanted_.value_or(0), *each);
        }
    }

    std::mt19937 random_;
    scale::advisor_options options_;
    model::rules up_;
    model::rules down_;
    std::uint32_t current_ = 1;
    std::optional<model::whole> wanted_;
    int unread_ = 0;
};

/// The advices of a service whose metric wants `wanted` at each step of 15 s.
std::vector<std::uint32_t> follow(scale::advisor_options options, std::uint32_t current,
                                  std::vector<std::uint32_t> const& wanted, std::chrono::seconds step = 15s) {
    options.load_per_replica = 1;
    options.target_utilization = 0;
    scale::advisor made{options};
    std::vector<std::uint32_t> said;
    std::chrono::seconds now{0};
    for (auto const each : wanted) {
        current = made.advise(now, {.replicas = current, .ready = current, .load = static_cast<double>(each)})
                      .desired_replicas;
        said.push_back(current);
        now += step;
    }
    return said;
}

} // namespace

TEST_CASE("random services are scaled as the documented algorithm scales them", "[scale]") {
    for (std::uint32_t seed = 1; seed <= 1'500; ++seed) {
        INFO("seed " << seed);
        random_service{seed}.run();
    }
}

TEST_CASE("documented: twice the desired value doubles the replicas, half of it halves them", "[scale]") {
    scale::metric_reading of{.name = "requests", .value = 0.2, .target = 0.1};
    CHECK(scale::propose_replicas(of, 4, 4, 0.1)->replicas == 8);
    of.value = 0.05;
    CHECK(scale::propose_replicas(of, 4, 4, 0.1)->replicas == 2);
}

TEST_CASE("documented: 80 replicas go down by 10 % or 4 a minute, whichever is more", "[scale]") {
    scale::advisor_options options;
    options.max_replicas = 100;
    options.down_policies = {"4/60s", "10%/60s"};
    options.down_window = 0s;
    auto const said = follow(options, 80, std::vector<std::uint32_t>(12, 10), 60s);
    CHECK(said == std::vector<std::uint32_t>{72, 64, 57, 51, 45, 40, 36, 32, 28, 24, 20, 16});
}

TEST_CASE("documented: at most 5 a minute with the smaller of two policies", "[scale]") {
    scale::advisor_options options;
    options.max_replicas = 100;
    options.down_policies = {"10%/60s", "5/60s"};
    options.down_choice = "min";
    options.down_window = 0s;
    CHECK(follow(options, 80, {10, 10, 10, 10, 10}, 15s) == std::vector<std::uint32_t>{75, 75, 75, 75, 70});
}

TEST_CASE("documented: by default 4 or all that there are may come each 15 s, and scale-down waits for 5 minutes",
          "[scale]") {
    scale::advisor_options options;
    options.max_replicas = 100;
    CHECK(follow(options, 1, {50, 50, 50, 50, 50}) == std::vector<std::uint32_t>{5, 10, 20, 40, 50});
    std::vector<std::uint32_t> wanted(22, 2);
    wanted[0] = 20;
    auto const said = follow(options, 20, wanted);
    CHECK(said[19] == 20);
    CHECK(said[20] == 2); // 300 s after the last time that 20 were wanted
}

TEST_CASE("documented: scale-down that is disabled never happens", "[scale]") {
    scale::advisor_options options;
    options.down_choice = "disabled";
    options.down_window = 0s;
    CHECK(follow(options, 8, {1, 1, 9, 1}) == std::vector<std::uint32_t>{8, 8, 9, 9});
}
