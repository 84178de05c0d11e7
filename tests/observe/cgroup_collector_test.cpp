// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/cgroup_collector.hpp>

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>

using namespace orfeas;

namespace {

/// A folder of files as the kernel would show them, gone with its test.
class tree {
  public:
    tree() {
        std::string pattern = (std::filesystem::temp_directory_path() / "orfeas_cgroup_XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        root_ = pattern;
    }
    tree(tree const&) = delete;
    tree& operator=(tree const&) = delete;
    ~tree() { std::filesystem::remove_all(root_); }

    tree& file(std::string const& path, std::string const& text) {
        auto const full = root_ / path;
        std::filesystem::create_directories(full.parent_path());
        std::ofstream{full} << text;
        return *this;
    }

    observe::cgroup_collector collector(std::string const& membership) {
        file("membership", membership);
        return observe::cgroup_collector{root_.string(), (root_ / "membership").string()};
    }

  private:
    std::filesystem::path root_;
};

std::map<std::string, double> readings(observe::cgroup_collector const& of) {
    std::map<std::string, double> all;
    of.measure([&](measurement const& m) {
        std::string name{m.name};
        for (auto const& each : m.labels) {
            name.append(" ").append(each.value);
        }
        CHECK(all.emplace(name, m.value).second);
        CHECK((m.kind == measurement_kind::counter) == m.name.ends_with("_total"));
        CHECK_FALSE(m.help.empty());
    });
    return all;
}

constexpr double infinity = std::numeric_limits<double>::infinity();

} // namespace

TEST_CASE("observe: a group of version 2 is read from its own folder") {
    tree files;
    files.file("pod/app/memory.current", "1000000\n")
        .file("pod/app/memory.stat", "anon 500000\nfile 400000\nactive_file 1\ninactive_file 300000\n")
        .file("pod/app/memory.max", "2000000\n")
        .file("pod/app/memory.peak", "1500000\n")
        .file("pod/app/memory.events", "low 0\nhigh 3\nmax 2\noom 5\noom_kill 4\n")
        .file("pod/app/cpu.stat", "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\nnr_periods "
                                  "100\nnr_throttled 7\nthrottled_usec 90000\n")
        .file("pod/app/cpu.max", "150000 100000\n")
        .file("pod/app/memory.pressure",
              "some avg10=0.00 avg60=0.00 avg300=0.00 total=3000000\nfull avg10=1.00 avg60=0.00 "
              "avg300=0.00 total=2000000\n")
        .file("pod/app/cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5000000\n");
    auto const now = readings(files.collector("0::/pod/app\n"));
    CHECK(now.at("cgroup_memory_used_bytes") == 1'000'000);
    CHECK(now.at("cgroup_memory_working_set_bytes") == 700'000);
    CHECK(now.at("cgroup_memory_limit_bytes") == 2'000'000);
    CHECK(now.at("cgroup_memory_peak_bytes") == 1'500'000);
    CHECK(now.at("cgroup_oom_kills_total") == 4);
    CHECK(now.at("cgroup_cpu_seconds_total") == 2.5);
    CHECK(now.at("cgroup_cpu_limit_cores") == 1.5);
    CHECK(now.at("cgroup_cpu_periods_total") == 100);
    CHECK(now.at("cgroup_cpu_throttled_periods_total") == 7);
    CHECK(now.at("cgroup_cpu_throttled_seconds_total") == 0.09);
    CHECK(now.at("cgroup_pressure_seconds_total memory some") == 3);
    CHECK(now.at("cgroup_pressure_seconds_total memory full") == 2);
    CHECK(now.at("cgroup_pressure_seconds_total cpu some") == 5);
    CHECK(std::isnan(now.at("cgroup_pressure_seconds_total cpu full")));
    CHECK(std::isnan(now.at("cgroup_pressure_seconds_total io some")));
    CHECK(now.size() == 16);
}

TEST_CASE("observe: the limit of a parent group binds when it is tighter") {
    tree files;
    files.file("pod/app/memory.current", "1\n")
        .file("pod/app/memory.max", "max\n")
        .file("pod/memory.max", "4096\n")
        .file("memory.max", "8192\n")
        .file("pod/app/cpu.stat", "usage_usec 0\n")
        .file("pod/app/cpu.max", "400000 100000\n")
        .file("pod/cpu.max", "max 100000\n");
    auto const now = readings(files.collector("0::/pod/app\n"));
    CHECK(now.at("cgroup_memory_limit_bytes") == 4096);
    CHECK(now.at("cgroup_cpu_limit_cores") == 4);
}

TEST_CASE("observe: a container whose group is mounted as the root is found there") {
    tree files;
    files.file("memory.current", "77\n").file("memory.max", "max\n").file("cpu.stat", "usage_usec 1000000\n");
    auto const now = readings(files.collector("0::/../../kubepods/pod1\n"));
    CHECK(now.at("cgroup_memory_used_bytes") == 77);
    CHECK(now.at("cgroup_memory_limit_bytes") == infinity);
    CHECK(now.at("cgroup_cpu_seconds_total") == 1);
    CHECK(std::isnan(now.at("cgroup_memory_peak_bytes"))); // kernels before 5.19
    CHECK(std::isnan(now.at("cgroup_cpu_limit_cores")));
}

TEST_CASE("observe: groups of version 1 are read, each controller in a hierarchy of its own") {
    tree files;
    files.file("memory/jobs/memory.usage_in_bytes", "5000\n")
        .file("memory/jobs/memory.stat", "inactive_file 1\ntotal_inactive_file 2000\n")
        .file("memory/jobs/memory.limit_in_bytes", "9223372036854771712\n")
        .file("memory/jobs/memory.max_usage_in_bytes", "6000\n")
        .file("memory/jobs/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
        .file("cpu,cpuacct/work/cpu.cfs_quota_us", "50000\n")
        .file("cpu,cpuacct/work/cpu.cfs_period_us", "100000\n")
        .file("cpu,cpuacct/work/cpu.stat", "nr_periods 10\nnr_throttled 3\nthrottled_time 2000000000\n")
        .file("cpu,cpuacct/work/cpuacct.usage", "7000000000\n")
        .file("unified/memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n");
    auto const now = readings(files.collector("4:memory:/jobs\n3:cpu,cpuacct:/work\n1:name=systemd:/\n0::/\n"));
    CHECK(now.at("cgroup_memory_used_bytes") == 5000);
    CHECK(now.at("cgroup_memory_working_set_bytes") == 3000);
    CHECK(now.at("cgroup_memory_limit_bytes") == infinity);
    CHECK(now.at("cgroup_memory_peak_bytes") == 6000);
    CHECK(now.at("cgroup_oom_kills_total") == 2);
    CHECK(now.at("cgroup_cpu_seconds_total") == 7);
    CHECK(now.at("cgroup_cpu_limit_cores") == 0.5);
    CHECK(now.at("cgroup_cpu_periods_total") == 10);
    CHECK(now.at("cgroup_cpu_throttled_periods_total") == 3);
    CHECK(now.at("cgroup_cpu_throttled_seconds_total") == 2);
    CHECK(now.at("cgroup_pressure_seconds_total memory some") == 1);
}

TEST_CASE("observe: without control groups there is nothing to report") {
    tree files;
    CHECK(readings(files.collector("0::/\n")).empty());
    CHECK(readings(files.collector("")).empty());
    CHECK(readings(files.collector(":\n::\nmemory\n0::relative\n")).empty());
    CHECK(readings(observe::cgroup_collector{"/no/such/folder", "/no/such/file"}).empty());
}

TEST_CASE("observe: files that make no sense give no reading") {
    tree files;
    files.file("memory.current", "lots\n")
        .file("memory.max", "\n")
        .file("memory.events", "oom_kill\n")
        .file("cpu.stat", "usage_usec -5\n")
        .file("cpu.max", "100000\n")
        .file("memory.pressure", "some avg10=\n");
    for (auto const& [name, value] : readings(files.collector("0::/\n"))) {
        CAPTURE(name);
        CHECK_FALSE(std::isfinite(value));
    }
}

TEST_CASE("observe: the group of this process can be read") {
    for (auto const& [name, value] : readings(observe::cgroup_collector{})) {
        CAPTURE(name);
        CHECK((std::isnan(value) || value >= 0));
    }
}
