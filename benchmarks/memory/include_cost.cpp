// SPDX-License-Identifier: MIT

#include "memory/include_cost.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

/// What a command prints. Throws std::runtime_error when it fails.
std::string output_of(std::string const& command) {
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) {
        throw std::runtime_error{"cannot run: " + command};
    }
    std::string text;
    std::array<char, 4096> part{};
    while (auto const n = std::fread(part.data(), 1, part.size(), pipe)) {
        text.append(part.data(), n);
    }
    if (::pclose(pipe) != 0) {
        throw std::runtime_error{"failed: " + command};
    }
    return text;
}

std::string compile(std::string const& includes, std::string const& flags) {
    return "printf '" + includes + "' | " ORFEAS_BENCH_CXX " -std=c++20 -I" ORFEAS_BENCH_INCLUDE " -x c++ " + flags +
           " -";
}

/// Seconds of wall clock, the least of five.
double seconds(std::string const& command) {
    double least = 1e9;
    for (int i = 0; i < 5; ++i) {
        auto const begin = std::chrono::steady_clock::now();
        output_of(command);
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
        least = took.count() < least ? took.count() : least;
    }
    return least;
}

} // namespace

void measure_include_cost(report& to) {
    auto const whole = seconds(compile("#include <orfeas/memory.hpp>\\n", "-fsyntax-only"));
    auto const standard = seconds(
        compile("#include <chrono>\\n#include <memory>\\n#include <mutex>\\n#include <string>\\n#include <vector>\\n",
                "-fsyntax-only"));
    to.add({.bench = "memory",
            .name = "#include <orfeas/memory.hpp>",
            .unit = "s",
            .ours = whole,
            .peers = {{"<chrono> <memory> <mutex> <string> <vector>", standard}},
            .target = bar{"ours", "<=", 0.6}});
    auto const reached = output_of(compile("#include <orfeas/memory.hpp>\\n", "-M"));
    to.add({.bench = "memory",
            .name = "CUDA headers that it reaches",
            .unit = "headers",
            .ours = reached.find("cuda.h") == std::string::npos && reached.find("cuda_runtime") == std::string::npos
                        ? 0.0
                        : 1.0,
            .target = bar{"ours", "<=", 0}});
}

} // namespace bench
