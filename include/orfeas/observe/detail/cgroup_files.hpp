// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/observe/detail/system_files.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::observe::detail {

/// Memory of a control group; NaN for what it does not tell, infinity where there is no limit.
struct cgroup_memory {
    double used = no_reading;
    double working_set = no_reading;
    double limit = no_reading;
    double peak = no_reading;
    double oom_kills = no_reading;
};

/// CPU time of a control group; NaN for what it does not tell, infinity where there is no limit.
struct cgroup_cpu {
    double seconds = no_reading;
    double limit_cores = no_reading;
    double periods = no_reading;
    double throttled_periods = no_reading;
    double throttled_seconds = no_reading;
};

/// Seconds that tasks of a control group waited for a resource; NaN for what it does not tell.
struct cgroup_pressure {
    double some; ///< at least one task waited
    double full; ///< all busy tasks waited
};

/// The files of the control groups that this process is in, of version 1 or 2 for each controller (cgroups(7)).
/// Thread-compatible (distinct objects); const members are Thread-safe.
class cgroup_files {
  public:
    /// Looks for the groups that the file `membership` names (as /proc/self/cgroup does) below the mount point `root`. In a
    /// container the name may be the host's, and the group itself be mounted at `root`.
    cgroup_files(std::string const& root, std::string const& membership) {
        auto const text = read_text(membership).value_or("");
        memory_ = find(root, text, "memory", "memory.usage_in_bytes", "memory.current");
        cpu_ = find(root, text, "cpu", "cpu.cfs_quota_us", "cpu.stat");
        cpu_time_ = find(root, text, "cpuacct", "cpuacct.usage", "cpu.stat");
        pressure_ = find(root, text, "", "", "memory.pressure");
    }

    bool has_memory() const noexcept { return !memory_.folders.empty(); }
    bool has_cpu() const noexcept { return !cpu_.folders.empty() || !cpu_time_.folders.empty(); }
    bool has_pressure() const noexcept { return !pressure_.folders.empty(); }

    cgroup_memory memory() const {
        auto const old = memory_.is_v1;
        auto const stat = text_of(memory_, "memory.stat");
        auto const used = leading_number(text_of(memory_, old ? "memory.usage_in_bytes" : "memory.current"));
        auto const inactive = number_named(stat, old ? "total_inactive_file" : "inactive_file").value_or(0);
        auto const events = text_of(memory_, old ? "memory.oom_control" : "memory.events");
        cgroup_memory found;
        found.used = scaled(used);
        found.working_set = used ? static_cast<double>(*used > inactive ? *used - inactive : 0) : no_reading;
        found.limit = tightest(memory_, old ? v1_memory_limit : v2_memory_limit);
        found.peak = scaled(leading_number(text_of(memory_, old ? "memory.max_usage_in_bytes" : "memory.peak")));
        found.oom_kills = scaled(number_named(events, "oom_kill"));
        return found;
    }

    cgroup_cpu cpu() const {
        auto const stat = text_of(cpu_, "cpu.stat");
        cgroup_cpu found;
        found.seconds = cpu_time_.is_v1 ? scaled(leading_number(text_of(cpu_time_, "cpuacct.usage")), 1e-9)
                                        : scaled(number_named(text_of(cpu_time_, "cpu.stat"), "usage_usec"), 1e-6);
        found.limit_cores = tightest(cpu_, cpu_.is_v1 ? v1_cpu_limit : v2_cpu_limit);
        found.periods = scaled(number_named(stat, "nr_periods"));
        found.throttled_periods = scaled(number_named(stat, "nr_throttled"));
        found.throttled_seconds = cpu_.is_v1 ? scaled(number_named(stat, "throttled_time"), 1e-9)
                                             : scaled(number_named(stat, "throttled_usec"), 1e-6);
        return found;
    }

    /// Of `resource` (cpu, io, memory).
    cgroup_pressure pressure(std::string_view resource) const {
        auto const text = text_of(pressure_, std::string{resource}.append(".pressure"));
        auto const seconds = [&](std::string_view who) {
            auto const line = text.find(who);
            return line == std::string::npos ? no_reading
                                             : scaled(number_named(std::string_view{text}.substr(line), "total"), 1e-6);
        };
        return {seconds("some avg10="), seconds("full avg10=")};
    }

  private:
    struct group {
        std::vector<std::string> folders; ///< the group's, then those of its parents, up to the mount point
        bool is_v1 = false;
    };
    using limit_reader = double (*)(std::string const& folder);
    static constexpr double no_limit = std::numeric_limits<double>::infinity();

    static std::string text_of(group const& of, std::string_view file) {
        return of.folders.empty() ? std::string{}
                                  : read_text(std::string{of.folders.front()}.append("/").append(file)).value_or("");
    }

    static bool exists(std::string const& path) { return read_text(path).has_value(); }

    /// The path of the group of `controller` (nothing: of version 2) in a text with lines "number:controllers:path".
    static std::optional<std::string> path_of(std::string_view membership, std::string_view controller) {
        while (!membership.empty()) {
            auto line = take(membership, '\n');
            take(line, ':');
            auto names = take(line, ':');
            bool is_it = names == controller;
            while (!names.empty()) {
                is_it = take(names, ',') == controller || is_it;
            }
            if (is_it && line.starts_with('/')) {
                return std::string{line == "/" ? "" : line};
            }
        }
        return std::nullopt;
    }

    static std::string_view take(std::string_view& rest, char separator) noexcept {
        auto const at = rest.find(separator);
        auto const part = rest.substr(0, at);
        rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
        return part;
    }

    /// The folder with `file`: the group's own one, else the mount point itself; and its parents.
    static std::vector<std::string> folders_with(std::string const& mount, std::string path, std::string_view file) {
        std::vector<std::string> found;
        if (!exists(std::string{mount}.append(path).append("/").append(file))) {
            path.clear();
        }
        if (!exists(std::string{mount}.append(path).append("/").append(file))) {
            return found;
        }
        for (; !path.empty(); path.resize(path.rfind('/'))) {
            found.push_back(mount + path);
        }
        found.push_back(mount);
        return found;
    }

    static group find(std::string const& root, std::string_view membership, std::string_view controller,
                      std::string_view v1_file, std::string_view v2_file) {
        group found;
        if (auto const path = controller.empty() ? std::nullopt : path_of(membership, controller)) {
            found.is_v1 = true;
            for (auto const mount : {controller, std::string_view{"cpu,cpuacct"}, std::string_view{"cpuacct,cpu"}}) {
                found.folders = folders_with(std::string{root}.append("/").append(mount), *path, v1_file);
                if (!found.folders.empty()) {
                    return found;
                }
            }
            found.is_v1 = false;
        }
        if (auto const path = path_of(membership, "")) {
            found.folders = folders_with(root, *path, v2_file);
            if (found.folders.empty()) { // version 1 beside version 2
                found.folders = folders_with(root + "/unified", *path, v2_file);
            }
        }
        return found;
    }

    /// A limit of a parent binds too.
    static double tightest(group const& of, limit_reader read) {
        double least = no_reading;
        for (auto const& folder : of.folders) {
            double const limit = read(folder);
            if (!(limit >= least)) {
                least = limit == limit ? limit : least;
            }
        }
        return least;
    }

    static double v1_memory_limit(std::string const& folder) {
        auto const bytes = leading_number(read_text(folder + "/memory.limit_in_bytes").value_or(""));
        constexpr std::uint64_t none = std::uint64_t{1} << 62U; // the kernel writes the largest multiple of a page
        return bytes && *bytes >= none ? no_limit : scaled(bytes);
    }
    static double v2_memory_limit(std::string const& folder) {
        auto const text = read_text(folder + "/memory.max").value_or("");
        return text.starts_with("max") ? no_limit : scaled(leading_number(text));
    }
    static double v1_cpu_limit(std::string const& folder) {
        auto const quota = read_text(folder + "/cpu.cfs_quota_us").value_or("");
        if (quota.starts_with('-')) {
            return no_limit;
        }
        auto const period = read_text(folder + "/cpu.cfs_period_us").value_or("");
        return scaled(leading_number(quota)) / scaled(leading_number(period));
    }
    static double v2_cpu_limit(std::string const& folder) { // "50000 100000" or "max 100000"
        auto const text = read_text(folder + "/cpu.max").value_or("");
        if (text.starts_with("max")) {
            return no_limit;
        }
        std::string_view period = text;
        auto const quota = take(period, ' ');
        return scaled(leading_number(quota)) / scaled(leading_number(period));
    }

    group memory_;
    group cpu_;
    group cpu_time_;
    group pressure_;
};

} // namespace orfeas::inline v0::observe::detail
