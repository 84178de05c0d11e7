// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>
#include <orfeas/scale/advisor_options.hpp>
#include <orfeas/scale/observation.hpp>
#include <orfeas/scale/scaling_advice.hpp>
#include <orfeas/scale/scaling_term.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::scale::detail {

/// A number in four digits, as people read them.
inline std::string in_words(double value) {
    std::array<char, 32> text;
    auto const [end, error] =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 4);
    return {text.data(), end};
}
inline std::string in_words(std::uint32_t count) {
    return std::to_string(count);
}

/// A count of replicas.
inline std::string replicas_in_words(std::uint32_t count) {
    return std::to_string(count) + (count == 1 ? " replica" : " replicas");
}

/// What a metric wants.
inline std::string in_words(metric_advice const& of) {
    if (!of.desired_replicas) {
        return of.name + " could not be read";
    }
    return of.name + " is " + in_words(of.value) + " against " + in_words(of.target) + ": " +
           replicas_in_words(*of.desired_replicas);
}

/// What a forecast wants.
inline std::string in_words(predicted_load const& of, std::uint32_t replicas) {
    return "in " + std::to_string(of.lead.count()) + " s the load will be " + in_words(of.expected) + " (" +
           in_words(of.low) + " to " + in_words(of.high) + "): " + replicas_in_words(replicas);
}

/// Why the memory of the devices takes no more.
inline std::string memory_in_words(advisor_options const& options, std::uint32_t devices, std::uint32_t fitting) {
    auto const gib = [](double bytes) { return in_words(bytes / 1'073'741'824.0) + " GiB"; };
    auto const model = gib(static_cast<double>(options.model_bytes) / options.devices_per_replica);
    auto const usable = gib(static_cast<double>(options.device_bytes) * (1 - options.device_reserve));
    if (options.model_bytes > 0 && fitting == 0) {
        return "a replica needs " + model + " of each device, which has " + usable + " to give on " +
               in_words(devices) + " devices: none fits";
    }
    if (options.model_bytes == 0) {
        return in_words(devices) + " devices hold " + replicas_in_words(fitting);
    }
    return in_words(devices) + " devices with " + usable + " to give hold " + replicas_in_words(fitting) + " of " +
           model;
}

/// What decided, given what was wanted.
inline std::string verdict_in_words(scaling_advice const& of, std::uint32_t wanted, advisor_options const& options) {
    switch (of.limiting_term) {
    case scaling_term::steady:
        return replicas_in_words(of.desired_replicas) + ": nothing asks for another number";
    case scaling_term::metric:
        return of.limiting_metric + " decides";
    case scaling_term::forecast:
        return "the predicted load decides";
    case scaling_term::missing_metrics:
        return of.desired_replicas == 0 ? "there is no replica, and whether there is work could not be read"
                                        : "not all metrics could be read: nothing is scaled down by the rest of them";
    case scaling_term::scale_up_stabilized:
        return "within the last " + std::to_string(options.up_window.count()) +
               " s fewer were enough: no more than that";
    case scaling_term::scale_down_stabilized:
        return "within the last " + std::to_string(options.down_window.count()) +
               " s more were needed: no fewer than that";
    case scaling_term::scale_up_policy:
        return replicas_in_words(wanted) + " would be right, but they are not added faster";
    case scaling_term::scale_down_policy:
        return replicas_in_words(wanted) + " would be enough, but they are not removed faster";
    case scaling_term::minimum:
        return "min_replicas is " + in_words(of.min_replicas);
    case scaling_term::maximum:
        return "max_replicas is " + in_words(of.max_replicas);
    case scaling_term::gpu_memory:
        return "no more than " + replicas_in_words(of.max_replicas) + " fit";
    case scaling_term::budget:
        return "a budget of " + in_words(options.budget_per_hour) + " an hour pays " +
               replicas_in_words(of.affordable_replicas.value_or(0)) + " at " + in_words(options.price_per_hour);
    case scaling_term::idle:
        return "no work for " + in_words(of.idle_s) + " s, and a cold start of " +
               std::to_string(options.cold_start.count()) + " s is acceptable";
    case scaling_term::activation:
        return "there is work, and no replica";
    case scaling_term::disabled:
        return "there is no replica, and scaling from zero is not asked for";
    }
    return {};
}

} // namespace orfeas::inline v0::scale::detail
