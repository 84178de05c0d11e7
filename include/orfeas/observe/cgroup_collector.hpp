// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/measurement.hpp>
#include <orfeas/observe/detail/cgroup_files.hpp>

#include <array>
#include <string>
#include <string_view>

namespace orfeas::inline v0::observe {

/// What the kernel says of the control group that this process is in, which in a container is the container: memory and its
/// limit, CPU time and its limit, how often the limit held it back, and how long its tasks waited for a resource (PSI).
/// Version 1 and version 2 of cgroups; where there is neither there is nothing to report. Limits are the tightest of the group
/// and its parents, infinity where there is none; what the kernel does not tell is NaN.
/// Thread-safe.
class cgroup_collector {
  public:
    /// Finds the groups once. Other paths than the system's are for tests.
    explicit cgroup_collector(std::string const& root = "/sys/fs/cgroup",
                              std::string const& membership = "/proc/self/cgroup")
        : files_{root, membership} {}

    /// Reads a dozen small files.
    void measure(measurement_sink sink) const {
        if (files_.has_memory()) {
            measure_memory(sink);
        }
        if (files_.has_cpu()) {
            measure_cpu(sink);
        }
        if (files_.has_pressure()) {
            measure_pressure(sink);
        }
    }

  private:
    void measure_memory(measurement_sink sink) const {
        using enum measurement_kind;
        auto const now = files_.memory();
        sink(
            {"cgroup_memory_used_bytes", gauge, unit::bytes, now.used, {}, "memory of the group, page cache included"});
        sink({"cgroup_memory_working_set_bytes",
              gauge,
              unit::bytes,
              now.working_set,
              {},
              "memory of the group without the page cache that it has not used lately"});
        sink({"cgroup_memory_limit_bytes",
              gauge,
              unit::bytes,
              now.limit,
              {},
              "the most memory that the group may have"});
        sink({"cgroup_memory_peak_bytes", gauge, unit::bytes, now.peak, {}, "the most memory that the group ever had"});
        sink({"cgroup_oom_kills_total",
              counter,
              unit::none,
              now.oom_kills,
              {},
              "processes of the group that were killed for want of memory"});
    }

    void measure_cpu(measurement_sink sink) const {
        using enum measurement_kind;
        auto const now = files_.cpu();
        sink({"cgroup_cpu_seconds_total", counter, unit::seconds, now.seconds, {}, "CPU time spent by the group"});
        sink({"cgroup_cpu_limit_cores", gauge, unit::none, now.limit_cores, {}, "cores that the group may keep busy"});
        sink({"cgroup_cpu_periods_total",
              counter,
              unit::none,
              now.periods,
              {},
              "periods in which the limit was watched"});
        sink({"cgroup_cpu_throttled_periods_total",
              counter,
              unit::none,
              now.throttled_periods,
              {},
              "periods in which the limit held the group back"});
        sink({"cgroup_cpu_throttled_seconds_total",
              counter,
              unit::seconds,
              now.throttled_seconds,
              {},
              "time for which the limit held the group back"});
    }

    void measure_pressure(measurement_sink sink) const {
        for (std::string_view const resource : {"cpu", "io", "memory"}) {
            auto const now = files_.pressure(resource);
            auto const report = [&](std::string_view tasks, double seconds) {
                std::array<label, 2> const labels{{{"resource", resource}, {"tasks", tasks}}};
                sink({"cgroup_pressure_seconds_total", measurement_kind::counter, unit::seconds, seconds, labels,
                      "time for which some or all (full) busy tasks of the group waited for a resource"});
            };
            report("full", now.full);
            report("some", now.some);
        }
    }

    detail::cgroup_files files_;
};
static_assert(measurable<cgroup_collector>);

} // namespace orfeas::inline v0::observe
