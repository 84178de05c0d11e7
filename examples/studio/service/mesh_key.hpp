// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/parameters.hpp"

#include <orfeas/core/hash.hpp>
#include <orfeas/core/trace_id.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace studio {

/// Names a mesh by what it is made from: 32 hexadecimal digits. Processes that share a cache share the seed; nobody else
/// should know it, for who does can prepare two pictures of one name.
inline std::string mesh_key(std::span<std::byte const> picture, parameters const& asked, std::uint64_t seed) {
    auto const content = orfeas::hash128(picture, seed);
    auto const query = orfeas::hash64(to_query(asked), seed);
    return to_string(orfeas::trace_id{content.high ^ query, orfeas::mix64(content.low + query)});
}

} // namespace studio
