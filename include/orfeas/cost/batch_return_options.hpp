// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::cost {

/// Configures a batch_return. Prefix ORFEAS_BATCH_RETURN_.
struct batch_return_options {
    std::uint32_t sizes = 64;      ///< batch sizes of which samples are kept
    std::uint32_t samples = 64;    ///< the last ones of each size, which all figures are about
    std::uint32_t min_samples = 5; ///< that a size needs before it is advised
    double quantile = 0.95;        ///< of a size's durations: its latency

    static constexpr std::string_view environment_prefix = "ORFEAS_BATCH_RETURN_";

    static void fields(auto& self, auto&& field) {
        field("sizes", self.sizes, in_range(1, 1'024), "batch sizes of which samples are kept");
        field("samples", self.samples, in_range(2, 1'024), "the last ones of each size, which all figures are about");
        field("min_samples", self.min_samples, in_range(2, 1'024), "that a size needs before it is advised");
        field("quantile", self.quantile, in_range(0.01, 1.0), "of a size's durations: its latency");
    }
    /// Throws option_error.
    void check() const {
        if (min_samples > samples) {
            throw option_error{"min_samples", std::to_string(min_samples), "at most samples"};
        }
    }
};
static_assert(options<batch_return_options>);

} // namespace orfeas::inline v0::cost
