// SPDX-License-Identifier: MIT
#pragma once

// The tier in this process, without third parties. What lies beyond it has headers of its own, since most programs need none of
// them: <orfeas/cache/hash_ring.hpp> and <orfeas/cache/ketama_ring.hpp> place keys on nodes,
// <orfeas/cache/node_distribution.hpp> tells how evenly, <orfeas/cache/codec.hpp> and <orfeas/cache/envelope.hpp> are what
// values look like outside, <orfeas/cache/compress.hpp> packs them, <orfeas/cache/redis.hpp> is the Redis client. The coroutine
// face is <orfeas/cache/asio.hpp>.

#include <orfeas/cache/concepts.hpp>
#include <orfeas/cache/fwd.hpp>
#include <orfeas/cache/local.hpp>
#include <orfeas/cache/local_options.hpp>
#include <orfeas/cache/lookup.hpp>
#include <orfeas/cache/policies.hpp>
#include <orfeas/cache/size_hint.hpp>
#include <orfeas/cache/stats.hpp>
