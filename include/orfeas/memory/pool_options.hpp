// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace orfeas::inline v0::memory {

/// Configures a pool. Prefix ORFEAS_MEMORY_.
struct pool_options {
    std::uint64_t limit_bytes = 0;        ///< most memory to take from the backend; 0: all that it has
    std::uint64_t segment_bytes = 64_MiB; ///< least memory to take at once where granules cannot be mapped
    double medium_mark = 0.70;            ///< pressure is medium above this share of the total
    double high_mark = 0.85;              ///< and high above this
    double critical_mark = 0.95;          ///< and critical above this
    double pressure_hysteresis = 0.03;    ///< pressure falls again this far below the mark that it rose above
    std::uint64_t tag_limit = 128;        ///< tags to tell apart; more are counted together
    std::uint64_t event_capacity = 0;     ///< last events to keep, with times and call sites; 0: none

    static constexpr std::string_view environment_prefix = "ORFEAS_MEMORY_";

    static void fields(auto& self, auto&& field) {
        field("limit_bytes", self.limit_bytes, any_value{}, "most memory to take from the backend; 0: all that it has");
        field("segment_bytes", self.segment_bytes, in_range(64_KiB, 1_TiB),
              "least memory to take at once where granules cannot be mapped");
        field("medium_mark", self.medium_mark, in_range(0.0, 1.0), "pressure is medium above this share of the total");
        field("high_mark", self.high_mark, in_range(0.0, 1.0), "pressure is high above this share of the total");
        field("critical_mark", self.critical_mark, in_range(0.0, 1.0), "pressure is critical above this share");
        field("pressure_hysteresis", self.pressure_hysteresis, in_range(0.0, 0.5),
              "how far below its mark a pressure level ends");
        field("tag_limit", self.tag_limit, in_range(std::uint64_t{2}, std::uint64_t{65536}), "tags to tell apart");
        field("event_capacity", self.event_capacity, in_range(std::uint64_t{0}, std::uint64_t{1} << 28),
              "last events to keep, with times and call sites; 0: none");
    }

    void check() const {
        if (medium_mark > high_mark) {
            throw option_error{"high_mark", std::to_string(high_mark), "at least medium_mark"};
        }
        if (high_mark > critical_mark) {
            throw option_error{"critical_mark", std::to_string(critical_mark), "at least high_mark"};
        }
    }
};
static_assert(options<pool_options>);

} // namespace orfeas::inline v0::memory
