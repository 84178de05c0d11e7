// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/core/measurement.hpp>
#include <orfeas/observe/detail/system_files.hpp>

#include <dirent.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace orfeas::inline v0::observe {

/// What the operating system says of this process, under the names that Prometheus clients use.
/// The rate of process_cpu_seconds_total is the CPU use: 1 is one core fully busy. What cannot be read is NaN.
/// Thread-safe.
class process_collector {
  public:
    void measure(measurement_sink sink) const {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage); // cannot fail for RUSAGE_SELF and a valid address
        measure_work(usage, sink);
        measure_memory(sink);
        measure_files(sink);
        measure_life(sink);
    }

  private:
    static void measure_work(rusage const& usage, measurement_sink sink) {
        auto const seconds = [](timeval t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
        };
        sink({"process_cpu_seconds_total",
              measurement_kind::counter,
              unit::seconds,
              seconds(usage.ru_utime) + seconds(usage.ru_stime),
              {},
              "CPU time spent by the process, user and system"});
        sink({"process_cpu_cores",
              measurement_kind::gauge,
              unit::none,
              cores(),
              {},
              "cores that the process may run on"});
        auto const count = [&](std::string_view name, std::string_view kind, long value, std::string_view help) {
            label const by_kind[] = {{"kind", kind}};
            sink({name, measurement_kind::counter, unit::none, static_cast<double>(value), by_kind, help});
        };
        constexpr std::string_view switches = "times that a thread left its core, because it waited or was made to";
        count("process_context_switches_total", "voluntary", usage.ru_nvcsw, switches);
        count("process_context_switches_total", "involuntary", usage.ru_nivcsw, switches);
        constexpr std::string_view faults =
            "pages that were not mapped when they were touched; major: read from a disk";
        count("process_page_faults_total", "minor", usage.ru_minflt, faults);
        count("process_page_faults_total", "major", usage.ru_majflt, faults);
    }

    static double cores() noexcept {
        cpu_set_t allowed;
        CPU_ZERO(&allowed);
        bool const is_known =
            ::sched_getaffinity(0, sizeof allowed, &allowed) == 0; // not on machines of over 1,024 cores
        return is_known ? CPU_COUNT(&allowed) : static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
    }

    /// From the first two numbers of /proc/self/statm, in pages (proc(5)).
    static void measure_memory(measurement_sink sink) {
        auto const text = detail::read_text("/proc/self/statm").value_or("");
        auto const page = static_cast<double>(::sysconf(_SC_PAGESIZE));
        auto const gauge = [&](std::string_view name, std::size_t field, std::string_view help) {
            double const bytes = detail::scaled(field_of(text, field), page);
            sink({name, measurement_kind::gauge, unit::bytes, bytes, {}, help});
        };
        gauge("process_resident_memory_bytes", 1, "memory of the process that is in RAM");
        gauge("process_virtual_memory_bytes", 0, "address space of the process");
    }

    static void measure_files(measurement_sink sink) {
        rlimit limit{};
        bool const has_limit = ::getrlimit(RLIMIT_NOFILE, &limit) == 0;
        double const most = !has_limit                        ? detail::no_reading
                            : limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                                              : static_cast<double>(limit.rlim_cur);
        sink({"process_open_fds", measurement_kind::gauge, unit::none, open_files(), {}, "open file descriptors"});
        sink({"process_max_fds",
              measurement_kind::gauge,
              unit::none,
              most,
              {},
              "file descriptors that the process may have open"});
    }

    void measure_life(measurement_sink sink) const {
        sink({"process_threads",
              measurement_kind::gauge,
              unit::none,
              detail::scaled(number_of_stat(20)),
              {},
              "threads of the process"});
        sink({"process_start_time_seconds",
              measurement_kind::gauge,
              unit::seconds,
              start_seconds_,
              {},
              "when the process began, since the Unix epoch"});
    }

    /// When the process began. Read once: it must not move when somebody sets the clock.
    static double start_seconds() {
        timespec up{};
        ::clock_gettime(CLOCK_BOOTTIME, &up); // cannot fail: there is this clock on every Linux since 2.6.39
        double const since_boot = static_cast<double>(up.tv_sec) + static_cast<double>(up.tv_nsec) * 1e-9;
        double const begun = detail::scaled(number_of_stat(22), 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
        return unix_seconds(steady_clock{}.wall_now()) - since_boot + begun;
    }

    /// The n-th field of /proc/self/stat, for n above 3 (proc(5)).
    static std::optional<std::uint64_t> number_of_stat(std::size_t n) {
        auto const text = detail::read_text("/proc/self/stat").value_or("");
        auto const second = text.rfind(')'); // ends with it: the program's name, which may hold anything
        return second == std::string::npos ? std::nullopt : field_of(std::string_view{text}.substr(second), n - 2);
    }

    /// The whole number at the n-th place of a list between spaces.
    static std::optional<std::uint64_t> field_of(std::string_view list, std::size_t n) noexcept {
        for (; n > 0; --n) {
            auto const space = list.find(' ');
            list = space == std::string_view::npos ? std::string_view{} : list.substr(space + 1);
        }
        return detail::leading_number(list);
    }

    /// Since Linux 6.2 the folder's size tells; before, its entries are counted.
    static double open_files() noexcept {
        struct stat about{};
        if (::stat("/proc/self/fd", &about) == 0 && about.st_size > 0) {
            return static_cast<double>(about.st_size);
        }
        auto const folder = std::unique_ptr<DIR, decltype([](DIR* d) { ::closedir(d); })>{::opendir("/proc/self/fd")};
        if (folder == nullptr) {
            return detail::no_reading;
        }
        int count = -1; // the descriptor of the folder itself
        while (dirent const* const entry = ::readdir(folder.get())) {
            count += entry->d_name[0] == '.' ? 0 : 1;
        }
        return count;
    }

    double start_seconds_ = start_seconds();
};
static_assert(measurable<process_collector>);

} // namespace orfeas::inline v0::observe
