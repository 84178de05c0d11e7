// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/backoff.hpp>

namespace orfeas::inline v0::cache::redis {

using v0::backoff;

} // namespace orfeas::inline v0::cache::redis
