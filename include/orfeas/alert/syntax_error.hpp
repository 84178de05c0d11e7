// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

namespace orfeas::inline v0::alert {

/// An expression or template that cannot be used: where in its text, and what to do.
class syntax_error : public std::invalid_argument {
  public:
    syntax_error(std::size_t offset, std::string problem)
        : std::invalid_argument{"character " + std::to_string(offset + 1) + ": " + problem},
          offset_{offset},
          problem_{std::move(problem)} {}

    std::size_t offset() const noexcept { return offset_; } ///< of the first character in question, from 0
    std::string const& problem() const noexcept { return problem_; }

  private:
    std::size_t offset_;
    std::string problem_;
};

} // namespace orfeas::inline v0::alert
