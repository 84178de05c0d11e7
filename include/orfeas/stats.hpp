// SPDX-License-Identifier: MIT
#pragma once

// Plain summaries of streams of numbers: values without locks, clocks or threads.

#include <orfeas/stats/bucket_layout.hpp>
#include <orfeas/stats/exponential_buckets.hpp>
#include <orfeas/stats/histogram.hpp>
#include <orfeas/stats/rolling_histogram.hpp>
