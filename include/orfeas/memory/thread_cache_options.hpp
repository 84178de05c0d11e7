// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/options.hpp>

#include <cstdint>
#include <string_view>

namespace orfeas::inline v0::memory {

/// Configures a thread cache. Prefix ORFEAS_THREAD_CACHE_.
struct thread_cache_options {
    std::uint64_t limit_bytes = 4_MiB; ///< most memory to keep; 0: none

    static constexpr std::string_view environment_prefix = "ORFEAS_THREAD_CACHE_";

    static void fields(auto& self, auto&& field) {
        field("limit_bytes", self.limit_bytes, in_range(0_B, 1_GiB), "most memory to keep; 0: none");
    }
};
static_assert(options<thread_cache_options>);

} // namespace orfeas::inline v0::memory
