// SPDX-License-Identifier: MIT
#pragma once

// The client for Redis and Valkey, on Asio.

#include <orfeas/cache/redis/backoff.hpp>
#include <orfeas/cache/redis/breaker.hpp>
#include <orfeas/cache/redis/byte_buffer.hpp>
#include <orfeas/cache/redis/call.hpp>
#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/cluster.hpp>
#include <orfeas/cache/redis/cluster_call.hpp>
#include <orfeas/cache/redis/cluster_core.hpp>
#include <orfeas/cache/redis/cluster_directory.hpp>
#include <orfeas/cache/redis/cluster_options.hpp>
#include <orfeas/cache/redis/cluster_slots.hpp>
#include <orfeas/cache/redis/connection.hpp>
#include <orfeas/cache/redis/connection_core.hpp>
#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/redis/connection_stats.hpp>
#include <orfeas/cache/redis/endpoint.hpp>
#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/handshake.hpp>
#include <orfeas/cache/redis/outbox.hpp>
#include <orfeas/cache/redis/parser.hpp>
#include <orfeas/cache/redis/pipeline.hpp>
#include <orfeas/cache/redis/primary_search.hpp>
#include <orfeas/cache/redis/redirection.hpp>
#include <orfeas/cache/redis/reply.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/redis/sentinel.hpp>
#include <orfeas/cache/redis/sentinel_core.hpp>
#include <orfeas/cache/redis/sentinel_options.hpp>
#include <orfeas/cache/redis/sharded.hpp>
#include <orfeas/cache/redis/slot_ranges.hpp>
#include <orfeas/cache/redis/transport.hpp>
