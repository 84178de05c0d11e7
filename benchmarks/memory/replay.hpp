// SPDX-License-Identifier: MIT
#pragma once

#include "memory/trace.hpp"
#include "support/report.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace bench {

/// How a pool came through a trace.
struct replayed {
    bool served = true;               ///< every allocation
    std::uint64_t moved_pieces = 0;   ///< pieces of memory that were mapped to another address
    std::uint64_t stranded_bytes = 0; ///< at the end of the trace's busiest moment
    double most_stranded_ratio = 0;   ///< of reserved memory, at the worst of the sampled moments
};

/// Plays a trace to a pool of `capacity` on a device without memory behind it.
replayed replay(trace const& events, std::uint64_t capacity);

/// The smallest capacity, to 0.25 % of the peak, with which a pool serves the trace.
std::uint64_t least_capacity(trace const& events);

/// The recorded traces in a folder: *.txt and *.txt.gz, lines `a ID BYTES STREAM` and `f ID`.
/// Throws std::runtime_error that names file and line for what is not in this format.
std::vector<trace> recorded_traces(std::filesystem::path const& folder);

/// Adds, of each trace, the utilization at the least capacity and the moves at 5 and 10 % more, and their mean and worst.
void measure_traces(report& to, char const* bench, std::vector<trace> const& traces);

/// As above for the generated traces.
void measure_generated_traces(report& to);

} // namespace bench
