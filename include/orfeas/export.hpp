// SPDX-License-Identifier: MIT
#pragma once

/// What leaves the process: traces and metrics over OTLP/HTTP, alerts to Alertmanagers and webhooks. Needs Boost.Asio and
/// nlohmann-json.

#include <orfeas/export/alertmanager.hpp>
#include <orfeas/export/alertmanager_book.hpp>
#include <orfeas/export/alertmanager_labels.hpp>
#include <orfeas/export/alertmanager_options.hpp>
#include <orfeas/export/alertmanager_stats.hpp>
#include <orfeas/export/concepts.hpp>
#include <orfeas/export/drop_reason.hpp>
#include <orfeas/export/encoding.hpp>
#include <orfeas/export/export_stats.hpp>
#include <orfeas/export/metrics_exporter.hpp>
#include <orfeas/export/options.hpp>
#include <orfeas/export/otlp_common.hpp>
#include <orfeas/export/otlp_exporter.hpp>
#include <orfeas/export/otlp_format.hpp>
#include <orfeas/export/otlp_metrics.hpp>
#include <orfeas/export/otlp_trace.hpp>
#include <orfeas/export/outlet_step.hpp>
#include <orfeas/export/partial_success.hpp>
#include <orfeas/export/pipeline.hpp>
#include <orfeas/export/telemetry_exporter.hpp>
#include <orfeas/export/trace_exporter.hpp>
#include <orfeas/export/verdict.hpp>
#include <orfeas/export/webhook.hpp>
#include <orfeas/export/webhook_delivery.hpp>
#include <orfeas/export/webhook_message.hpp>
#include <orfeas/export/webhook_options.hpp>
#include <orfeas/export/webhook_stats.hpp>
