// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace orfeas::inline v0::alert {

/// A rule that cannot be used: which, in which of its fields, and why.
class rule_error : public std::invalid_argument {
  public:
    rule_error(std::string rule, std::string field, std::string problem, std::size_t offset = 0)
        : std::invalid_argument{"rule '" + rule + "', " + field + ": " + problem},
          rule_{std::move(rule)},
          field_{std::move(field)},
          problem_{std::move(problem)},
          offset_{offset} {}

    std::string const& rule() const noexcept { return rule_; } ///< its name
    std::string const& field() const noexcept {
        return field_;
    } ///< as rules files call it: expr, levels, annotations.summary, …
    std::string const& problem() const noexcept { return problem_; }
    std::size_t offset() const noexcept { return offset_; } ///< in the text of the field

  private:
    std::string rule_;
    std::string field_;
    std::string problem_;
    std::size_t offset_;
};

} // namespace orfeas::inline v0::alert
