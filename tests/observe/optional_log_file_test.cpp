// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/optional_log_file.hpp>

#include <array>
#include <filesystem>
#include <random>
#include <string>

using orfeas::observe::optional_log_file;

TEST_CASE("without a path nothing is kept, with one it is", "[observe]") {
    std::array<char, 8> bytes{};
    std::size_t count = 9;
    optional_log_file none{""};
    CHECK_FALSE(none.append("abc"));
    CHECK_FALSE(none.truncate(0));
    CHECK_FALSE(none.read(0, bytes.data(), bytes.size(), count));
    CHECK(count == 0);
    CHECK_FALSE(none.is_kept());
    auto const path =
        std::filesystem::temp_directory_path() / ("orfeas_optional_" + std::to_string(std::random_device{}()));
    {
        optional_log_file some{path.string()};
        CHECK_FALSE(some.append("abc"));
    }
    optional_log_file again{path.string()};
    CHECK_FALSE(again.read(0, bytes.data(), bytes.size(), count));
    CHECK(std::string(bytes.data(), count) == "abc");
    CHECK(again.is_kept());
    CHECK_FALSE(again.truncate(1));
    std::filesystem::remove(path);
}
