// SPDX-License-Identifier: MIT
#pragma once

/// Memory of a GPU, or of the host in its place: resources, devices, the pool and what it reports about itself.

#include <orfeas/memory/batch_advisor.hpp>
#include <orfeas/memory/best_device.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/call_site.hpp>
#include <orfeas/memory/cleanup_prediction.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_async.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/cuda_driver_types.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/event_ring.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/fwd.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/lifetime_histogram.hpp>
#include <orfeas/memory/memory_history.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/memory_report.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/null_vmm_options.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/peak_forecast.hpp>
#include <orfeas/memory/pool.hpp>
#include <orfeas/memory/pool_options.hpp>
#include <orfeas/memory/recommendation.hpp>
#include <orfeas/memory/stream_ref.hpp>
#include <orfeas/memory/tag.hpp>
#include <orfeas/memory/tag_profile.hpp>
