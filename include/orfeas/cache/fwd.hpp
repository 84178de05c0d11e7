// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>

#include <cstdint>

namespace orfeas::inline v0::cache {

/// Declared here for headers that only name them; their own headers say what they are.
enum class event : std::uint8_t;
struct no_observer;
struct cache_stats;
struct local_options;
class adaptive;
class fifo;
class lru;
class s3_fifo;
class strict_lru;

template<class Key, class Value, class Policy = adaptive, clock Clock = coarse_clock, class Observer = no_observer>
class local;

} // namespace orfeas::inline v0::cache
