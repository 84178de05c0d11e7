// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>
#include <orfeas/scale/scaling_policy.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas::inline v0::scale {

/// Configures an advisor. Prefix ORFEAS_SCALE_. A target, price or size of 0 leaves that part out; the rest is what the HPA of
/// Kubernetes does by default.
struct advisor_options {
    std::uint32_t min_replicas = 1; ///< while there is work; scale-to-zero goes below
    std::uint32_t max_replicas = 10;
    double tolerance = 0.1; ///< of each metric's ratio to its target

    double target_utilization = 0.7; ///< mean share of a ready replica that is in use
    double target_queue = 0;         ///< requests waiting, per replica
    double target_p95_ms = 0;        ///< of the response time
    double load_per_replica = 0;     ///< that one replica carries well, in the unit of the load; a forecast needs it

    std::vector<std::string> up_policies{"100%/15s", "4/15s"};
    std::string up_choice = "max";
    std::chrono::seconds up_window{0};
    std::vector<std::string> down_policies{"100%/15s"};
    std::string down_choice = "max";
    std::chrono::seconds down_window{300};

    std::uint64_t model_bytes = 0;         ///< device memory that a replica needs
    std::uint64_t device_bytes = 0;        ///< memory of one device
    double device_reserve = 0.05;          ///< share of it that is left free
    std::uint32_t devices = 0;             ///< that there are, those in use among them
    std::uint32_t devices_per_replica = 1; ///< over which a model is spread
    std::uint32_t replicas_per_device = 1; ///< at most: 1 for nvidia.com/gpu, more where devices are shared

    double price_per_hour = 0;  ///< of one replica
    double budget_per_hour = 0; ///< for all of them, in the same currency

    std::chrono::seconds idle_after{0};       ///< without work before none is needed; 0: never
    double activation_load = 0;               ///< a load up to this is no work
    std::chrono::seconds cold_start{60};      ///< from nothing to the first answer
    std::chrono::seconds cold_start_limit{0}; ///< that a caller may be made to wait so long

    static constexpr std::string_view environment_prefix = "ORFEAS_SCALE_";

    static void fields(auto& self, auto&& field) {
        constexpr auto replicas = in_range(0, 100'000);
        field("min_replicas", self.min_replicas, in_range(1, 10'000), "fewest replicas while there is work");
        field("max_replicas", self.max_replicas, in_range(1, 10'000), "most replicas");
        field("tolerance", self.tolerance, in_range(0.0, 1.0), "deviation from a target that is left alone");
        targets(self, field);
        pace(self, field);
        field("model_bytes", self.model_bytes, any_value{}, "device memory of one replica; 0: not checked");
        field("device_bytes", self.device_bytes, any_value{}, "memory of one device");
        field("device_reserve", self.device_reserve, in_range(0.0, 0.9), "share of a device that is left free");
        field("devices", self.devices, replicas, "devices that there are");
        field("devices_per_replica", self.devices_per_replica, in_range(1, 1'024),
              "devices that a model is spread over");
        field("replicas_per_device", self.replicas_per_device, in_range(1, 1'024), "replicas that may share a device");
        field("price_per_hour", self.price_per_hour, in_range(0.0, 1e9), "of one replica");
        field("budget_per_hour", self.budget_per_hour, in_range(0.0, 1e12), "for all replicas; 0: no bound");
        idleness(self, field);
    }

    /// Throws option_error for members that do not go together.
    void check() const {
        using detail::option_text;
        if (min_replicas > max_replicas) {
            throw option_error{"min_replicas", option_text(min_replicas), "at most max_replicas"};
        }
        if (model_bytes > 0 && device_bytes == 0) {
            throw option_error{"device_bytes", "0", "above 0 where model_bytes is given"};
        }
        if (devices_per_replica > 1 && replicas_per_device > 1) {
            throw option_error{"replicas_per_device", option_text(replicas_per_device),
                               "1 where a replica needs several devices"};
        }
        if (budget_per_hour > 0 && !(price_per_hour * min_replicas <= budget_per_hour && price_per_hour > 0)) {
            throw option_error{"budget_per_hour", option_text(budget_per_hour),
                               "enough for min_replicas at a price_per_hour above 0"};
        }
    }

    /// Whether no replica at all may be advised.
    bool may_rest() const noexcept { return idle_after.count() > 0 && cold_start <= cold_start_limit; }

    scaling_rules up() const { return rules(up_policies, up_choice, up_window); }
    scaling_rules down() const { return rules(down_policies, down_choice, down_window); }

  private:
    static void targets(auto& self, auto&& field) {
        field("target_utilization", self.target_utilization, in_range(0.0, 1.0),
              "share of a replica in use; 0: ignored");
        field("target_queue", self.target_queue, in_range(0.0, 1e9), "requests waiting per replica; 0: ignored");
        field("target_p95_ms", self.target_p95_ms, in_range(0.0, 1e9), "95th percentile of response times; 0: ignored");
        field("load_per_replica", self.load_per_replica, in_range(0.0, 1e12), "that a replica carries; 0: ignored");
    }
    static void pace(auto& self, auto&& field) {
        using std::chrono::seconds;
        constexpr auto window = in_range(seconds{0}, seconds{3'600});
        constexpr auto choice = one_of("max", "min", "disabled");
        field("up_policies", self.up_policies, scaling_policies{}, "how fast replicas may be added");
        field("up_choice", self.up_choice, choice, "which of these policies holds");
        field("up_window", self.up_window, window, "for how long more must have been needed");
        field("down_policies", self.down_policies, scaling_policies{}, "how fast replicas may be removed");
        field("down_choice", self.down_choice, choice, "which of these policies holds");
        field("down_window", self.down_window, window, "for how long fewer must have been enough");
    }
    static void idleness(auto& self, auto&& field) {
        using std::chrono::seconds;
        constexpr auto time = in_range(seconds{0}, seconds{604'800});
        field("idle_after", self.idle_after, time, "time without work after which none is needed; 0: never");
        field("activation_load", self.activation_load, in_range(0.0, 1e12), "a load up to this is no work");
        field("cold_start", self.cold_start, time, "from nothing to the first answer");
        field("cold_start_limit", self.cold_start_limit, time, "longest cold start that is acceptable");
    }

    static scaling_rules rules(std::vector<std::string> const& texts, std::string_view choice,
                               std::chrono::seconds window) {
        scaling_rules made{.window = window};
        for (auto const& each : texts) {
            if (auto const policy = parse_scaling_policy(each)) {
                made.policies.push_back(*policy);
            }
        }
        made.choice = choice == "min"        ? policy_choice::min
                      : choice == "disabled" ? policy_choice::disabled
                                             : policy_choice::max;
        return made;
    }
};
static_assert(options<advisor_options>);

} // namespace orfeas::inline v0::scale
