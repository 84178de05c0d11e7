// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/process_collector.hpp>

#include <map>
#include <string>
#include <vector>

using namespace orfeas;

namespace {

std::map<std::string, double> readings() {
    std::map<std::string, double> all;
    observe::process_collector{}.measure([&](measurement const& m) { all[std::string{m.name}] = m.value; });
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
