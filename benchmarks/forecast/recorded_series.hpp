// SPDX-License-Identifier: MIT
#pragma once

#include "support/text_file.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// The series of the Numenta Anomaly Benchmark, as data/nab holds them: here they serve forecasts only.

namespace bench::forecast {

struct recorded_series {
    std::string name;
    std::vector<std::int64_t> seconds; ///< since 1970
    std::vector<double> values;
};

/// The folder with the unpacked archive, beside the running program; unpacked by tar unless that was done before.
inline std::filesystem::path unpacked_nab(std::filesystem::path const& archive) {
    namespace fs = std::filesystem;
    auto const cache = fs::read_symlink("/proc/self/exe").parent_path() / "forecast_data";
    auto const folder = cache / ("nab-" + std::to_string(fs::file_size(archive)));
    if (fs::is_directory(folder)) {
        return folder;
    }
    auto const part = cache / ("part" + std::to_string(::getpid())); // another process may be unpacking it too
    fs::create_directories(part);
    auto const command = "tar xJf '" + archive.string() + "' -C '" + part.string() + "'";
    if (std::system(command.c_str()) != 0) {
        fs::remove_all(part);
        throw std::runtime_error{"cannot unpack " + archive.string()};
    }
    std::error_code lost_race;
    fs::rename(part, folder, lost_race);
    if (lost_race) {
        fs::remove_all(part);
    }
    return folder;
}

namespace detail {

template<class T>
T number_of(std::string_view text, std::string const& file) {
    T value{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw std::runtime_error{file + ": expected a number, not '" + std::string{text} + "'"};
    }
    return value;
}

/// Days since 1970-01-01 of the Gregorian calendar, years that begin in March.
inline std::int64_t days_of(std::int64_t year, std::int64_t month, std::int64_t day) {
    std::int64_t const y = month > 2 ? year : year - 1;
    std::int64_t const m = month > 2 ? month - 3 : month + 9;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719'468;
}

/// Of `YYYY-MM-DD HH:MM:SS`.
inline std::int64_t seconds_of(std::string_view text, std::string const& file) {
    if (text.size() < 19) {
        throw std::runtime_error{file + ": expected a time, not '" + std::string{text} + "'"};
    }
    auto const part = [&](std::size_t at, std::size_t size) {
        return number_of<std::int64_t>(text.substr(at, size), file);
    };
    return days_of(part(0, 4), part(5, 2), part(8, 2)) * 86'400 + part(11, 2) * 3'600 + part(14, 2) * 60 + part(17, 2);
}

} // namespace detail

/// Throws std::runtime_error that names the file for what is not in the format.
inline recorded_series read_series(std::filesystem::path const& path) {
    recorded_series made{.name = path.stem().string(), .seconds = {}, .values = {}};
    auto const text = text_of(path);
    std::string_view rest{text};
    bool is_head = true;
    while (!rest.empty()) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(line.size() == rest.size() ? line.size() : line.size() + 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        auto const comma = line.find(',');
        if (!is_head && comma != std::string_view::npos) {
            made.seconds.push_back(detail::seconds_of(line.substr(0, comma), path.string()));
            made.values.push_back(detail::number_of<double>(line.substr(comma + 1), path.string()));
        }
        is_head = false;
    }
    return made;
}

} // namespace bench::forecast
