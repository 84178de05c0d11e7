// SPDX-License-Identifier: MIT
#pragma once

/// Memory of a GPU, or of the host in its place: resources, devices, the pool and what it reports about itself.
///
/// Headers of their own, for who uses them: foresight (memory/peak_forecast.hpp, cleanup_prediction.hpp,
/// batch_advisor.hpp), the report (memory/memory_history.hpp, memory_report.hpp), events and snapshots
/// (memory/event_ring.hpp, call_site.hpp, snapshot*.hpp), pinned memory of the host (memory/pinned_backend.hpp), memory for
/// the capture of graphs (memory/capture_resource.hpp), and what tests use (memory/null_vmm.hpp, tracking_resource.hpp,
/// failing_resource.hpp).

#include <orfeas/memory/any_resource.hpp>
#include <orfeas/memory/best_device.hpp>
#include <orfeas/memory/buffer.hpp>
#include <orfeas/memory/cleanup_report.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_async.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/cuda_vmm.hpp>
#include <orfeas/memory/device.hpp>
#include <orfeas/memory/error.hpp>
#include <orfeas/memory/extent_heap.hpp>
#include <orfeas/memory/fwd.hpp>
#include <orfeas/memory/heap_resource.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/limiting_resource.hpp>
#include <orfeas/memory/memory_profile.hpp>
#include <orfeas/memory/out_of_memory.hpp>
#include <orfeas/memory/pool.hpp>
#include <orfeas/memory/pool_options.hpp>
#include <orfeas/memory/reserving_resource.hpp>
#include <orfeas/memory/resource_ref.hpp>
#include <orfeas/memory/stream_ref.hpp>
#include <orfeas/memory/tag.hpp>
#include <orfeas/memory/tag_profile.hpp>
#include <orfeas/memory/thread_cache.hpp>
#include <orfeas/memory/unique.hpp>
