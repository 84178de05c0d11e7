// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

/// Recorded data that comes as *.tar.xz: unpacked once, beside the program that reads it.

namespace bench::detect {

/// Beside the running program, so within the build folder.
inline std::filesystem::path archive_cache() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "detect_data";
}

/// The folder that holds what `archive` holds; unpacked by tar unless that was done before for the same file, which its size
/// and time tell. Throws std::runtime_error that names the archive.
inline std::filesystem::path unpacked(std::filesystem::path const& archive,
                                      std::filesystem::path const& cache = archive_cache()) {
    namespace fs = std::filesystem;
    auto const time = fs::last_write_time(archive).time_since_epoch().count();
    auto const name =
        archive.filename().string() + "-" + std::to_string(fs::file_size(archive)) + "-" + std::to_string(time);
    auto const folder = cache / name;
    if (fs::is_directory(folder)) {
        return folder;
    }
    auto const part = cache / (name + ".part" + std::to_string(::getpid())); // another process may be unpacking it too
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

} // namespace bench::detect
