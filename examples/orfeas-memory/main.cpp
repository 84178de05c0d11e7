// SPDX-License-Identifier: MIT
#include <orfeas/memory/snapshot_parse.hpp>
#include <orfeas/memory/snapshot_pytorch.hpp>
#include <orfeas/memory/snapshot_summary.hpp>
#include <orfeas/memory/timeline_svg.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

/// orfeas-memory: shows a pool's snapshot, in JSON lines, as text, as a picture, and to PyTorch's memory viewer.

namespace {

namespace memory = orfeas::memory;

constexpr std::string_view usage = "usage: orfeas-memory SNAPSHOT [--svg FILE] [--pytorch FILE]\n"
                                   "  SNAPSHOT        JSON lines of write_json_lines, - for the standard input\n"
                                   "  --svg FILE      writes a timeline of allocated memory by tag\n"
                                   "  --pytorch FILE  writes a pickle for pytorch.org/memory_viz\n"
                                   "Prints a summary: fragmentation, tags, call sites, leak candidates.\n";

struct command_line {
    std::string snapshot;
    std::string svg;
    std::string pytorch;
};

/// Empty when the arguments make no sense.
std::optional<command_line> parse(int count, char** arguments) {
    command_line result;
    for (int i = 1; i < count; ++i) {
        std::string_view const name = arguments[i];
        if (name == "--svg" || name == "--pytorch") {
            if (++i == count) {
                return std::nullopt;
            }
            (name == "--svg" ? result.svg : result.pytorch) = arguments[i];
        } else if (result.snapshot.empty() && (name == "-" || !name.starts_with("-"))) {
            result.snapshot = name;
        } else {
            return std::nullopt;
        }
    }
    return result.snapshot.empty() ? std::nullopt : std::optional{result};
}

std::string read(std::string const& path) {
    std::ifstream file;
    if (path != "-") {
        file.open(path, std::ios::binary);
        if (!file) {
            throw std::runtime_error{path + ": cannot be read"};
        }
    }
    std::istream& in = path == "-" ? std::cin : file;
    return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

template<class Write>
void write_file(std::string const& path, Write&& write) {
    if (path.empty()) {
        return;
    }
    std::ofstream file{path, std::ios::binary};
    write([&](std::string_view chunk) { file << chunk; });
    if (!file.flush()) {
        throw std::runtime_error{path + ": cannot be written"};
    }
}

void show(command_line const& asked) {
    // docs: begin show
    memory::memory_snapshot const snapshot = memory::parse_json_lines(read(asked.snapshot));
    write_file(asked.svg, [&](auto&& sink) { sink(memory::timeline_svg(snapshot)); });
    write_file(asked.pytorch, [&](auto&& sink) { memory::write_pytorch(snapshot, sink); });
    std::cout << memory::to_text(snapshot);
    // docs: end show
}

} // namespace

int main(int count, char** arguments) {
    auto const asked = parse(count, arguments);
    if (!asked) {
        std::cerr << usage;
        return 2;
    }
    try {
        show(*asked);
    } catch (memory::snapshot_error const& error) {
        std::cerr << "orfeas-memory: " << asked->snapshot << ": " << error.what() << '\n';
        return 1;
    } catch (std::exception const& error) {
        std::cerr << "orfeas-memory: " << error.what() << '\n';
        return 1;
    }
}
