// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/observe/state_file.hpp>

#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

using namespace orfeas;

namespace {

/// A folder of its own that goes with it.
struct folder {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("orfeas-state-" + std::to_string(::getpid()));

    folder() { std::filesystem::create_directories(path); }
    ~folder() { std::filesystem::remove_all(path); }
    std::string file(std::string const& name) const { return (path / name).string(); }
};

std::vector<std::byte> const some{std::byte{1}, std::byte{2}, std::byte{3}};

std::string bytes_of(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

void write(std::string const& path, std::string const& text) {
    std::ofstream{path, std::ios::binary} << text;
}

} // namespace

TEST_CASE("observe: a state file gives back what was written, and is replaced whole") {
    folder const in;
    auto const path = in.file("state");
    REQUIRE_FALSE(observe::write_state_file(path, some));
    std::vector<std::byte> read;
    REQUIRE_FALSE(observe::read_state_file(path, read));
    CHECK(read == some);
    REQUIRE_FALSE(observe::write_state_file(path, {}));
    REQUIRE_FALSE(observe::read_state_file(path, read));
    CHECK(read.empty());
    CHECK(std::distance(std::filesystem::directory_iterator{in.path}, {}) == 1); // nothing is left beside it
}

TEST_CASE("observe: a state file that is not there, foreign, cut short or damaged is told apart") {
    folder const in;
    auto const path = in.file("state");
    std::vector<std::byte> read{std::byte{9}};
    CHECK(observe::read_state_file(path, read) == std::errc::no_such_file_or_directory);
    REQUIRE_FALSE(observe::write_state_file(path, some));
    auto const whole = bytes_of(path);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        write(path, whole.substr(0, size));
        INFO(size);
        CHECK(observe::read_state_file(path, read));
    }
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ 0x20);
        write(path, damaged);
        INFO(i);
        CHECK(observe::read_state_file(path, read));
    }
    write(path, "something else entirely, of some length");
    CHECK(observe::read_state_file(path, read) == state_error::foreign_state);
    CHECK(read == std::vector{std::byte{9}});
}

TEST_CASE("observe: a state file that cannot be written leaves the old one") {
    folder const in;
    CHECK(observe::write_state_file(in.file("no/such/folder"), some) == std::errc::no_such_file_or_directory);
    auto const path = in.file("taken");
    std::filesystem::create_directories(path + "/inside");
    CHECK(observe::write_state_file(path, some));
    CHECK_FALSE(std::filesystem::exists(path + ".new"));
}
