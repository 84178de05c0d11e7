// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace studio {

/// Watches the stages of a generation: `auto const s = instrument.stage("decode");` begins one, and the end of the scope,
/// by an exception too, ends it. The names are decode, upload, relief, triangulate and encode, one after the other in one
/// thread; jobs of one batch share a relief, and each is told of it.
template<class I>
concept stage_instrument = requires(I& instrument, std::string_view name) { instrument.stage(name); };

/// Watches nothing and compiles to nothing.
/// Thread-safe.
struct no_instrument {
    struct scope {};
    static constexpr scope stage(std::string_view) noexcept { return {}; }
};
static_assert(stage_instrument<no_instrument>);

} // namespace studio
