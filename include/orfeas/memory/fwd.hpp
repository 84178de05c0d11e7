// SPDX-License-Identifier: MIT
#pragma once

namespace orfeas::inline v0::memory {

struct memory_profile;
struct cleanup_report;
struct out_of_memory_report;
struct backend_info;
struct pool_options;
struct best_device_options;
struct physical_memory;
struct fence;
struct null_vmm_options;
struct null_vmm_usage;
struct cuda_async_options;
struct pinned_options;
struct thread_cache_options;
struct tracked_allocation;
struct failure_plan;

class stream_ref;
class memory_waiter;
class memory_keeper;
class backend_error;
class out_of_memory;
class retry_with_split;
class heap_resource;
class host_vmm;
class null_vmm;
class cuda_vmm;
class cuda_async;
class pinned_backend;
class resource_ref;
class any_resource;
class device;

} // namespace orfeas::inline v0::memory
