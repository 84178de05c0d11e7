// SPDX-License-Identifier: MIT
#pragma once

// The application's own metrics and the Prometheus text format. The format for measurements of other components is in
// metrics/exposition.hpp.

#include <orfeas/metrics/callback_gauge.hpp>
#include <orfeas/metrics/counter.hpp>
#include <orfeas/metrics/error.hpp>
#include <orfeas/metrics/escape.hpp>
#include <orfeas/metrics/fwd.hpp>
#include <orfeas/metrics/gauge.hpp>
#include <orfeas/metrics/histogram.hpp>
#include <orfeas/metrics/labels.hpp>
#include <orfeas/metrics/names.hpp>
#include <orfeas/metrics/registry.hpp>
