// SPDX-License-Identifier: MIT
//
// The detectors against their bars: NAB, SMD and ASD beside what was published of other detectors, made streams
// of five families of anomalies, and what a sample costs.

#include "cost.hpp"
#include "families.hpp"
#include "forest.hpp"
#include "nab.hpp"
#include "servers.hpp"
#include "support/report.hpp"

#include <filesystem>

namespace {

void measure_recorded(bench::report& to) {
    auto const& data = to.arguments().data;
    auto const nab = data ? *data / "nab" : std::filesystem::path{};
    if (!data) {
        to.add({.bench = "detect", .name = "NAB", .skipped = "no --data DIR"});
    } else if (!std::filesystem::is_regular_file(nab / "nab-data.tar.xz")) {
        to.add({.bench = "detect", .name = "NAB", .skipped = "no nab-data.tar.xz in " + nab.string()});
    } else {
        bench::detect::measure_nab(to, nab);
        bench::detect::measure_forest(to, nab);
    }
}

void measure_recorded_servers(bench::report& to) {
    auto const& data = to.arguments().data;
    auto const smd = data ? *data / "smd" : std::filesystem::path{};
    if (!data) {
        to.add({.bench = "detect", .name = "SMD, ASD", .skipped = "no --data DIR"});
    } else if (!std::filesystem::is_regular_file(smd / "asd-12-servers.tar.xz")) {
        to.add({.bench = "detect", .name = "SMD, ASD", .skipped = "no asd-12-servers.tar.xz in " + smd.string()});
    } else {
        bench::detect::measure_servers(to, smd);
    }
}

} // namespace

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "detect", [](bench::report& report) {
        measure_recorded(report);
        measure_recorded_servers(report);
        bench::detect::measure_families(report);
        bench::detect::measure_cost(report);
        bench::detect::measure_correlation_cost(report);
        bench::detect::measure_forest_cost(report);
    });
}
