// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <span>

namespace orfeas::inline v0::detect {

/// One value of one metric. A value that is not finite says that there is none at that time.
struct sample {
    std::chrono::nanoseconds time; ///< since an epoch of the caller's choice; days begin at its multiples of 24 h
    double value;
};

/// The values of several metrics at one time, always in the same order. The values belong to the caller, and are read only
/// during the call that takes the sample.
struct vector_sample {
    std::chrono::nanoseconds time; ///< as in `sample`
    std::span<double const> values;
};

} // namespace orfeas::inline v0::detect
