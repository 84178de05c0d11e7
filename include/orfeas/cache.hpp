// SPDX-License-Identifier: MIT
#pragma once

// The cache without third parties: a bounded in-process tier, rings of nodes, and what values look like outside the process.
// The coroutine face is <orfeas/cache/asio.hpp>, compression <orfeas/cache/compress.hpp>.

#include <orfeas/cache/codec.hpp>
#include <orfeas/cache/concepts.hpp>
#include <orfeas/cache/envelope.hpp>
#include <orfeas/cache/fwd.hpp>
#include <orfeas/cache/hash_ring.hpp>
#include <orfeas/cache/ketama_ring.hpp>
#include <orfeas/cache/local.hpp>
#include <orfeas/cache/node_distribution.hpp>
#include <orfeas/cache/ring.hpp>
#include <orfeas/cache/size_hint.hpp>
#include <orfeas/cache/stats.hpp>
