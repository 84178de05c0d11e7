// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Runs Google Benchmark with its repetitions interleaved at random, so that whatever else the machine does falls on all
/// sides of a comparison alike, and keeps the medians of CPU time.

namespace bench {

/// Prints as usual and remembers the median CPU time of each benchmark, in its own time unit.
class median_reporter : public benchmark::ConsoleReporter {
  public:
    void ReportRuns(std::vector<Run> const& runs) override {
        ConsoleReporter::ReportRuns(runs);
        for (auto const& each : runs) {
            if (each.aggregate_name == "median") {
                medians_[each.run_name.function_name] = each.GetAdjustedCPUTime();
            }
        }
    }

    /// The median of the benchmark of this name. Throws std::out_of_range when it did not run.
    double median(std::string const& name) const { return medians_.at(name); }

  private:
    std::map<std::string, double> medians_;
};

/// Runs all registered benchmarks, `repetitions` times each and interleaved.
inline median_reporter run_interleaved(int repetitions, std::string_view min_time) {
    std::vector<std::string> arguments{
        "bench", "--benchmark_enable_random_interleaving=true", "--benchmark_report_aggregates_only=true",
        "--benchmark_repetitions=" + std::to_string(repetitions), "--benchmark_min_time=" + std::string{min_time}};
    std::vector<char*> pointers;
    for (auto& each : arguments) {
        pointers.push_back(each.data());
    }
    int count = static_cast<int>(pointers.size());
    benchmark::Initialize(&count, pointers.data());
    median_reporter medians;
    benchmark::RunSpecifiedBenchmarks(&medians);
    return medians;
}

} // namespace bench
