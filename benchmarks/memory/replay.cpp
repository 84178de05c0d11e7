// SPDX-License-Identifier: MIT

#include "memory/replay.hpp"

#include "memory/generated_traces.hpp"
#include "support/text_file.hpp"

#include <orfeas/memory/null_vmm.hpp>
#include <orfeas/memory/pool.hpp>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace bench {

namespace {

using orfeas::memory::basic_pool;
using orfeas::memory::null_vmm;
using orfeas::memory::null_vmm_options;
using null_pool = basic_pool<null_vmm>;

constexpr std::uint64_t granule = std::uint64_t{2} << 20;

std::uint64_t whole_granules(double bytes) {
    return (static_cast<std::uint64_t>(bytes) + granule - 1) / granule * granule;
}

std::uint64_t moved_pieces(null_pool const& pool) {
    double moved = 0;
    pool.measure([&](orfeas::measurement const& m) {
        if (m.name == "memory_moved_pieces_total") {
            moved = m.value;
        }
    });
    return static_cast<std::uint64_t>(moved);
}

trace parse(std::filesystem::path const& file) {
    trace made{file.filename().string()};
    std::unordered_map<std::uint64_t, std::uint32_t> live;
    std::istringstream lines{text_of(file)};
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        std::istringstream words{line};
        char kind = 0;
        std::uint64_t id = 0;
        std::uint64_t bytes = 0;
        std::uint32_t stream = 0;
        words >> kind >> id;
        if (kind == 'a' && words >> bytes >> stream && !live.contains(id)) {
            live[id] = made.allocate(bytes, stream);
        } else if (kind == 'f' && words && live.contains(id)) {
            made.free(live[id]);
            live.erase(id);
        } else if (!line.empty()) {
            throw std::runtime_error{file.string() + ":" + std::to_string(number) +
                                     ": expected 'a ID BYTES STREAM' of a new ID or 'f ID' of a live one, not '" +
                                     line + "'"};
        }
    }
    return made;
}

} // namespace

replayed replay(trace const& events, std::uint64_t capacity) {
    null_pool pool{null_vmm{null_vmm_options{.capacity_bytes = capacity, .checking = false}}};
    std::vector<void*> at(events.allocations());
    replayed result;
    std::uint64_t count = 0;
    auto const sample_every = std::max<std::uint64_t>(events.events().size() / 64, 1);
    for (auto const& each : events.events()) {
        auto const bytes = events.bytes_of(each.id);
        if (each.is_free()) {
            pool.deallocate(at[each.id], bytes);
        } else if (at[each.id] = pool.try_allocate(bytes); at[each.id] == nullptr) {
            result.served = false;
            break;
        }
        if (++count % sample_every == 0) {
            auto const p = pool.profile();
            result.stranded_bytes = std::max(result.stranded_bytes, p.stranded_bytes);
            result.most_stranded_ratio = std::max(result.most_stranded_ratio, p.stranded_ratio);
        }
    }
    result.moved_pieces = moved_pieces(pool);
    return result;
}

std::uint64_t least_capacity(trace const& events) {
    auto const peak = static_cast<double>(events.peak_bytes());
    auto too_small = whole_granules(peak) - granule;
    auto enough = whole_granules(peak * 1.5);
    auto const step = std::max(whole_granules(peak / 400), granule);
    while (enough - too_small > step) {
        auto const middle =
            whole_granules(static_cast<double>(too_small) + static_cast<double>(enough - too_small) / 2);
        if (middle == enough) {
            break;
        }
        (replay(events, middle).served ? enough : too_small) = middle;
    }
    return enough;
}

std::vector<trace> recorded_traces(std::filesystem::path const& folder) {
    std::vector<trace> traces;
    for (auto const& each : files_in(folder, {".txt", ".txt.gz"})) {
        traces.push_back(parse(each));
    }
    return traces;
}

void measure_traces(report& to, char const* bench, std::vector<trace> const& traces) {
    double sum = 0;
    double least = 1;
    double most_moves_5 = 0;
    double most_moves_10 = 0;
    for (auto const& each : traces) {
        auto const capacity = least_capacity(each);
        auto const utilization = static_cast<double>(each.peak_bytes()) / static_cast<double>(capacity);
        auto const count = static_cast<double>(each.allocations());
        auto const tight = replay(each, capacity);
        auto const with_5 = replay(each, whole_granules(static_cast<double>(capacity) * 1.05));
        auto const with_10 = replay(each, whole_granules(static_cast<double>(capacity) * 1.10));
        auto const moves_5 = static_cast<double>(with_5.moved_pieces) / count;
        auto const moves_10 = static_cast<double>(with_10.moved_pieces) / count;
        auto const say = [&](char const* what, char const* unit, double value, bool lower) {
            to.add({.bench = bench,
                    .name = each.name() + ": " + what,
                    .unit = unit,
                    .ours = value,
                    .lower_is_better = lower});
        };
        say("utilization", "%", 100 * utilization, false);
        say("moves/alloc at least capacity", "", static_cast<double>(tight.moved_pieces) / count, true);
        say("moves/alloc at 5 %", "", moves_5, true);
        say("moves/alloc at 10 %", "", moves_10, true);
        say("stranded, most", "MiB", static_cast<double>(tight.stranded_bytes) / (1 << 20), true);
        sum += utilization;
        least = std::min(least, utilization);
        most_moves_5 = std::max(most_moves_5, moves_5);
        most_moves_10 = std::max(most_moves_10, moves_10);
    }
    if (traces.empty()) {
        to.add({.bench = bench, .name = "traces", .skipped = "there are none"});
        return;
    }
    auto const mean = sum / static_cast<double>(traces.size());
    to.add({.bench = bench,
            .name = "traces: mean utilization",
            .unit = "%",
            .ours = 100 * mean,
            .lower_is_better = false,
            .target = bar{"ours", ">=", 99.0}});
    to.add({.bench = bench,
            .name = "traces: least utilization",
            .unit = "%",
            .ours = 100 * least,
            .lower_is_better = false,
            .target = bar{"ours", ">=", 96.5}});
    to.add({.bench = bench,
            .name = "traces: most moves/alloc at 5 % headroom",
            .unit = "",
            .ours = most_moves_5,
            .target = bar{"ours", "<=", 0.05}});
    to.add({.bench = bench,
            .name = "traces: most moves/alloc at 10 % headroom",
            .unit = "",
            .ours = most_moves_10,
            .target = bar{"ours", "<=", 0.02}});
}

void measure_generated_traces(report& to) {
    to.add({.bench = "memory",
            .name = "traces: share of moves made ahead of requests",
            .skipped = "the pool moves ahead only when it is told to (prepare), and a replay tells it nothing"});
    measure_traces(to, "memory", generated_traces());
}

} // namespace bench
