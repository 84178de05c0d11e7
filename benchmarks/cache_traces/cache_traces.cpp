// SPDX-License-Identifier: MIT
//
// The local cache's policies on recorded requests: miss ratios from a cold start, every miss stored, each entry of size one.

#include "support/report.hpp"
#include "support/text_file.hpp"

#include <orfeas/cache/local.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

namespace {

using bench::bar;
using bench::report;

constexpr std::array shares{0.01, 0.05, 0.10, 0.25}; // of the different keys: the caches' sizes
constexpr std::array share_names{"1 %", "5 %", "10 %", "25 %"};
constexpr int runs = 3; // with other seeds of the hash, on which the sampled keys depend

/// A miss ratio for each size.
using ratios = std::array<double, shares.size()>;

struct trace {
    std::string name;
    std::vector<std::uint64_t> keys;
    std::size_t different = 0;

    std::uint64_t size_of(std::size_t share) const {
        auto const size = std::llround(shares[share] * static_cast<double>(different));
        return static_cast<std::uint64_t>(std::max(size, 1LL));
    }
};

/// One decimal key a line. Throws std::runtime_error that names the file, and the line, for what is not in this format.
trace read_trace(std::filesystem::path const& file) {
    trace made;
    made.name = file.filename().string();
    made.name.erase(made.name.find(".txt"));
    auto const text = bench::text_of(file);
    char const* at = text.data();
    char const* const end = at + text.size();
    while (at != end) {
        std::uint64_t key = 0;
        auto const [stop, error] = std::from_chars(at, end, key);
        if (error != std::errc{} || (stop != end && *stop != '\n')) {
            throw std::runtime_error{file.string() + ":" + std::to_string(made.keys.size() + 1) +
                                     ": expected a decimal key of 64 bits and nothing else"};
        }
        made.keys.push_back(key);
        at = stop == end ? end : stop + 1;
    }
    if (made.keys.empty()) {
        throw std::runtime_error{file.string() + " has no requests"};
    }
    made.different = std::unordered_set<std::uint64_t>{made.keys.begin(), made.keys.end()}.size();
    return made;
}

/// Stands still: no entry's time is over.
struct stopped_clock {
    orfeas::monotonic_time now() const noexcept { return orfeas::monotonic_time{std::chrono::hours{1}}; }
    orfeas::wall_time wall_now() const noexcept { return orfeas::wall_time{std::chrono::hours{1}}; }
};

template<class Policy>
double miss_ratio(trace const& requests, std::uint64_t entries) {
    orfeas::cache::local_options options;
    options.capacity_bytes = entries;
    options.shards = 1;
    orfeas::cache::local<std::uint64_t, std::uint64_t, Policy, stopped_clock> cache{
        std::move(options), [](std::uint64_t const&, std::uint64_t const&) { return std::size_t{1}; }};
    std::size_t misses = 0;
    for (auto const key : requests.keys) {
        if (!cache.get(key)) {
            cache.put(key, key);
            ++misses;
        }
    }
    return static_cast<double>(misses) / static_cast<double>(requests.keys.size());
}

template<class Policy>
ratios miss_ratios(trace const& requests) {
    ratios all{};
    for (std::size_t i = 0; i < shares.size(); ++i) {
        all[i] = miss_ratio<Policy>(requests, requests.size_of(i));
    }
    return all;
}

/// What each of our policies missed on one trace; the adaptive one in each run.
struct outcome {
    ratios fifo;
    ratios strict_lru;
    ratios lru;
    ratios s3_fifo;
    std::array<ratios, runs> adaptive;

    double adaptive_mean(std::size_t share) const {
        double sum = 0;
        for (auto const& each : adaptive) {
            sum += each[share];
        }
        return sum / runs;
    }
};

outcome play(trace const& requests) {
    namespace cache = orfeas::cache;
    outcome made{miss_ratios<cache::fifo>(requests),
                 miss_ratios<cache::strict_lru>(requests),
                 miss_ratios<cache::lru>(requests),
                 miss_ratios<cache::s3_fifo>(requests),
                 {}};
    for (auto& each : made.adaptive) {
        each = miss_ratios<cache::adaptive>(requests);
    }
    return made;
}

void add_cells(report& to, trace const& requests, outcome const& seen) {
    for (std::size_t i = 0; i < shares.size(); ++i) {
        to.add({.bench = "cache-traces",
                .name = requests.name + ", " + share_names[i] + ", adaptive",
                .unit = "missed",
                .ours = seen.adaptive_mean(i),
                .peers = {{"fifo", seen.fifo[i]},
                          {"strict_lru", seen.strict_lru[i]},
                          {"lru", seen.lru[i]},
                          {"s3_fifo", seen.s3_fifo[i]}}});
    }
}

/// One line of expected_miss_ratios.csv.
struct published {
    std::string policy;
    std::string measured_with;
    ratios missed;
};

/// By the name of the trace. Throws std::runtime_error for a line that is not as its head says.
std::map<std::string, std::vector<published>> read_published(std::filesystem::path const& file) {
    std::map<std::string, std::vector<published>> all;
    std::istringstream lines{bench::text_of(file)};
    std::string line;
    std::getline(lines, line); // trace,unique_keys,policy,measured_with,miss_at_…
    while (std::getline(lines, line)) {
        std::istringstream words{line};
        std::array<std::string, 4> word;
        for (auto& each : word) {
            std::getline(words, each, ',');
        }
        published one{word[2], word[3], {}};
        for (auto& each : one.missed) {
            std::string figure;
            std::getline(words, figure, ',');
            auto const [stop, error] = std::from_chars(figure.data(), figure.data() + figure.size(), each);
            if (error != std::errc{} || stop != figure.data() + figure.size()) {
                throw std::runtime_error{file.string() + ": expected four miss ratios in '" + line + "'"};
            }
        }
        all[word[0]].push_back(std::move(one));
    }
    return all;
}

ratios const& row(std::vector<published> const& rows, std::string_view policy) {
    auto const found = std::find_if(rows.begin(), rows.end(), [&](auto const& each) { return each.policy == policy; });
    if (found == rows.end()) {
        throw std::runtime_error{"expected_miss_ratios.csv has no row for " + std::string{policy}};
    }
    return found->missed;
}

/// Whether the best of the published policies is sought among this row too.
bool is_rival(published const& row) {
    constexpr std::array names{"LRU", "FIFO", "CLOCK-1bit", "ARC", "SIEVE", "S3-FIFO"};
    return std::find(names.begin(), names.end(), row.policy) != names.end() ||
           (row.policy.starts_with("W-TinyLFU") && row.measured_with == "own-simulator");
}

double best_rival(std::vector<published> const& rows, std::size_t share) {
    double best = 1;
    for (auto const& each : rows) {
        best = is_rival(each) ? std::min(best, each.missed[share]) : best;
    }
    return best;
}

/// How the policies stand to the published figures, over all traces.
class judgement {
  public:
    void add(outcome const& seen, std::vector<published> const& rows) {
        auto const& fifo = row(rows, "FIFO");
        auto const& lru = row(rows, "LRU");
        for (std::size_t i = 0; i < shares.size(); ++i) {
            ++cells_;
            unlike_fifo_ += differ(seen.fifo[i], fifo[i]) ? 1U : 0U;
            unlike_lru_ += differ(seen.strict_lru[i], lru[i]) ? 1U : 0U;
            for (auto const& run : seen.adaptive) {
                adaptive_.add(run[i], fifo[i], lru[i], best_rival(rows, i));
            }
            s3_fifo_.add(seen.s3_fifo[i], fifo[i], lru[i], best_rival(rows, i));
            lru_.add(seen.lru[i], fifo[i], lru[i], best_rival(rows, i));
        }
    }

    void tell(report& to) const {
        if (cells_ == 0) {
            to.add(
                {.bench = "cache-traces", .name = "against the published figures", .skipped = "none for these traces"});
            return;
        }
        auto const say = [&](char const* name, char const* unit, double ours, char const* op, double value) {
            to.add(
                {.bench = "cache-traces", .name = name, .unit = unit, .ours = ours, .target = bar{"ours", op, value}});
        };
        say("strict_lru: cells that differ from LRU, 4 decimals", "cells", static_cast<double>(unlike_lru_), "<=", 0);
        say("fifo: cells that differ from FIFO, 4 decimals", "cells", static_cast<double>(unlike_fifo_), "<=", 0);
        to.add({.bench = "cache-traces",
                .name = "adaptive: mean reduction against FIFO, mean of 3 runs",
                .unit = "%",
                .ours = adaptive_.reduction(),
                .lower_is_better = false,
                .peers = {{"s3_fifo", s3_fifo_.reduction()}, {"lru", lru_.reduction()}},
                .target = bar{"ours", ">=", 11.4}});
        to.add({.bench = "cache-traces",
                .name = "adaptive: worst cell against the best policy, 3 runs",
                .unit = "% worse",
                .ours = adaptive_.worst_to_best(),
                .peers = {{"s3_fifo", s3_fifo_.worst_to_best()}, {"lru", lru_.worst_to_best()}},
                .target = bar{"ours", "<=", 4}});
        to.add({.bench = "cache-traces",
                .name = "adaptive: worst cell against LRU, 3 runs",
                .unit = "% worse",
                .ours = adaptive_.worst_to_lru(),
                .peers = {{"s3_fifo", s3_fifo_.worst_to_lru()}, {"lru", lru_.worst_to_lru()}},
                .target = bar{"ours", "<=", 2.5}});
    }

  private:
    /// One policy's cells.
    class standing {
      public:
        void add(double missed, double fifo, double lru, double best) {
            ++count_;
            reductions_ += (fifo - missed) / fifo;
            worst_to_best_ = std::max(worst_to_best_, missed / best - 1);
            worst_to_lru_ = std::max(worst_to_lru_, missed / lru - 1);
        }
        double reduction() const { return 100 * reductions_ / static_cast<double>(count_); }
        double worst_to_best() const { return 100 * worst_to_best_; }
        double worst_to_lru() const { return 100 * worst_to_lru_; }

      private:
        std::size_t count_ = 0;
        double reductions_ = 0;
        double worst_to_best_ = -std::numeric_limits<double>::infinity();
        double worst_to_lru_ = -std::numeric_limits<double>::infinity();
    };

    /// The published figures have four decimals.
    static bool differ(double ours, double figure) { return std::abs(ours - figure) > 0.5e-4 + 1e-9; }

    std::size_t cells_ = 0;
    std::size_t unlike_fifo_ = 0;
    std::size_t unlike_lru_ = 0;
    standing adaptive_;
    standing s3_fifo_;
    standing lru_;
};

/// The folder itself, or the one of cache traces in a folder of all recorded data.
std::filesystem::path folder_of_traces(std::filesystem::path const& data) {
    auto const inner = data / "cache_traces";
    return std::filesystem::is_directory(inner) ? inner : data;
}

void measure_traces(report& to, std::filesystem::path const& folder) {
    auto const files = bench::files_in(folder, {".txt.gz"});
    if (files.empty()) {
        to.add({.bench = "cache-traces", .name = "recorded traces", .skipped = "no *.txt.gz in " + folder.string()});
        return;
    }
    auto const csv = folder / "expected_miss_ratios.csv";
    bool const has_published = std::filesystem::is_regular_file(csv);
    auto const expected = has_published ? read_published(csv) : std::map<std::string, std::vector<published>>{};
    judgement verdict;
    for (auto const& each : files) {
        auto const requests = read_trace(each);
        auto const seen = play(requests);
        add_cells(to, requests, seen);
        if (auto const found = expected.find(requests.name); found != expected.end()) {
            verdict.add(seen, found->second);
        }
    }
    verdict.tell(to);
}

} // namespace

int main(int count, char** arguments) {
    return bench::run_program(count, arguments, "cache-traces", [](bench::report& report) {
        if (auto const& data = report.arguments().data) {
            measure_traces(report, folder_of_traces(*data));
        } else {
            report.add({.bench = "cache-traces", .name = "recorded traces", .skipped = "no --data DIR"});
        }
    });
}
