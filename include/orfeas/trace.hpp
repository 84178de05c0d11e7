// SPDX-License-Identifier: MIT
#pragma once

// Spans of work, kept as traces in memory. No third party; coroutines are in trace/asio.hpp, JSON in trace/json.hpp.

#include <orfeas/trace/attribute.hpp>
#include <orfeas/trace/baggage.hpp>
#include <orfeas/trace/context.hpp>
#include <orfeas/trace/finished_trace.hpp>
#include <orfeas/trace/incoming_fields.hpp>
#include <orfeas/trace/instrumentation_scope.hpp>
#include <orfeas/trace/keep_reason.hpp>
#include <orfeas/trace/operations.hpp>
#include <orfeas/trace/options.hpp>
#include <orfeas/trace/propagation.hpp>
#include <orfeas/trace/query.hpp>
#include <orfeas/trace/sampling.hpp>
#include <orfeas/trace/span.hpp>
#include <orfeas/trace/span_context.hpp>
#include <orfeas/trace/store.hpp>
#include <orfeas/trace/stored_trace.hpp>
#include <orfeas/trace/text_ref.hpp>
#include <orfeas/trace/tracer.hpp>
#include <orfeas/trace/tracestate.hpp>
