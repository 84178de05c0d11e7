// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/json.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What every benchmark program shares: its command line, and the results that it prints and writes.

namespace bench {

/// --quick, --data DIR and --json FILE, as `./dev bench` passes them.
struct command_line {
    bool quick = false;
    std::optional<std::filesystem::path> data;
    std::optional<std::filesystem::path> json;
};

/// Takes this suite's arguments out of argv and leaves the others for Google Benchmark.
inline command_line parse_command_line(int& count, char** arguments) {
    command_line result;
    int kept = 1;
    for (int i = 1; i < count; ++i) {
        std::string_view const name = arguments[i];
        if (name == "--quick") {
            result.quick = true;
        } else if (name == "--data" || name == "--json") {
            if (i + 1 == count) {
                throw std::invalid_argument{std::string{name} + " needs a path"};
            }
            (name == "--data" ? result.data : result.json) = arguments[++i];
        } else {
            arguments[kept++] = arguments[i];
        }
    }
    count = kept;
    return result;
}

/// What a result must reach: `of` is "ours" or "ratio:PEER".
struct bar {
    std::string of;
    std::string op; ///< "<=" or ">="
    double value;
};

/// One measured case: our figure, those of the peers in the same run, and how many times better ours is than each.
struct result {
    std::string bench;
    std::string name;
    std::string unit{};
    double ours = 0;
    bool lower_is_better = true;
    std::vector<std::pair<std::string, double>> peers{};
    std::optional<bar> target{};
    std::string skipped{};                                ///< why it was left out; empty when it was measured
    std::vector<std::pair<std::string, double>> ratios{}; ///< where they were measured, round by round

    /// How many times better ours is than the peer of this figure.
    double ratio(std::string_view peer, double figure) const {
        for (auto const& [of, measured] : ratios) {
            if (of == peer) {
                return measured;
            }
        }
        return lower_is_better ? figure / ours : ours / figure;
    }

    std::optional<bool> met() const {
        if (!target || !skipped.empty()) {
            return std::nullopt;
        }
        double value = ours;
        for (auto const& [peer, figure] : peers) {
            if (target->of == "ratio:" + peer) {
                value = ratio(peer, figure);
            }
        }
        return target->op == "<=" ? value <= target->value : value >= target->value;
    }
};

/// Gathers results, prints each as it comes, and writes them in the suite's JSON format.
class report {
  public:
    explicit report(command_line arguments) : arguments_{std::move(arguments)} {}

    command_line const& arguments() const noexcept { return arguments_; }

    void add(result each) {
        print(each);
        results_.push_back(std::move(each));
    }

    /// Writes the JSON file if one was asked for. Throws std::runtime_error when it cannot be written.
    void finish() const {
        if (!arguments_.json) {
            return;
        }
        std::ofstream file{*arguments_.json};
        file << json() << '\n';
        if (!file.flush()) {
            throw std::runtime_error{"cannot write " + arguments_.json->string()};
        }
    }

  private:
    static void print(result const& each) {
        if (!each.skipped.empty()) {
            std::printf("%-12s %-44s skipped: %s\n", each.bench.c_str(), each.name.c_str(), each.skipped.c_str());
            return;
        }
        std::printf("%-12s %-44s %12.4g %s", each.bench.c_str(), each.name.c_str(), each.ours, each.unit.c_str());
        for (auto const& [peer, figure] : each.peers) {
            std::printf("  | %s %.4g (%.2fx)", peer.c_str(), figure, each.ratio(peer, figure));
        }
        if (auto const met = each.met()) {
            std::printf("  | bar %s %s %g: %s", each.target->of.c_str(), each.target->op.c_str(), each.target->value,
                        *met ? "met" : "MISSED");
        }
        std::printf("\n");
        std::fflush(stdout);
    }

    std::string json() const {
        std::string text;
        orfeas::json_writer out{text};
        out.begin_object().key("results").begin_array();
        for (auto const& each : results_) {
            write(out, each);
        }
        out.end_array().end_object();
        return text;
    }

    static void write(orfeas::json_writer& out, result const& each) {
        out.begin_object().member("bench", each.bench).member("case", each.name);
        if (!each.skipped.empty()) {
            out.member("skipped", each.skipped).end_object();
            return;
        }
        out.member("unit", each.unit).member("ours", each.ours).key("peers").begin_object();
        for (auto const& [peer, figure] : each.peers) {
            out.member(peer, figure);
        }
        out.end_object().key("ratio").begin_object();
        for (auto const& [peer, figure] : each.peers) {
            out.member(peer, each.ratio(peer, figure));
        }
        out.end_object();
        if (auto const met = each.met()) {
            out.key("bar").begin_object().member("of", each.target->of).member("op", each.target->op);
            out.member("value", each.target->value).end_object().member("met", *met);
        }
        out.end_object();
    }

    command_line arguments_;
    std::vector<result> results_;
};

/// A benchmark's main: `measure(report)` adds the results, which are then printed and written. What it throws is said.
template<class Measure>
int run_program(int count, char** arguments, std::string_view name, Measure measure) {
    try {
        report all{parse_command_line(count, arguments)};
        measure(all);
        all.finish();
        return 0;
    } catch (std::exception const& error) {
        std::fprintf(stderr, "bench %.*s: %s\n", static_cast<int>(name.size()), name.data(), error.what());
        return 1;
    }
}

} // namespace bench
