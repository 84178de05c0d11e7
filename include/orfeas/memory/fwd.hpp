// SPDX-License-Identifier: MIT
#pragma once

namespace orfeas::inline v0::memory {

struct memory_profile;
struct cleanup_report;
struct out_of_memory_report;
struct backend_info;
struct pool_options;
struct best_device_options;

class backend_error;
class out_of_memory;
class heap_resource;
class host_vmm;
class cuda_vmm;
class device;
class extent_heap;

} // namespace orfeas::inline v0::memory
