// SPDX-License-Identifier: MIT
#pragma once

// The application's own metrics and the Prometheus text format. The other formats are in metrics/openmetrics_text.hpp and
// metrics/prometheus_protobuf.hpp, the choice among them in metrics/negotiation.hpp, and the measurements of other components
// in metrics/exposition.hpp.

#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/counter.hpp>
#include <orfeas/metrics/error.hpp>
#include <orfeas/metrics/escape.hpp>
#include <orfeas/metrics/fwd.hpp>
#include <orfeas/metrics/gauge.hpp>
#include <orfeas/metrics/histogram.hpp>
#include <orfeas/metrics/label_name.hpp>
#include <orfeas/metrics/labels.hpp>
#include <orfeas/metrics/names.hpp>
#include <orfeas/metrics/points.hpp>
#include <orfeas/metrics/prometheus_text.hpp>
#include <orfeas/metrics/registry.hpp>
#include <orfeas/metrics/typed_family.hpp>
#include <orfeas/metrics/up_down_counter.hpp>
