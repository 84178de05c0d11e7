// SPDX-License-Identifier: MIT
//
// orfeas-detect: judges the rows of a CSV file as they come.

#include "command_line.hpp"
#include "csv_reader.hpp"
#include "forecast.hpp"
#include "judges.hpp"
#include "plot.hpp"
#include "row_writer.hpp"

#include <exception>
#include <fstream>
#include <iostream>
#include <istream>
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

/// Writes one line; who reads a stream waits for each.
void write_line(std::string const& line, bool is_stream) {
    std::cout << line;
    if (is_stream) {
        std::cout.flush();
    }
}

void forecast(detect_tool::command_line const& given, std::istream& from, std::string const& name, bool is_stream) {
    detect_tool::csv_reader reader{from, name, {given.forecast}};
    detect_tool::forecast_writer writer{given.critical};
    std::cout << detect_tool::forecast_header;
    detect_tool::csv_row row;
    std::string line;
    while (reader.next(row)) {
        line.clear();
        writer.append(line, row);
        write_line(line, is_stream);
    }
}

void judge_rows(detect_tool::command_line const& given, std::istream& from, std::string const& name, bool is_stream) {
    detect_tool::csv_reader reader{from, name, given.columns};
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
        write_line(line, is_stream);
        if (picture) {
            picture->add(row, said);
        }
    }
    if (picture) {
        write_file(given.plot, picture->draw(given.file + ": " + given.detector));
    }
}

void run(detect_tool::command_line const& given) {
    std::ifstream file;
    bool const is_stream = given.file == "-";
    if (!is_stream) {
        file.open(given.file);
        if (!file) {
            throw std::runtime_error{"cannot read " + given.file};
        }
    }
    auto const work = given.forecast.empty() ? judge_rows : forecast;
    work(given, is_stream ? std::cin : file, is_stream ? "standard input" : given.file, is_stream);
    std::cout.flush();
    if (!std::cout) {
        throw std::runtime_error{"cannot write the result"};
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
