// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Recorded data as the benches read it: plain text, or text that gzip packed.

namespace bench {

/// The text of a file, unpacked by gzip if its name ends in .gz. Throws std::runtime_error that names the file.
inline std::string text_of(std::filesystem::path const& file) {
    auto const reader = file.extension() == ".gz" ? "gzip -dc '" : "cat '";
    std::FILE* const pipe = ::popen((reader + file.string() + "'").c_str(), "r");
    std::string text;
    std::array<char, 65536> part{};
    while (pipe != nullptr) {
        auto const n = std::fread(part.data(), 1, part.size(), pipe);
        if (n == 0) {
            break;
        }
        text.append(part.data(), n);
    }
    if (pipe == nullptr || ::pclose(pipe) != 0) {
        throw std::runtime_error{"cannot read " + file.string()};
    }
    return text;
}

/// The files of a folder whose names end in one of the endings, by name.
inline std::vector<std::filesystem::path> files_in(std::filesystem::path const& folder,
                                                   std::initializer_list<std::string_view> endings) {
    std::vector<std::filesystem::path> files;
    for (auto const& each : std::filesystem::directory_iterator{folder}) {
        auto const name = each.path().filename().string();
        auto const fits = [&](std::string_view ending) { return name.ends_with(ending); };
        if (each.is_regular_file() && std::any_of(endings.begin(), endings.end(), fits)) {
            files.push_back(each.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace bench
