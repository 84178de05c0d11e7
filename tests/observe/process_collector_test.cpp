// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/process_collector.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

using namespace orfeas;

namespace {

std::map<std::string, double> readings() {
    std::map<std::string, double> all;
    observe::process_collector{}.measure([&](measurement const& m) {
        all[std::string{m.name}.append(m.labels.empty() ? "" : " ").append(m.labels.empty() ? "" : m.labels[0].value)] =
            m.value;
    });
    return all;
}

} // namespace

TEST_CASE("observe: CPU time grows with work") {
    double const before = readings()["process_cpu_seconds_total"];
    double after = before;
    std::uint64_t volatile sink = 0;
    while (after < before + 0.02) {
        for (std::uint64_t i = 0; i < 100'000; ++i) {
            sink = sink + i;
        }
        after = readings()["process_cpu_seconds_total"];
    }
    CHECK(after > before);
}

TEST_CASE("observe: memory that is touched becomes resident") {
    double const before = readings()["process_resident_memory_bytes"];
    std::vector<char> const block(64 << 20, 'x');
    auto const now = readings();
    CHECK(now.at("process_resident_memory_bytes") > before + 32e6);
    CHECK(now.at("process_virtual_memory_bytes") >= now.at("process_resident_memory_bytes"));
    CHECK(block.back() == 'x');
}

TEST_CASE("observe: open files and their limit are counted") {
    double const before = readings().at("process_open_fds");
    std::vector<int> files;
    for (int i = 0; i < 10; ++i) {
        files.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    double const with_more = readings().at("process_open_fds");
    for (int const each : files) {
        ::close(each);
    }
    CHECK(with_more == before + 10);
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(readings().at("process_max_fds") == static_cast<double>(limit.rlim_cur));
}

TEST_CASE("observe: threads are counted") {
    std::atomic<bool> enough = false;
    std::thread other{[&] { enough.wait(false); }};
    double const threads = readings().at("process_threads");
    enough = true;
    enough.notify_all();
    other.join();
    CHECK(threads >= 2);
    CHECK(threads < 1000);
}

TEST_CASE("observe: page faults and context switches grow") {
    auto const before = readings();
    constexpr std::size_t size = 16 << 20;
    void* const fresh = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(fresh != MAP_FAILED);
    std::memset(fresh, 'x', size);
    auto const after = readings();
    ::munmap(fresh, size);
    CHECK(after.at("process_page_faults_total minor") > before.at("process_page_faults_total minor"));
    CHECK(after.at("process_page_faults_total major") >= before.at("process_page_faults_total major"));
    CHECK(after.at("process_context_switches_total voluntary") >=
          before.at("process_context_switches_total voluntary"));
    CHECK(after.at("process_context_switches_total involuntary") >= 0);
}

TEST_CASE("observe: the process began in the past, and always at the same time") {
    observe::process_collector const process;
    std::vector<double> starts;
    for (int i = 0; i < 2; ++i) {
        process.measure([&](measurement const& m) {
            if (m.name == "process_start_time_seconds") {
                starts.push_back(m.value);
            }
        });
    }
    REQUIRE(starts.size() == 2);
    CHECK(starts[0] == starts[1]);
    double const now = std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
    CHECK(starts[0] <= now + 1);
    CHECK(starts[0] > now - 86'400);
}
