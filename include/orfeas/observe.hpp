// SPDX-License-Identifier: MIT
#pragma once

/// Frames of everything that is measured, once an interval, and the history of the last ones. No third party; the loop
/// that takes the frames is in <orfeas/observe/sampling_loop.hpp>, the probe of an executor in
/// <orfeas/observe/executor_lag.hpp>, and how caches are cleared in <orfeas/observe/cache_clearing.hpp>, which need Boost.Asio.

#include <orfeas/observe/cache_watch.hpp>
#include <orfeas/observe/cgroup_collector.hpp>
#include <orfeas/observe/components.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/lag_statistics.hpp>
#include <orfeas/observe/log_file.hpp>
#include <orfeas/observe/memory_watch.hpp>
#include <orfeas/observe/nvml_collector.hpp>
#include <orfeas/observe/process_collector.hpp>
#include <orfeas/observe/sampler.hpp>
#include <orfeas/observe/series.hpp>
