// SPDX-License-Identifier: MIT

#include "cache/lineup.hpp"
#include "cache/local.hpp"

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

constexpr std::size_t capacity = 1'000'000;

double resident_bytes() {
    std::ifstream file{"/proc/self/statm"};
    double all = 0;
    double resident = 0;
    file >> all >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// The bytes an entry that a full cache keeps resident beside the key and the value.
double overhead_per_entry(contestant_maker const& maker) {
    ::malloc_trim(0); // what others freed must not serve the cache unseen
    double const before = resident_bytes();
    auto const full = maker.make(capacity);
    auto const entries = full.fill(capacity * 6 / 5); // it evicts, and so has all that it needs for that
    return (resident_bytes() - before) / static_cast<double>(entries) - 2.0 * sizeof(std::uint64_t);
}

/// What `measure` gives in a process of its own.
double in_child(std::function<double()> const& measure) {
    int ends[2] = {};
    if (::pipe(ends) != 0) {
        throw std::runtime_error{"cannot make a pipe"};
    }
    auto const child = ::fork();
    if (child < 0) {
        throw std::runtime_error{"cannot fork"};
    }
    if (child == 0) {
        double const figure = measure();
        bool const written = ::write(ends[1], &figure, sizeof figure) == static_cast<ssize_t>(sizeof figure);
        ::_exit(written ? 0 : 1);
    }
    ::close(ends[1]);
    double figure = 0;
    bool const read = ::read(ends[0], &figure, sizeof figure) == static_cast<ssize_t>(sizeof figure);
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!read || status != 0) {
        throw std::runtime_error{"the process that measured memory failed"};
    }
    return figure;
}

} // namespace

void measure_local_memory(report& to) {
    std::optional<result> made;
    for (auto const& each : lineup()) {
        double const bytes = in_child([&] { return overhead_per_entry(each); });
        if (made) {
            made->peers.emplace_back(each.name, bytes);
        } else {
            made = result{.bench = "cache",
                          .name = "memory over key and value, 1M entries, u64 to u64",
                          .unit = "B/entry",
                          .ours = bytes,
                          .target = bar{"ours", "<=", 32}};
        }
    }
    to.add(std::move(*made));
}

} // namespace bench
