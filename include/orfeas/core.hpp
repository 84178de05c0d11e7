// SPDX-License-Identifier: MIT
#pragma once

/// The ground that every module stands on: errors, clocks, sizes, hashing, options, logging. No third party.
/// Log sinks are in core/log_sinks.hpp, the clock for tests is in core/manual_clock.hpp.

#include <orfeas/core/assert.hpp>
#include <orfeas/core/backoff.hpp>
#include <orfeas/core/base64.hpp>
#include <orfeas/core/bytes.hpp>
#include <orfeas/core/clock.hpp>
#include <orfeas/core/config.hpp>
#include <orfeas/core/csv.hpp>
#include <orfeas/core/dynamic_library.hpp>
#include <orfeas/core/error.hpp>
#include <orfeas/core/fields.hpp>
#include <orfeas/core/floating.hpp>
#include <orfeas/core/function_ref.hpp>
#include <orfeas/core/hash.hpp>
#include <orfeas/core/json.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/core/protobuf_writer.hpp>
#include <orfeas/core/record_frames.hpp>
#include <orfeas/core/record_log.hpp>
#include <orfeas/core/rfc3339.hpp>
#include <orfeas/core/sha256.hpp>
#include <orfeas/core/stable_hash.hpp>
#include <orfeas/core/state.hpp>
#include <orfeas/core/svg_writer.hpp>
#include <orfeas/core/trace_id.hpp>
#include <orfeas/core/unique_function.hpp>
#include <orfeas/core/utf8.hpp>
#include <orfeas/core/version.hpp>
#include <orfeas/core/window.hpp>
