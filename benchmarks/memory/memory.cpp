// SPDX-License-Identifier: MIT
//
// The memory module against its bars: the heap against host allocators, the pool on generated traces, what is known and
// what is foretold.

#include "memory/foresight.hpp"
#include "memory/heap.hpp"
#include "memory/include_cost.hpp"
#include "memory/knowledge.hpp"
#include "memory/replay.hpp"
#include "memory/resources.hpp"
#include "support/report.hpp"

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "memory", [](bench::report& report) {
        bench::measure_heap(report);
        bench::measure_resources(report);
        bench::measure_generated_traces(report);
        bench::measure_knowledge(report);
        bench::measure_foresight(report);
        bench::measure_include_cost(report);
    });
}
