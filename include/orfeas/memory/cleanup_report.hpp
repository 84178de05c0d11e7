// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <cstdint>
#include <string>

namespace orfeas::inline v0::memory {

/// What a cleanup did.
struct cleanup_report {
    bool success = true;                     ///< every backend call went through
    std::uint64_t freed_bytes = 0;           ///< given back to the backend
    std::uint64_t reserved_before_bytes = 0; ///< taken from the backend when it began
    std::uint64_t reserved_after_bytes = 0;  ///< and when it ended
    std::string failure{}; ///< the first failed call in the backend's words; what it held stays reserved

    static void fields(auto& self, auto&& field) {
        field("success", self.success, unit::none, "every backend call went through");
        field("freed_bytes", self.freed_bytes, unit::bytes, "memory given back to the backend");
        field("reserved_before_bytes", self.reserved_before_bytes, unit::bytes, "reserved when the cleanup began");
        field("reserved_after_bytes", self.reserved_after_bytes, unit::bytes, "reserved when it ended");
        field("failure", self.failure, unit::none, "the first failed backend call");
    }
};

} // namespace orfeas::inline v0::memory
