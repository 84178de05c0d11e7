// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/bytes.hpp>
#include <orfeas/memory/concepts.hpp>
#include <orfeas/memory/cuda_driver.hpp>
#include <orfeas/memory/detail/address_book.hpp>
#include <orfeas/memory/detail/null_streams.hpp>
#include <orfeas/memory/host_vmm.hpp>
#include <orfeas/memory/stream_ref.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas_test {

/// A CUDA driver in the program itself: host memory behind the driver's entry points, which can be told to fail and hold
/// what they are asked against cuda.h's rules.
/// The entry points are plain functions, so there is one at a time: `fake_cuda` sets it up and takes it down.
class fake_cuda {
  public:
    using driver = orfeas::memory::cuda_driver;

    explicit fake_cuda(int devices = 1) {
        one() = {};
        one().devices = devices;
    }
    ~fake_cuda() {
        for (auto const& [p, bytes] : one().live) {
            std::free(reinterpret_cast<void*>(p));
        }
        for (char* const p : one().pinned) {
            std::free(p);
        }
    }
    fake_cuda(fake_cuda const&) = delete;
    fake_cuda& operator=(fake_cuda const&) = delete;

    /// The table that leads here.
    std::shared_ptr<driver const> table() const {
        auto made = std::make_shared<driver>();
        made->init = [](unsigned) { return answer("cuInit"); };
        made->driver_get_version = [](int* version) { return *version = 13000, answer("cuDriverGetVersion"); };
        made->get_error_name = [](int code, char const** name) {
            *name = code == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_OF_A_TEST";
            return code == 12345 ? 1 : 0;
        };
        made->get_error_string = [](int code, char const** sentence) {
            *sentence = "as the test asked";
            return code == 12345 ? 1 : 0;
        };
        made->device_get_count = [](int* count) { return *count = one().devices, answer("cuDeviceGetCount"); };
        made->device_get = [](int* device, int ordinal) {
            *device = ordinal;
            return ordinal < one().devices ? answer("cuDeviceGet") : 101;
        };
        made->device_get_name = [](char* name, int capacity, int device) {
            std::strncpy(name, ("Fake " + std::to_string(device)).c_str(), static_cast<std::size_t>(capacity));
            return answer("cuDeviceGetName");
        };
        made->primary_context_retain = [](driver::context* context, int device) {
            auto const code = answer("cuDevicePrimaryCtxRetain");
            if (code == 0) {
                ++one().retained;
                *context = context_of(device);
            }
            return code;
        };
        made->primary_context_release = [](int) { return --one().retained, answer("cuDevicePrimaryCtxRelease"); };
        made->context_get_current = [](driver::context* current) {
            *current = one().contexts.empty() ? nullptr : one().contexts.back();
            return answer("cuCtxGetCurrent");
        };
        made->context_set_current = [](driver::context next) {
            one().contexts.assign(1, next);
            return answer("cuCtxSetCurrent");
        };
        made->context_push_current = [](driver::context next) {
            auto const code = answer("cuCtxPushCurrent");
            if (code == 0) {
                one().contexts.push_back(next);
            }
            return code;
        };
        made->context_pop_current = [](driver::context* popped) {
            *popped = one().contexts.back();
            one().contexts.pop_back();
            return answer("cuCtxPopCurrent");
        };
        made->memory_get_info = [](std::size_t* free, std::size_t* total) {
            *total = one().capacity;
            *free = one().capacity - one().used();
            return in_context() ? answer("cuMemGetInfo") : 201;
        };
        made->memory_allocate = [](driver::device_pointer* p, std::size_t bytes) {
            auto const code = !in_context() ? 201 : bytes > one().capacity - one().used() ? 2 : answer("cuMemAlloc");
            if (code == 0) {
                *p = one().allocate(bytes);
            }
            return code;
        };
        made->memory_free = [](driver::device_pointer p) {
            auto const code = in_context() ? answer("cuMemFree") : 201;
            return code != 0 || one().deallocate(p) ? code : invalid;
        };
        made->host_allocate = [](void** p, std::size_t bytes, unsigned flags) {
            auto const code = flags != 1 ? invalid : in_context() ? answer("cuMemHostAlloc") : no_context;
            if (code == 0) {
                auto* const at = static_cast<char*>(std::aligned_alloc(4096, (bytes + 8191) / 4096 * 4096));
                *p = at + one().misalign;
                one().pinned.push_back(at);
            }
            return code;
        };
        made->host_free = [](void* p) {
            auto const code = in_context() ? answer("cuMemFreeHost") : no_context;
            auto* const at = static_cast<char*>(p) - one().misalign;
            auto const found = std::find(one().pinned.begin(), one().pinned.end(), at);
            if (code != 0 || found == one().pinned.end()) {
                return code != 0 ? code : invalid;
            }
            std::free(at);
            one().pinned.erase(found);
            return 0;
        };
        made->copy_host_to_device = [](driver::device_pointer to, void const* from, std::size_t bytes) {
            auto const code = in_context() ? answer("cuMemcpyHtoD") : 201;
            if (code == 0) {
                std::memcpy(reinterpret_cast<void*>(to), from, bytes);
            }
            return code;
        };
        made->copy_device_to_host = [](void* to, driver::device_pointer from, std::size_t bytes) {
            auto const code = in_context() ? answer("cuMemcpyDtoH") : 201;
            if (code == 0) {
                std::memcpy(to, reinterpret_cast<void const*>(from), bytes);
            }
            return code;
        };
        add_events(*made);
        add_virtual_memory(*made);
        add_pools(*made);
        return made;
    }

    /// The table of a driver from before virtual memory management and pools.
    std::shared_ptr<driver const> old_table() const {
        auto made = std::make_shared<driver>(*table());
        driver::virtual_memory_entry_points(*made, [](auto& entry, char const*) { entry = nullptr; });
        driver::pool_entry_points(*made, [](auto& entry, char const*) { entry = nullptr; });
        return made;
    }

    /// Lets calls answer `code`: the `first` call from now and the `count - 1` after it, of those named `call` or of all.
    void fail(int code, int first, int count = 1, std::string_view call = {}) {
        one().code = code;
        one().skip = first;
        one().count = count;
        one().call = call;
    }

    void misalign(std::uint64_t by) { one().misalign = by; }
    static driver::context context_of(int device) {
        return reinterpret_cast<driver::context>(static_cast<std::uintptr_t>(device) + 0x1000);
    }

    std::vector<driver::context>& contexts() { return one().contexts; } // of the one thread, current at the back
    std::size_t live() const { return one().live.size(); }
    std::size_t pinned() const { return one().pinned.size(); } // pieces of the host's memory
    int retained() const { return one().retained; }
    std::uint64_t capacity() const { return one().capacity; }
    int calls() const { return one().calls; }

    /// The device's attribute of virtual memory management, of pools, and what it maps at least.
    void set_virtual_memory(bool yes) { one().virtual_memory = yes; }
    void set_pools(bool yes) { one().pools = yes; }
    void set_granule(std::size_t bytes) { one().granule = bytes; }
    void set_peers(bool reachable) { one().peers = reachable; }
    /// Device `from` cannot reach the memory of device `to`, whatever the others can.
    void cut(int from, int to) { one().cut.emplace_back(from, to); }

    /// Work finishes only when `complete` says so.
    void hold_streams() { one().streams = orfeas::memory::detail::null_streams{true}; }
    void complete(orfeas::memory::stream_ref stream) { one().streams.complete(stream); }
    void set_capturing(orfeas::memory::stream_ref stream, bool yes) { one().streams.set_capturing(stream, yes); }

    std::size_t reservations() const { return one().reservations; }
    std::size_t handles() const { return one().handles.size(); }
    std::size_t mappings() const { return one().mappings; }
    std::size_t events() const { return one().events.size(); }
    std::size_t streams() const { return one().created_streams; }
    std::size_t pools() const { return one().created_pools; }
    std::uint64_t release_threshold() const { return one().release_threshold; }
    std::vector<int> const& allowed() const { return one().allowed; } // the devices of the last cuMemSetAccess
    std::string const& complaint() const { return one().complaint; }  // why a call was answered with an invalid value

  private:
    using fence = orfeas::memory::fence;
    using physical_memory = orfeas::memory::physical_memory;
    using stream_ref = orfeas::memory::stream_ref;

    static constexpr int invalid = 1;
    static constexpr int no_context = 201;

    static void add_events(driver& d) {
        d.stream_is_capturing = [](void* stream, int* status) {
            *status = one().streams.capturing(stream_ref{stream}) ? 1 : 0;
            return in_context() ? answer("cuStreamIsCapturing") : no_context;
        };
        d.stream_create = [](void** stream, unsigned flags) {
            auto const code = flags != 1 ? invalid : in_context() ? answer("cuStreamCreate") : no_context;
            if (code == 0) {
                *stream = reinterpret_cast<void*>(std::uintptr_t{0x5000} + ++one().created_streams);
            }
            return code;
        };
        d.stream_destroy = [](void*) { return --one().created_streams, answer("cuStreamDestroy"); };
        d.stream_synchronize = [](void* stream) {
            one().streams.complete(stream_ref{stream});
            return in_context() ? answer("cuStreamSynchronize") : no_context;
        };
        d.event_create = [](driver::event* made, unsigned flags) {
            auto const code = flags != 2 ? invalid : in_context() ? answer("cuEventCreate") : no_context;
            if (code == 0) {
                auto const number = ++one().last_event;
                *made = reinterpret_cast<driver::event>(static_cast<std::uintptr_t>(number * 16));
                one().events[*made] = {};
            }
            return code;
        };
        d.event_destroy = [](driver::event e) { return one().events.erase(e), answer("cuEventDestroy"); };
        d.event_record = [](driver::event e, void* stream) {
            auto const code = known(e, "cuEventRecord");
            if (code == 0) {
                one().streams.forget(one().events.at(e));
                one().events.at(e) = one().streams.record(stream_ref{stream});
            }
            return code;
        };
        d.event_query = [](driver::event e) {
            auto const code = known(e, "cuEventQuery");
            return code != 0 || one().streams.passed(one().events.at(e)) ? code : driver::not_ready;
        };
        d.event_synchronize = [](driver::event e) {
            auto const code = known(e, "cuEventSynchronize");
            if (code == 0) {
                one().streams.run_to(one().events.at(e));
            }
            return code;
        };
        d.stream_wait_event = [](void* later, driver::event e, unsigned flags) {
            auto const code = flags != 0 ? invalid : known(e, "cuStreamWaitEvent");
            if (code == 0) {
                one().streams.make_wait(stream_ref{later}, one().events.at(e));
            }
            return code;
        };
    }

    static int known(driver::event e, std::string_view call) {
        return !in_context() ? no_context : one().events.count(e) == 0 ? invalid : answer(call);
    }

    static void add_virtual_memory(driver& d) {
        d.device_get_attribute = [](int* value, int attribute, int) {
            *value = attribute == 102 ? one().virtual_memory : attribute == 115 ? one().pools : 0;
            return answer("cuDeviceGetAttribute");
        };
        d.device_can_access_peer = [](int* can, int from, int to) {
            auto const& cut = one().cut;
            *can = one().peers && std::find(cut.begin(), cut.end(), std::pair{from, to}) == cut.end();
            return answer("cuDeviceCanAccessPeer");
        };
        d.get_granularity = [](std::size_t* bytes, orfeas::memory::cuda_allocation_properties const* of, int option) {
            *bytes = one().granule;
            return option == 0 && is_right(*of) ? answer("cuMemGetAllocationGranularity") : invalid;
        };
        d.address_reserve = [](driver::device_pointer* p, std::size_t bytes, std::size_t alignment,
                               driver::device_pointer wish, unsigned long long flags) {
            auto const wrong = !whole(bytes) || (alignment & (alignment - 1)) != 0 || wish != 0 || flags != 0;
            auto const code = wrong ? invalid : answer("cuMemAddressReserve");
            if (code == 0) {
                *p = one().host.reserve_addresses(bytes);
                one().book.reserved(*p, bytes);
                ++one().reservations;
            }
            return code;
        };
        d.address_free = [](driver::device_pointer p, std::size_t bytes) {
            auto const code = answer("cuMemAddressFree");
            if (code != 0 || complains(one().book.release(p, bytes))) {
                return code != 0 ? code : invalid;
            }
            one().host.release_addresses(p, bytes);
            --one().reservations;
            return 0;
        };
        d.physical_create = [](driver::physical_handle* handle, std::size_t bytes,
                               orfeas::memory::cuda_allocation_properties const* of, unsigned long long flags) {
            auto const code = !whole(bytes) || !is_right(*of) || flags != 0 ? invalid
                              : bytes > one().capacity - one().used()       ? 2
                                                                            : answer("cuMemCreate");
            if (code == 0) {
                auto const made = one().host.create(bytes);
                *handle = one().last_handle++; // from zero: nothing in cuda.h excludes it
                one().handles[*handle] = {made, bytes};
                one().book.created(made, bytes);
            }
            return code;
        };
        d.physical_release = [](driver::physical_handle handle) {
            auto const code = answer("cuMemRelease");
            auto const found = one().handles.find(handle);
            if (code != 0 || found == one().handles.end()) {
                return code != 0 ? code : invalid;
            }
            auto const [memory, bytes] = found->second;
            if (complains(one().book.destroy(memory, bytes))) {
                return invalid;
            }
            one().host.destroy(memory, bytes);
            one().handles.erase(found);
            return 0;
        };
        d.memory_map = [](driver::device_pointer p, std::size_t bytes, std::size_t offset,
                          driver::physical_handle handle, unsigned long long flags) {
            auto const code = offset != 0 || flags != 0 ? invalid : answer("cuMemMap");
            auto const found = one().handles.find(handle);
            if (code != 0 || found == one().handles.end() || complains(one().book.map(p, bytes, found->second.first))) {
                return code != 0 ? code : invalid;
            }
            one().host.map(p, bytes, found->second.first);
            ++one().mappings;
            return 0;
        };
        d.memory_set_access = [](driver::device_pointer p, std::size_t bytes,
                                 orfeas::memory::cuda_access_description const* each, std::size_t count) {
            auto const code = answer("cuMemSetAccess");
            if (code != 0 || complains(one().book.allow_access(p, bytes))) {
                return code != 0 ? code : invalid;
            }
            one().host.allow_access(p, bytes);
            one().allowed.clear();
            for (std::size_t i = 0; i < count; ++i) {
                if (each[i].location.type != 1 || each[i].flags != 3) {
                    return invalid;
                }
                one().allowed.push_back(each[i].location.id);
            }
            return 0;
        };
        d.memory_unmap = [](driver::device_pointer p, std::size_t bytes) {
            auto const code = answer("cuMemUnmap");
            if (code != 0 || complains(one().book.unmap(p, bytes))) {
                return code != 0 ? code : invalid;
            }
            one().host.unmap(p, bytes);
            --one().mappings;
            return 0;
        };
    }

    static void add_pools(driver& d) {
        d.device_get_default_pool = [](driver::pool* found, int) {
            *found = reinterpret_cast<driver::pool>(std::uintptr_t{0x7000});
            return answer("cuDeviceGetDefaultMemPool");
        };
        d.pool_create = [](driver::pool* made, orfeas::memory::cuda_pool_properties const* of) {
            auto const code = of->type == 1 && of->location.type == 1 ? answer("cuMemPoolCreate") : invalid;
            if (code == 0) {
                *made = reinterpret_cast<driver::pool>(std::uintptr_t{0x7000} + ++one().created_pools);
            }
            return code;
        };
        d.pool_destroy = [](driver::pool) { return --one().created_pools, answer("cuMemPoolDestroy"); };
        d.pool_set_attribute = [](driver::pool, int attribute, void* value) {
            auto const code = attribute == 4 ? answer("cuMemPoolSetAttribute") : invalid;
            if (code == 0) {
                std::memcpy(&one().release_threshold, value, sizeof one().release_threshold);
            }
            return code;
        };
        d.pool_get_attribute = [](driver::pool, int attribute, void* value) {
            std::uint64_t const found = attribute == 5 ? one().pool_reserved : attribute == 7 ? one().used() : 0;
            std::memcpy(value, &found, sizeof found);
            return attribute == 5 || attribute == 7 ? answer("cuMemPoolGetAttribute") : invalid;
        };
        d.pool_trim_to = [](driver::pool, std::size_t keep) {
            one().pool_reserved = std::min<std::uint64_t>(one().pool_reserved, std::max(one().used(), keep));
            return answer("cuMemPoolTrimTo");
        };
        d.pool_allocate = [](driver::device_pointer* p, std::size_t bytes, driver::pool, void*) {
            auto const code = !in_context()                           ? no_context
                              : bytes > one().capacity - one().used() ? 2
                                                                      : answer("cuMemAllocFromPoolAsync");
            if (code == 0) {
                *p = one().allocate(bytes);
                one().pool_reserved = std::max(one().pool_reserved, one().used());
            }
            return code;
        };
        d.pool_free = [](driver::device_pointer p, void*) {
            auto const code = in_context() ? answer("cuMemFreeAsync") : no_context;
            return code != 0 || one().deallocate(p) ? code : invalid;
        };
    }

    static bool whole(std::size_t bytes) { return bytes != 0 && bytes % one().granule == 0; }

    static bool is_right(orfeas::memory::cuda_allocation_properties const& of) {
        return of.type == 1 && of.handle_types == 0 && of.location.type == 1 && of.location.id < one().devices;
    }

    static bool complains(std::string const& sentence) {
        if (!sentence.empty()) {
            one().complaint = sentence;
        }
        return !sentence.empty();
    }

    struct state {
        int devices = 0;
        std::uint64_t capacity = std::uint64_t{64} << 20;
        std::map<std::uint64_t, std::size_t> live;
        std::vector<char*> pinned;
        std::vector<driver::context> contexts;
        std::uint64_t misalign = 0;
        int retained = 0;
        int calls = 0;
        int code = 0;
        int skip = 0;
        int count = 0;
        std::string call;

        bool virtual_memory = true;
        bool pools = true;
        bool peers = true;
        std::vector<std::pair<int, int>> cut;
        std::size_t granule = 2 << 20;
        orfeas::memory::host_vmm host{std::uint64_t{1} << 30};
        orfeas::memory::detail::address_book book;
        orfeas::memory::detail::null_streams streams{false};
        std::map<driver::physical_handle, std::pair<physical_memory, std::size_t>> handles;
        driver::physical_handle last_handle = 0;
        std::size_t reservations = 0;
        std::size_t mappings = 0;
        std::map<driver::event, fence> events;
        int last_event = 0;
        std::size_t created_streams = 0;
        std::size_t created_pools = 0;
        std::uint64_t pool_reserved = 0;
        std::uint64_t release_threshold = 0;
        std::vector<int> allowed;
        std::string complaint;

        std::uint64_t used() const {
            std::uint64_t sum = 0;
            for (auto const& [p, bytes] : live) {
                sum += bytes;
            }
            for (auto const& [handle, made] : handles) {
                sum += made.second;
            }
            return sum;
        }

        std::uint64_t allocate(std::size_t bytes) {
            auto const at = reinterpret_cast<std::uintptr_t>(std::aligned_alloc(4096, (bytes + 8191) / 4096 * 4096));
            live[at] = bytes;
            return at + misalign;
        }

        bool deallocate(std::uint64_t p) {
            auto const found = live.find(p - misalign);
            if (found == live.end()) {
                return false;
            }
            std::free(reinterpret_cast<void*>(found->first));
            live.erase(found);
            return true;
        }
    };

    static state& one() {
        static state s;
        return s;
    }

    static bool in_context() { return !one().contexts.empty() && one().contexts.back() >= context_of(0); }

    static int answer(std::string_view call) {
        auto& s = one();
        ++s.calls;
        if (s.skip == 0 || (!s.call.empty() && s.call != call)) {
            return 0;
        }
        if (s.skip > 1) {
            --s.skip;
            return 0;
        }
        if (--s.count == 0) {
            s.skip = 0;
        }
        return s.code;
    }
};

} // namespace orfeas_test
