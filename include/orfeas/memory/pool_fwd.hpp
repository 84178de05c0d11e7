// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/device.hpp>

namespace orfeas::inline v0::memory {

// pool.hpp
template<memory_backend Backend, clock Clock = steady_clock>
class basic_pool;

/// A pool on whatever device the machine has. To make one, include <orfeas/memory/pool.hpp>.
using pool = basic_pool<device>;

} // namespace orfeas::inline v0::memory
