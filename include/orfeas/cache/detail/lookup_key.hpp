// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

namespace orfeas::inline v0::cache::detail {

/// What a key is looked up by: views of text for strings, so that a lookup builds no string.
template<class Key>
using lookup_key = std::conditional_t<std::is_same_v<Key, std::string>, std::string_view, Key const&>;

} // namespace orfeas::inline v0::cache::detail
