// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace orfeas::inline v0::detect::detail {

/// Says which samples are learned, where learning costs more than judging: each at first, later every fourth. Samples beside
/// each other tell much the same.
class correlation_pace {
  public:
    /// Whether the next sample is to be learned.
    constexpr bool is_due() noexcept {
        ++seen_;
        return seen_ % stride() == 0;
    }

    /// How many samples one that is learned stands for.
    constexpr std::uint32_t stride() const noexcept { return seen_ < all_of ? 1 : 4; }

    static constexpr void state(auto& self, auto&& io) { io(self.seen_); }
    constexpr bool valid() const noexcept { return true; }

  private:
    static constexpr std::uint64_t all_of = 32'768;

    std::uint64_t seen_ = 0;
};

} // namespace orfeas::inline v0::detect::detail
