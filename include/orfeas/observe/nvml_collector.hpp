// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/dynamic_library.hpp>
#include <orfeas/core/measurement.hpp>

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace orfeas::inline v0::observe {

namespace detail {

/// The few entry points of NVIDIA's management library that are used, declared as its reference documents them
/// (NVML API Reference Guide). Handles are opaque pointers; 0 is success.
struct nvml_api {
    struct utilization {
        unsigned gpu_percent;
        unsigned memory_percent;
    };
    struct memory {
        unsigned long long total;
        unsigned long long free;
        unsigned long long used;
    };
    using device = void*;

    int (*initialise)();
    int (*shutdown)();
    int (*device_count)(unsigned*);
    int (*device_by_index)(unsigned, device*);
    int (*device_name)(device, char*, unsigned);
    int (*utilization_rates)(device, utilization*);
    int (*memory_info)(device, memory*);
    int (*temperature)(device, int, unsigned*);
    int (*power_milliwatts)(device, unsigned*);

    bool load(dynamic_library const& library) noexcept {
        return bind(library, initialise, "nvmlInit_v2") && bind(library, shutdown, "nvmlShutdown") &&
               bind(library, device_count, "nvmlDeviceGetCount_v2") &&
               bind(library, device_by_index, "nvmlDeviceGetHandleByIndex_v2") &&
               bind(library, device_name, "nvmlDeviceGetName") &&
               bind(library, utilization_rates, "nvmlDeviceGetUtilizationRates") &&
               bind(library, memory_info, "nvmlDeviceGetMemoryInfo") &&
               bind(library, temperature, "nvmlDeviceGetTemperature") &&
               bind(library, power_milliwatts, "nvmlDeviceGetPowerUsage");
    }

  private:
    template<class Function>
    static bool bind(dynamic_library const& library, Function& into, char const* name) noexcept {
        into = library.symbol<Function>(name);
        return into != nullptr;
    }
};

} // namespace detail

/// What the GPU driver's management library says of each GPU: utilisation, memory, temperature, power. The library is
/// looked for at run time; on a machine without it, or without a GPU, there is nothing to report.
/// A reading that a GPU does not support is NaN.
/// Thread-safe (NVML is).
class nvml_collector {
  public:
    explicit nvml_collector(char const* library_name = "libnvidia-ml.so.1")
        : library_{dynamic_library::try_open(library_name)} {
        if (!library_ || !api_.load(*library_) || api_.initialise() != 0) {
            return;
        }
        initialised_ = true;
        find_devices();
    }
    nvml_collector(nvml_collector const&) = delete;
    nvml_collector& operator=(nvml_collector const&) = delete;
    ~nvml_collector() {
        if (initialised_) {
            api_.shutdown();
        }
    }

    /// How many GPUs are reported on.
    std::size_t gpu_count() const noexcept { return gpus_.size(); }

    void measure(measurement_sink sink) const {
        for (auto const& each : gpus_) {
            measure_gpu(each, sink);
        }
    }

  private:
    struct gpu {
        detail::nvml_api::device handle;
        std::string index;
        std::string name;
    };
    static constexpr double absent = std::numeric_limits<double>::quiet_NaN();
    static constexpr int success = 0;
    static constexpr int gpu_core_sensor = 0; // NVML_TEMPERATURE_GPU

    void find_devices() {
        unsigned count = 0;
        if (api_.device_count(&count) != success) {
            return;
        }
        for (unsigned i = 0; i < count; ++i) {
            detail::nvml_api::device handle = nullptr;
            if (api_.device_by_index(i, &handle) != success) {
                continue;
            }
            std::array<char, 96> name{};
            api_.device_name(handle, name.data(), static_cast<unsigned>(name.size()));
            gpus_.push_back({handle, std::to_string(i), name.data()});
        }
    }

    void measure_gpu(gpu const& from, measurement_sink sink) const {
        std::array<label, 2> const labels{{{"gpu", from.index}, {"name", from.name}}};
        auto const gauge = [&](char const* name, unit u, double value, char const* help) {
            sink({name, measurement_kind::gauge, u, value, labels, help});
        };
        detail::nvml_api::utilization use{};
        bool const has_use = api_.utilization_rates(from.handle, &use) == success;
        gauge("gpu_utilization_ratio", unit::ratio, has_use ? use.gpu_percent / 100.0 : absent,
              "share of the last sample period in which a kernel ran");
        detail::nvml_api::memory memory{};
        bool const has_memory = api_.memory_info(from.handle, &memory) == success;
        gauge("gpu_memory_total_bytes", unit::bytes, has_memory ? static_cast<double>(memory.total) : absent,
              "memory of the GPU");
        gauge("gpu_memory_used_bytes", unit::bytes, has_memory ? static_cast<double>(memory.used) : absent,
              "memory of the GPU in use by all processes");
        unsigned reading = 0;
        bool const has_temperature = api_.temperature(from.handle, gpu_core_sensor, &reading) == success;
        gauge("gpu_temperature_celsius", unit::celsius, has_temperature ? reading : absent, "temperature of the GPU");
        bool const has_power = api_.power_milliwatts(from.handle, &reading) == success;
        gauge("gpu_power_watts", unit::watts, has_power ? reading / 1000.0 : absent, "power drawn by the GPU");
    }

    std::optional<dynamic_library> library_;
    detail::nvml_api api_{};
    std::vector<gpu> gpus_;
    bool initialised_ = false;
};
static_assert(measurable<nvml_collector>);

} // namespace orfeas::inline v0::observe
