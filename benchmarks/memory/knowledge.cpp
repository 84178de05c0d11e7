// SPDX-License-Identifier: MIT
#include "memory/knowledge.hpp"

#include <orfeas/memory/call_site.hpp>
#include <orfeas/memory/detail/tag_accounts.hpp>
#include <orfeas/memory/event_ring.hpp>
#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/pool.hpp>
#include <orfeas/memory/snapshot.hpp>
#include <orfeas/memory/snapshot_json.hpp>
#include <orfeas/memory/snapshot_pytorch.hpp>
#include <orfeas/memory/tag.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <optional>
#include <random>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace orfeas::memory;

/// CPU time of this thread in nanoseconds: what else the machine does is not counted.
double cpu_ns() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

/// The median of `rounds` runs, per operation.
template<class Run>
double median_ns(int rounds, std::size_t operations, Run&& run) {
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) {
        auto const before = cpu_ns();
        run();
        times.push_back((cpu_ns() - before) / static_cast<double>(operations));
    }
    auto const middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
}

/// An allocation that ends: 16 tags, sizes and lifetimes of every magnitude, prepared so that only the books are timed.
struct operation {
    std::uint64_t bytes;
    std::uint64_t lifetime_ns;
    std::uint16_t tag;
    std::uint8_t stream;
};

std::vector<operation> operations(std::size_t count) {
    std::mt19937_64 random{42};
    std::vector<operation> result(count);
    for (auto& each : result) {
        each = {.bytes = (1 + random() % 4096) * 512,
                .lifetime_ns = std::uint64_t{1} << (random() % 40),
                .tag = static_cast<std::uint16_t>(random() % 16),
                .stream = static_cast<std::uint8_t>(random() % 4)};
    }
    return result;
}

double accounts_ns(std::vector<operation> const& all, int rounds) {
    detail::tag_accounts accounts{128};
    return median_ns(rounds, all.size(), [&] {
        for (auto const& each : all) {
            accounts.on_allocate({each.tag}, each.bytes);
            benchmark::ClobberMemory(); // as in a pool, where other work lies between the two
            accounts.on_deallocate({each.tag}, each.bytes, each.lifetime_ns);
            benchmark::ClobberMemory();
        }
    });
}

double sites_ns(std::vector<operation> const& all, int rounds) {
    call_site_table sites;
    auto const here = std::source_location::current();
    return median_ns(rounds, all.size(), [&] {
        for (auto const& each : all) {
            auto const site = sites.intern(here);
            sites.on_allocate(site, each.bytes);
            benchmark::ClobberMemory();
            sites.on_deallocate(site, each.bytes);
            benchmark::ClobberMemory();
        }
    });
}

double ring_ns(std::vector<operation> const& all, int rounds) {
    event_ring ring{100'000};
    return median_ns(rounds, all.size(), [&] {
        std::uint64_t time = 0;
        for (auto const& each : all) {
            ring.push({.time_ns = ++time,
                       .address = each.lifetime_ns,
                       .bytes = each.bytes,
                       .related = each.bytes,
                       .tag = each.tag,
                       .stream = each.stream});
            benchmark::ClobberMemory();
        }
    });
}

memory_snapshot snapshot_of(std::vector<operation> const& all, std::size_t events) {
    constexpr std::uint64_t base = 0x7f00'0000'0000;
    constexpr std::uint64_t spacing = 0x20'0000;
    memory_snapshot result{.name = "bench", .device = "null device"};
    result.ranges = {{.address = base, .bytes = 4096 * spacing}};
    for (std::size_t i = 0; i < events; ++i) {
        auto const& each = all[i / 2 % all.size()];
        result.events.push_back({.sequence = i,
                                 .time_ns = 1'000'000'000'000 + i * 1000,
                                 .address = base + i / 2 % 4096 * spacing,
                                 .bytes = each.bytes,
                                 .related = each.bytes - 100,
                                 .site = each.tag,
                                 .tag = each.tag,
                                 .stream = each.stream,
                                 .kind = i % 2 == 0 ? event_kind::allocate : event_kind::deallocate});
    }
    return result;
}

void add(bench::report& report, std::string name, std::string unit, double ours, std::optional<double> bar) {
    bench::result result{.bench = "memory", .name = std::move(name), .unit = std::move(unit), .ours = ours};
    if (bar) {
        result.target = bench::bar{.of = "ours", .op = "<=", .value = *bar};
    }
    report.add(std::move(result));
}

void measure_files(bench::report& report, std::vector<operation> const& all, int rounds) {
    auto const snapshot = snapshot_of(all, 100'000);
    std::string file;
    auto const keep = [&](std::string_view chunk) { file.append(chunk); };
    auto const milliseconds = [&](auto&& write) {
        return 1e-6 * median_ns(rounds, 1, [&] {
                   file.clear();
                   write();
               });
    };
    add(report, "100 000 events to JSON lines", "ms", milliseconds([&] { write_json_lines(snapshot, keep); }), 50.0);
    add(report, "100 000 events to a PyTorch snapshot", "ms", milliseconds([&] { write_pytorch(snapshot, keep); }), {});
}

/// A thousand live allocations and as many holes in a pool, told without events.
double light_snapshot_ms(std::vector<operation> const& all, int rounds) {
    basic_pool<null_vmm> pool{null_vmm{{.capacity_bytes = std::uint64_t{64} << 30U}}};
    std::vector<void*> live;
    for (std::size_t i = 0; i < 2000; ++i) {
        live.push_back(pool.allocate(all[i].bytes, 512, {.tag = {all[i].tag}}));
    }
    for (std::size_t i = 0; i < 2000; i += 2) {
        pool.deallocate(live[i], all[i].bytes, 512);
    }
    auto const time = median_ns(rounds, 1, [&] { benchmark::DoNotOptimize(pool.snapshot("bench", false)); });
    for (std::size_t i = 1; i < 2000; i += 2) {
        pool.deallocate(live[i], all[i].bytes, 512);
    }
    return time * 1e-6;
}

} // namespace

void bench::measure_knowledge(report& into) {
    int const rounds = into.arguments().quick ? 15 : 51;
    auto const all = operations(100'000);
    add(into, "accounts by tag, allocate and deallocate", "ns", accounts_ns(all, rounds), 8.0);
    add(into, "event ring, one event", "ns", ring_ns(all, rounds), 12.0);
    add(into, "call site, intern, allocate and deallocate", "ns", sites_ns(all, rounds), {});
    add(into, "snapshot of 1 000 allocations without events", "ms", light_snapshot_ms(all, rounds), 0.2);
    measure_files(into, all, rounds);
}
