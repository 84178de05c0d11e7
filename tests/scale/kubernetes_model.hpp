// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

/// The algorithm of the Horizontal Pod Autoscaler as the Kubernetes documentation describes it ("Algorithm details", "Configurable
/// scaling behavior"), plainly: lists that only grow, and fractions of whole numbers. Values and targets are in thousandths,
/// as Kubernetes has them.
namespace kubernetes_model {

using whole = std::int64_t;

struct fraction {
    whole top = 0;
    whole bottom = 1;

    bool is_above_one() const { return top > bottom; }
    bool is_below_one() const { return top < bottom; }
    bool is_within(whole tolerance_per_cent) const {
        whole const off = top > bottom ? top - bottom : bottom - top;
        return off * 100 <= tolerance_per_cent * bottom;
    }
    whole ceil_of(whole count) const { return (top * count + bottom - 1) / bottom; }
};

/// A pod that is ready or not, with its value where it reports one.
struct pod {
    bool is_ready = true;
    std::optional<whole> value{};
};

/// Per-pod metrics: "the mean of the values across all targeted pods".
inline std::optional<whole> wanted_by_pods(std::vector<pod> const& pods, whole current, whole target, whole tolerance) {
    whole sum = 0;
    whole with_value = 0;
    whole without_value = 0;
    whole not_ready = 0;
    for (auto const& each : pods) {
        if (!each.is_ready) {
            ++not_ready;
        } else if (each.value) {
            sum += *each.value;
            ++with_value;
        } else {
            ++without_value;
        }
    }
    if (with_value == 0) {
        return std::nullopt;
    }
    fraction const first{sum, with_value * target};
    fraction again = first;
    whole counted = with_value;
    if (first.is_below_one()) { // pods without a value "consume 100 % of the desired value in case of a scale down"
        again = {sum + without_value * target, (with_value + without_value) * target};
        counted = with_value + without_value;
    } else if (first.is_above_one()) { // "and 0 % in case of a scale up", and so do those that are not ready yet
        again = {sum, (with_value + without_value + not_ready) * target};
        counted = with_value + without_value + not_ready;
    }
    bool const turns = (first.is_below_one() && again.is_above_one()) || (first.is_above_one() && again.is_below_one());
    if (turns || again.is_within(tolerance)) {
        return current;
    }
    whole const wanted = again.ceil_of(counted);
    bool const is_against = (again.is_below_one() && wanted > current) || (again.is_above_one() && wanted < current);
    return is_against ? current : wanted;
}

/// One value for all: "a single metric is fetched, the replica count is based on the number of Running and Ready Pods".
inline whole wanted_by_value(whole value, whole current, whole ready, whole target, whole tolerance) {
    fraction const ratio{value, target};
    return ratio.is_within(tolerance) ? current : ratio.ceil_of(ready);
}

/// One value for all, "divided by the number of Pods before the comparison is made".
inline whole wanted_by_average_value(whole value, whole current, whole target, whole tolerance) {
    return fraction{value, target * current}.is_within(tolerance) ? current : fraction{value, target}.ceil_of(1);
}

struct policy {
    bool is_percent = true;
    whole value = 100;
    whole period = 15;
};

enum class choice { max, min, disabled };

struct rules {
    std::vector<policy> policies{};
    choice select = choice::max;
    whole window = 0;
};

/// `spec.behavior`: call it each sync period with the replicas that there are and those that the metrics want; what it answers
/// is done before the next call.
class autoscaler {
  public:
    autoscaler(rules up, rules down, whole least, whole most)
        : up_{std::move(up)}, down_{std::move(down)}, least_{least}, most_{most} {}

    /// `wanted` is nothing where metrics are missing and nothing may be done.
    whole sync(whole now, whole current, std::optional<whole> wanted) {
        if (recommendations_.empty()) {
            recommendations_.push_back({now, current});
        }
        whole answer = current;
        if (current > most_) {
            answer = most_;
        } else if (current < least_) {
            answer = least_;
        } else if (wanted) {
            answer = follow(now, current, *wanted);
        }
        if (answer != current) {
            changes_.push_back({now, answer - current});
        }
        return answer;
    }

  private:
    whole follow(whole now, whole current, whole wanted) {
        whole lowest = wanted;
        whole highest = wanted;
        for (auto const& [time, value] : recommendations_) {
            lowest = time > now - up_.window ? std::min(lowest, value) : lowest;
            highest = time > now - down_.window ? std::max(highest, value) : highest;
        }
        recommendations_.push_back({now, wanted});
        whole const stable = std::min(std::max(current, lowest), highest);
        if (stable > current) {
            return std::min({stable, most_, std::max(current, limit(now, current, up_, 1))});
        }
        return stable < current ? std::max({stable, least_, std::min(current, limit(now, current, down_, -1))})
                                : current;
    }

    whole limit(whole now, whole current, rules const& by, whole direction) const {
        if (by.select == choice::disabled) {
            return current;
        }
        std::optional<whole> largest_change;
        for (auto const& each : by.policies) {
            whole begin = current;
            for (auto const& [time, change] : changes_) {
                begin -= time > now - each.period ? change : 0;
            }
            whole const allowed = each.is_percent ? (begin * each.value + 99) / 100 : each.value;
            whole const change = (begin + direction * allowed - current) * direction;
            bool const is_better =
                !largest_change || (by.select == choice::max ? change > *largest_change : change < *largest_change);
            largest_change = is_better ? change : *largest_change;
        }
        return current + direction * largest_change.value_or(0);
    }

    rules up_;
    rules down_;
    whole least_;
    whole most_;
    std::vector<std::pair<whole, whole>> recommendations_;
    std::vector<std::pair<whole, whole>> changes_;
};

} // namespace kubernetes_model
