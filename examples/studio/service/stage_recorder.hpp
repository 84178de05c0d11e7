// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/instrument.hpp"

#include <orfeas/core/assert.hpp>
#include <orfeas/metrics.hpp>
#include <orfeas/trace.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace studio {

/// Makes each stage of a generation a span below the current one, and its duration a value of the histogram
/// studio_stage_seconds{stage}.
/// Thread-safe.
class stage_recorder {
  public:
    stage_recorder(orfeas::metrics::registry& metrics, orfeas::trace::tracer& tracer)
        : tracer_{tracer},
          seconds_{histogram(metrics, 0), histogram(metrics, 1), histogram(metrics, 2), histogram(metrics, 3),
                   histogram(metrics, 4)} {}

    class scope {
      public:
        scope(orfeas::trace::tracer& tracer, std::string_view name, orfeas::metrics::histogram seconds)
            : span_{tracer.span(name)}, seconds_{seconds}, start_{std::chrono::steady_clock::now()} {}
        scope(scope const&) = delete;
        scope& operator=(scope const&) = delete;
        ~scope() { seconds_.observe(std::chrono::steady_clock::now() - start_); }

      private:
        orfeas::trace::span span_;
        orfeas::metrics::histogram seconds_;
        std::chrono::steady_clock::time_point start_;
    };

    scope stage(std::string_view name) { return scope{tracer_, name, seconds_[index_of(name)]}; }

  private:
    static constexpr std::array<std::string_view, 5> names{"decode", "upload", "relief", "triangulate", "encode"};

    static std::size_t index_of(std::string_view name) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i] == name) {
                return i;
            }
        }
        ORFEAS_ASSERT(false, "a stage of the pipeline");
        return 0;
    }

    static orfeas::metrics::histogram histogram(orfeas::metrics::registry& metrics, std::size_t i) {
        return metrics.histogram("studio_stage_seconds", "Time that a stage of a generation took.",
                                 {{"stage", names[i]}});
    }

    orfeas::trace::tracer& tracer_;
    std::array<orfeas::metrics::histogram, names.size()> seconds_;
};

} // namespace studio
