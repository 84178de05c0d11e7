// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <filesystem>

namespace orfeas_test {

/// The folder of recorded data, which need not be there. Tests run in the repository's root.
inline std::filesystem::path recorded_data() {
    char const* const folder = std::getenv("ORFEAS_DATA");
    return std::filesystem::path{folder != nullptr ? folder : "../shared/data"};
}

inline std::filesystem::path nab_folder() {
    return recorded_data() / "nab";
}
inline bool has_nab() {
    return std::filesystem::is_regular_file(nab_folder() / "nab-data.tar.xz");
}

inline std::filesystem::path smd_folder() {
    return recorded_data() / "smd";
}
inline bool has_smd() {
    return std::filesystem::is_regular_file(smd_folder() / "asd-12-servers.tar.xz");
}

} // namespace orfeas_test
