// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/cost/ledger.hpp>
#include <orfeas/observe/log_file.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace orfeas;

namespace {

/// A folder of its own that goes with it.
struct folder {
    std::filesystem::path path = std::filesystem::temp_directory_path() / ("orfeas-log-" + std::to_string(::getpid()));

    folder() { std::filesystem::create_directories(path); }
    ~folder() { std::filesystem::remove_all(path); }
    std::string file(std::string const& name) const { return (path / name).string(); }
};

std::string bytes_of(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

cost::ledger_entry line(std::uint64_t number) {
    cost::ledger_entry made{wall_time{std::chrono::hours{number}}, std::chrono::hours{1}, "EUR", {}};
    made.used.service.requests = static_cast<double>(number);
    made.used.devices.push_back(
        {{"0", "GPU", ""}, {.busy_seconds = static_cast<double>(number), .priced_seconds = 1, .money = 1}});
    return made;
}

/// Appends to a ledger from line `next` on, and says so on the pipe after each line, until it is killed.
[[noreturn]] void append_forever(std::string const& path, std::uint64_t next, int acknowledged) {
    cost::ledger book{observe::log_file{path}};
    if (book.open([](cost::ledger_entry const&) {})) {
        ::_exit(1);
    }
    for (;; ++next) {
        if (book.append(line(next)) || ::write(acknowledged, &next, sizeof next) != sizeof next) {
            ::_exit(2);
        }
    }
}

/// Runs it in a process of its own, and kills that by SIGKILL so many microseconds after it acknowledged as many lines.
/// Returns the last line that was acknowledged, `next - 1` if none.
std::uint64_t append_until_killed(std::string const& path, std::uint64_t next, std::uint64_t lines, useconds_t delay) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    ::pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(ends[0]);
        append_forever(path, next, ends[1]);
    }
    ::close(ends[1]);
    std::uint64_t last = next - 1;
    std::uint64_t said = 0;
    while (last + 1 < next + lines && ::read(ends[0], &said, sizeof said) == sizeof said) {
        last = said;
    }
    ::usleep(delay); // which only varies what it is killed in
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    while (::read(ends[0], &said, sizeof said) == sizeof said) {
        last = said;
    }
    ::close(ends[0]);
    REQUIRE(WIFSIGNALED(status)); // it came to no end of its own
    return last;
}

} // namespace

TEST_CASE("observe: a log file keeps what was appended, and is truncated") {
    folder const in;
    auto const path = in.file("log");
    {
        observe::log_file file{path};
        CHECK(file.path() == path);
        REQUIRE_FALSE(file.append("hello "));
        REQUIRE_FALSE(file.append("world"));
        REQUIRE_FALSE(file.truncate(7));
        REQUIRE_FALSE(file.append("e"));
        std::array<char, 20> text{};
        std::size_t count = 0;
        REQUIRE_FALSE(file.read(6, text.data(), text.size(), count));
        CHECK(std::string{text.data(), count} == "we");
        REQUIRE_FALSE(file.read(8, text.data(), text.size(), count));
        CHECK(count == 0);
    }
    CHECK(bytes_of(path) == "hello we");
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::others_all) ==
          std::filesystem::perms::none);
}

TEST_CASE("observe: a log file belongs to one at a time") {
    folder const in;
    observe::log_file first{in.file("log")};
    REQUIRE_FALSE(first.append("1"));
    observe::log_file second{in.file("log")};
    CHECK(second.append("2") == std::errc::resource_unavailable_try_again);
    auto moved = std::move(first);
    CHECK(second.append("2") == std::errc::resource_unavailable_try_again);
    REQUIRE_FALSE(moved.append("3"));
    moved.close();
    REQUIRE_FALSE(second.append("2"));
    CHECK(bytes_of(in.file("log")) == "132");
}

TEST_CASE("observe: a log file that cannot be written tells why") {
    folder const in;
    observe::log_file nowhere{in.file("no/such/folder")};
    CHECK(nowhere.append("1") == std::errc::no_such_file_or_directory);
    observe::log_file of_folder{in.path.string()};
    CHECK(of_folder.append("1") == std::errc::is_a_directory);
    std::array<char, 1> text{};
    std::size_t count = 7;
    CHECK(of_folder.read(0, text.data(), 1, count));
    CHECK(count == 0);
    CHECK(of_folder.truncate(0));
}

TEST_CASE("observe: a record log on a file that may not grow loses nothing that was committed") {
    folder const in;
    auto const path = in.file("log");
    ::pid_t const child = ::fork(); // a limit that goes with the process
    REQUIRE(child >= 0);
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit const limit{1'000, 1'000};
        record_log log{observe::log_file{path}};
        bool good = ::setrlimit(RLIMIT_FSIZE, &limit) == 0 && !log.open();
        std::uint64_t written = 0;
        while (good && !log.append(std::string(100, 'x'))) { // the last write is a short one, then refused
            ++written;
        }
        good = good && log.append(std::string(900, 'y')) == std::errc::file_too_large;
        good = good && log.bytes() == written * 152 && !log.append("z") && written == 6;
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    record_log log{observe::log_file{path}};
    std::string last;
    REQUIRE_FALSE(log.open([&](framed_record const& each) { last = each.payload; }));
    CHECK(last == "z");
    CHECK(log.report().records == 7);
    CHECK_FALSE(log.report().is_damaged());
}

TEST_CASE("observe: a ledger whose process is killed has every line that was acknowledged, once") {
    folder const in;
    auto const path = in.file("ledger");
    std::mt19937 random{6};
    std::uint64_t acknowledged = 0;
    int const kills = std::getenv("ORFEAS_TEST_LONG") == nullptr ? 200 : 2'000;
    for (int kill = 0; kill < kills; ++kill) {
        std::uint64_t next = 1;
        {
            cost::ledger book{observe::log_file{path}};
            bool in_order = true;
            REQUIRE_FALSE(
                book.open([&](cost::ledger_entry const& each) { in_order = in_order && each == line(next++); }));
            INFO("kill " << kill << ", seed 6");
            REQUIRE(in_order);
            REQUIRE(next - 1 >= acknowledged);
            REQUIRE(next - 1 <= acknowledged + 1); // committed, and killed before it could say so
            REQUIRE_FALSE(book.report().is_damaged());
            REQUIRE(book.unreadable() == 0);
        }
        acknowledged = append_until_killed(path, next, random() % 6, static_cast<useconds_t>(random() % 1'000));
    }
    CHECK(acknowledged > 200);
}
