// SPDX-License-Identifier: MIT
//
// orfeas-detect: judges the rows of a CSV file as they come.

#include "command_line.hpp"
#include "csv_reader.hpp"
#include "judges.hpp"
#include "plot.hpp"
#include "row_writer.hpp"

#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

void write_file(std::string const& name, std::string const& text) {
    std::ofstream file{name, std::ios::binary};
    file << text << std::flush;
    if (!file) {
        throw std::runtime_error{"cannot write " + name};
    }
}

void run(detect_tool::command_line const& given) {
    std::ifstream file;
    bool const from_file = given.file != "-";
    if (from_file) {
        file.open(given.file);
        if (!file) {
            throw std::runtime_error{"cannot read " + given.file};
        }
    }
    detect_tool::csv_reader reader{from_file ? file : std::cin, from_file ? given.file : "standard input",
                                   given.columns};
    auto judge = detect_tool::make_judge(given.detector, reader.columns().size());
    std::optional<detect_tool::plot> picture;
    if (!given.plot.empty()) {
        picture.emplace(reader.columns());
    }
    std::cout << detect_tool::output_header;
    detect_tool::csv_row row;
    std::string line;
    while (reader.next(row)) {
        auto const said = judge.update({row.time, row.values});
        line.clear();
        detect_tool::append_row(line, row.timestamp, said, reader.columns());
        std::cout << line;
        if (!from_file) {
            std::cout.flush(); // who reads a stream waits for each row
        }
        if (picture) {
            picture->add(row, said);
        }
    }
    std::cout.flush();
    if (!std::cout) {
        throw std::runtime_error{"cannot write the result"};
    }
    if (picture) {
        write_file(given.plot, picture->draw(given.file + ": " + given.detector));
    }
}

} // namespace

int main(int count, char** arguments) {
    try {
        std::ios::sync_with_stdio(false);
        auto const given = detect_tool::parse_command_line(count, arguments);
        if (given.help) {
            std::cout << detect_tool::usage;
        } else {
            run(given);
        }
        return 0;
    } catch (std::exception const& error) {
        std::cerr << "orfeas-detect: " << error.what() << '\n';
        return 1;
    }
}
