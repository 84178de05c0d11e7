// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/floating.hpp>

namespace orfeas::inline v0::cost {

/// Tells how much a counter grew from reading to reading. A counter that fell began anew at 0 in between: what it shows has
/// been added since. The first reading shows only where it stood.
/// Thread-compatible (distinct objects).
class counter_reading {
  public:
    /// The growth since the reading before; 0 for the first one and for what is no reading (not finite, below 0).
    double update(double value) noexcept {
        if (!is_finite(value) || value < 0) {
            return 0;
        }
        double const grown = !is_known_ ? 0 : (value >= last_ ? value - last_ : value);
        last_ = value;
        is_known_ = true;
        return grown;
    }

    /// Whether there was a reading.
    bool known() const noexcept { return is_known_; }

  private:
    double last_ = 0;
    bool is_known_ = false;
};

} // namespace orfeas::inline v0::cost
