// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace orfeas::inline v0::metrics {

/// A metric that cannot be registered. `what()` names the metric, what is wrong with it, and the rule.
class registration_error : public std::invalid_argument {
  public:
    registration_error(std::string_view metric, std::string_view problem)
        : std::invalid_argument{std::string{"metric '"}.append(metric).append("': ").append(problem)},
          metric_{metric} {}

    std::string const& metric() const noexcept { return metric_; }

  private:
    std::string metric_;
};

} // namespace orfeas::inline v0::metrics
