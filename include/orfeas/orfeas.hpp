// SPDX-License-Identifier: MIT
#pragma once

/// The modules without third-party dependencies. What needs Boost has headers of its own: <module>/asio.hpp, net.hpp,
/// http.hpp, observe.hpp, serve.hpp, and observatory.hpp for the lot.

#include <orfeas/alert.hpp>
#include <orfeas/cache.hpp>
#include <orfeas/core.hpp>
#include <orfeas/cost.hpp>
#include <orfeas/detect.hpp>
#include <orfeas/forecast.hpp>
#include <orfeas/memory.hpp>
#include <orfeas/metrics.hpp>
#include <orfeas/scale.hpp>
#include <orfeas/stats.hpp>
#include <orfeas/trace.hpp>
