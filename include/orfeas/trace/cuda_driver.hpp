// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/dynamic_library.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace orfeas::inline v0::trace {

/// The entry points of the CUDA driver by which work on a GPU is timed, found at run time: a program that holds this needs
/// neither CUDA's headers nor a link to libcuda. Types are those of cuda.h by size: results and devices are int, all other
/// objects opaque pointers.
///
/// A plain table, so that a test can fill it with functions of its own.
struct cuda_event_driver {
    using result = int;
    using device = int;
    using context = struct cuda_context_object*;
    using event = struct cuda_event_object*;
    using stream = void*; ///< a cudaStream_t or CUstream; null is the default stream

    static constexpr result success = 0;
    static constexpr result not_ready = 600;
    static constexpr unsigned stream_non_blocking = 1;
    static constexpr int capture_relaxed = 2; ///< this thread's calls do not disturb a capture by another one

    result (*init)(unsigned flags) = nullptr;
    result (*device_get)(device* found, int ordinal) = nullptr;
    result (*primary_context_retain)(context* retained, device of) = nullptr;
    result (*primary_context_release)(device of) = nullptr;
    result (*context_get_current)(context* current) = nullptr;
    result (*context_push_current)(context next) = nullptr;
    result (*context_pop_current)(context* popped) = nullptr;
    result (*event_create)(event* created, unsigned flags) = nullptr;
    result (*event_destroy)(event e) = nullptr;
    result (*event_record)(event e, stream on) = nullptr;
    result (*event_query)(event e) = nullptr;
    result (*event_elapsed_time)(float* milliseconds, event from, event to) = nullptr;
    result (*stream_create)(stream* created, unsigned flags) = nullptr;
    result (*stream_destroy)(stream s) = nullptr;
    result (*stream_is_capturing)(stream of, int* status) = nullptr;
    result (*thread_exchange_capture_mode)(int* mode) = nullptr;
    result (*stream_get_id)(stream of, unsigned long long* id) = nullptr; ///< null before CUDA 12

    std::optional<dynamic_library> library = std::nullopt; ///< what the table points into stays loaded

    /// Calls `visit(entry point, exported name)` for each entry point that every driver has.
    static void entry_points(auto& self, auto&& visit) {
        visit(self.init, "cuInit");
        visit(self.device_get, "cuDeviceGet");
        visit(self.primary_context_retain, "cuDevicePrimaryCtxRetain");
        visit(self.primary_context_release, "cuDevicePrimaryCtxRelease_v2");
        visit(self.context_get_current, "cuCtxGetCurrent");
        visit(self.context_push_current, "cuCtxPushCurrent_v2");
        visit(self.context_pop_current, "cuCtxPopCurrent_v2");
        visit(self.event_create, "cuEventCreate");
        visit(self.event_destroy, "cuEventDestroy_v2");
        visit(self.event_record, "cuEventRecord");
        visit(self.event_query, "cuEventQuery");
        visit(self.event_elapsed_time, "cuEventElapsedTime");
        visit(self.stream_create, "cuStreamCreate");
        visit(self.stream_destroy, "cuStreamDestroy_v2");
        visit(self.stream_is_capturing, "cuStreamIsCapturing");
        visit(self.thread_exchange_capture_mode, "cuThreadExchangeStreamCaptureMode");
    }

    /// Opens the driver; null when the machine has none, or one before CUDA 11.
    static std::shared_ptr<cuda_event_driver const> try_open(char const* file_name = "libcuda.so.1") {
        auto driver = std::make_shared<cuda_event_driver>();
        driver->library = dynamic_library::try_open(file_name);
        if (!driver->library) {
            return nullptr;
        }
        bool has_all = true;
        auto const look = [&]<class Function>(Function& entry, char const* name) {
            entry = driver->library->symbol<Function>(name);
            has_all = has_all && entry != nullptr;
        };
        entry_points(*driver, look);
        driver->stream_get_id = driver->library->symbol<decltype(driver->stream_get_id)>("cuStreamGetId");
        return has_all && driver->init(0) == success ? driver : nullptr;
    }
};

} // namespace orfeas::inline v0::trace
