// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>

namespace orfeas::inline v0::observe {

/// What the operating system says of this process, under the names that Prometheus clients use.
/// The rate of process_cpu_seconds_total is the CPU use: 1 is one core fully busy.
/// Thread-safe.
class process_collector {
  public:
    void measure(measurement_sink sink) const {
        auto const memory = read_statm();
        sink({"process_cpu_seconds_total",
              measurement_kind::counter,
              unit::seconds,
              cpu_seconds(),
              {},
              "CPU time spent by the process, user and system"});
        sink({"process_resident_memory_bytes",
              measurement_kind::gauge,
              unit::bytes,
              memory.resident,
              {},
              "memory of the process that is in RAM"});
        sink({"process_virtual_memory_bytes",
              measurement_kind::gauge,
              unit::bytes,
              memory.virtual_size,
              {},
              "address space of the process"});
    }

  private:
    struct memory_sizes {
        double virtual_size;
        double resident;
    };

    static double cpu_seconds() noexcept {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage); // cannot fail for RUSAGE_SELF and a valid address
        auto const seconds = [](timeval t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
        };
        return seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }

    /// The first two numbers of /proc/self/statm, in pages (proc(5)); zeros where /proc is not mounted.
    static memory_sizes read_statm() noexcept {
        char text[128] = {};
        auto const file = std::unique_ptr<std::FILE, decltype([](std::FILE* f) { std::fclose(f); })>{
            std::fopen("/proc/self/statm", "re")};
        if (file == nullptr) {
            return {};
        }
        std::size_t const length = std::fread(text, 1, sizeof text, file.get());
        auto const page = static_cast<double>(::sysconf(_SC_PAGESIZE));
        std::uint64_t total = 0;
        std::uint64_t resident = 0;
        auto const [rest, error] = std::from_chars(text, text + length, total);
        if (rest < text + length) {
            std::from_chars(rest + 1, text + length, resident);
        }
        return {static_cast<double>(total) * page, static_cast<double>(resident) * page};
    }
};
static_assert(measurable<process_collector>);

} // namespace orfeas::inline v0::observe
