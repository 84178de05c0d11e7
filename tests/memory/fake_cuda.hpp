// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/memory/cuda_driver.hpp>

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
#include <vector>

namespace orfeas_test {

/// A CUDA driver in the program itself: host memory behind the driver's entry points, which can be told to fail.
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
                auto const at =
                    reinterpret_cast<std::uintptr_t>(std::aligned_alloc(4096, (bytes + 8191) / 4096 * 4096));
                *p = at + one().misalign;
                one().live[at] = bytes;
            }
            return code;
        };
        made->memory_free = [](driver::device_pointer p) {
            auto const code = in_context() ? answer("cuMemFree") : 201;
            auto const found = one().live.find(p - one().misalign);
            if (code != 0 || found == one().live.end()) {
                return code != 0 ? code : 1;
            }
            std::free(reinterpret_cast<void*>(found->first));
            one().live.erase(found);
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
    int retained() const { return one().retained; }
    std::uint64_t capacity() const { return one().capacity; }
    int calls() const { return one().calls; }

  private:
    struct state {
        int devices = 0;
        std::uint64_t capacity = std::uint64_t{64} << 20;
        std::map<std::uint64_t, std::size_t> live;
        std::vector<driver::context> contexts;
        std::uint64_t misalign = 0;
        int retained = 0;
        int calls = 0;
        int code = 0;
        int skip = 0;
        int count = 0;
        std::string call;

        std::uint64_t used() const {
            std::uint64_t sum = 0;
            for (auto const& [p, bytes] : live) {
                sum += bytes;
            }
            return sum;
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
